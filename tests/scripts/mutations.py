#!/usr/bin/env python3
"""Changes one line of a header, and asks whether a test notices: a test of the tests.

The changes stand in mutations/*.txt. Each is made in a copy of include/, compiled into the one test that should see it
(of its test cases only those that the entry names: seconds, not minutes), and run. It is killed when the test fails; one
that does not compile is not, unless its entry expects a static_assert to. The unchanged code must pass each of these
tests first. Too slow for every run of CI: for whoever writes a kernel or a test.

  mutations.py                  all of them, with g++, on one core
  mutations.py kernel_gradient  those whose file, test or text has this in it
  mutations.py --jobs 2 --list --compiler clang++
  mutations.py --flag=-O0 --flag=-march=x86-64-v3 int8_filter_sums      loops that this processor has no use for

An entry, in a file of mutations/:
  @ plan.hpp: network / computed in one go     header: test of tests/ / part of the test cases' names (all, without it)
  - p.scratch = whole_lines(first);            what must stand in it exactly once, however
                                               the line is broken (the second of several: -2)
  + p.scratch = 0;                             what takes its place
  ! compile                                    a static_assert of the test notices
  ! address                                    the test sees it with the address sanitizer alone
  ! equivalent: why no test can see it         listed, never run
An @ line holds until the next one. `rejects/<name>` is a test too: what the compiler says of wrong code.
"""
import argparse, pathlib, re, resource, shutil, subprocess, sys, tempfile, time
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

TESTS = pathlib.Path(__file__).resolve().parent.parent
INCLUDE = TESTS.parent / "include"
CASE = re.compile(r"^TEST_CASE(?:_TEMPLATE)?\((.*?)\n}\n", re.M | re.S)


@dataclass
class Mutation:
    where: str  # mutations/plan.txt:12
    header: str
    test: str
    cases: str
    old: str
    nth: int
    new: str = ""
    compile: bool = False
    address: bool = False
    equivalent: str = ""

    def __str__(self):
        return f"{self.header}: {self.old.strip()} -> {self.new.strip()}"

    def apply(self, text):
        """The header's text with the change, or None: the entry is stale."""
        anyhow = r"\s*".join(map(re.escape, re.findall(r"\w+|[^\w\s]", self.old)))  # as the formatter broke it
        places = list(re.finditer(anyhow, text))
        if len(places) < max(1, self.nth) or (self.nth == 0 and len(places) != 1):
            return None
        at = places[max(0, self.nth - 1)]
        return text[:at.start()] + self.new + text[at.end():]


def read(file):
    mutations, header = [], None
    for number, line in enumerate(file.read_text().splitlines(), 1):
        where = f"{file.parent.name}/{file.name}:{number}"
        if match := re.fullmatch(r"@ (\S+): (\S+)(?: / (.+))?", line):
            header = match.groups(default="")
        elif match := re.fullmatch(r"-(\d*) (.+)", line):
            mutations.append(Mutation(where, *header, match[2], int(match[1] or 0)))
        elif line.startswith("+"):
            mutations[-1].new = line[2:]
        elif line == "! compile":
            mutations[-1].compile = True
        elif line == "! address":
            mutations[-1].address = True
        elif line.startswith("! equivalent: "):
            mutations[-1].equivalent = line.removeprefix("! equivalent: ")
        elif line and not line.startswith("#"):
            sys.exit(f"{where}: no such line: {line}")
    return mutations


class Runner:
    def __init__(self, compiler, flags, folder):
        self.folder, self.flags = folder, ["-std=c++20", "-march=native", *flags]
        self.compiler = compiler
        self.main = folder / "main.o"
        for model in [*TESTS.glob("data/*.tflite"), *TESTS.glob("data/*.onnx")]:  # for the compiler to read
            (folder / model.name).with_suffix(".inc").write_text(",".join(map(str, model.read_bytes())))
        subprocess.run([compiler, "-std=c++20", "-O1", "-c", TESTS / "support/main.cpp", "-o", self.main], check=True)

    def run(self, test, cases, address, include):
        """(whether it passes, what happened, the last words)."""
        if test.startswith("rejects/"):
            done = subprocess.run([sys.executable, TESTS / "scripts/rejects.py", TESTS / f"{test}.cpp", "--", self.compiler,
                                   "-std=c++20", "-I", include], capture_output=True, text=True)
            return done.returncode == 0, "judged", done.stdout
        source = (TESTS / f"{test}.cpp").read_text()
        if cases:
            kept = [match for match in CASE.finditer(source) if cases in re.sub(r'"\s+"', "", match[1])]
            if not kept:
                sys.exit(f"{test}.cpp has no test case with '{cases}' in its name")
            source = CASE.sub(lambda match: match[0] if cases in re.sub(r'"\s+"', "", match[1]) else "", source)
        work = pathlib.Path(tempfile.mkdtemp(dir=self.folder))
        (work / "test.cpp").write_text(source)
        command = [self.compiler, *self.flags, *(["-fsanitize=address"] if address else []), "-I", include, "-I", TESTS, "-I", self.folder,
                   f'-DCTNN_TEST_DATA="{TESTS / "data"}"', work / "test.cpp", self.main, "-o", work / "test", "-lz", "-pthread"]
        try:
            done = subprocess.run(command, capture_output=True, text=True, timeout=300)
            if done.returncode != 0:
                asserts = re.search(r"static.assert(ion)? failed|constant expression|non-constant condition", done.stderr)
                return False, "static_assert" if asserts else "does not compile", done.stderr
            done = subprocess.run([work / "test"], capture_output=True, text=True, errors="replace", timeout=200, cwd=work,
                                  preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_CORE, (0, 0)))
            return done.returncode == 0, "fails", done.stdout + done.stderr
        except subprocess.TimeoutExpired:
            return False, "never ends", ""
        finally:
            shutil.rmtree(work)

    def judge(self, mutation):
        include = pathlib.Path(tempfile.mkdtemp(dir=self.folder))
        shutil.copytree(INCLUDE, include, dirs_exist_ok=True)
        header = include / "ctnn" / mutation.header
        header.write_text(mutation.apply(header.read_text()))
        passes, how, words = self.run(mutation.test, mutation.cases, mutation.address, include)
        shutil.rmtree(include)
        if passes:
            return "survived", words
        missed = how == "does not compile" or (how == "static_assert" and not mutation.compile)
        return how if missed else "killed", words


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("filter", nargs="?", default="")
    parser.add_argument("--list", action="store_true", help="say which there are, run none")
    parser.add_argument("--jobs", type=int, default=1)
    parser.add_argument("--compiler", default="g++")
    parser.add_argument("--flag", action="append", help="instead of -O0", default=[])
    parser.add_argument("--verbose", action="store_true", help="what compiler and test print")
    arguments = parser.parse_args()

    every = [mutation for file in sorted((TESTS / "mutations").glob("*.txt")) for mutation in read(file)]
    chosen = [m for m in every if arguments.filter in f"{m.where} {m} {m.test} {m.cases}"]
    stale = [m for m in chosen if m.apply((INCLUDE / "ctnn" / m.header).read_text()) is None]
    for m in stale:
        print(f"STALE  {m.where}: not once, or not so often, in {m.header}: {m.old}")
    if stale:
        sys.exit(1)
    equivalent = [m for m in chosen if m.equivalent]
    runnable = sorted((m for m in chosen if not m.equivalent), key=lambda m: (m.test, m.cases))
    if arguments.list:
        for m in chosen:
            print(f"{m.where}: {m}", f"[{m.equivalent or m.test + (' / ' + m.cases if m.cases else '')}]")
        print(len(runnable), "mutations,", len(equivalent), "equivalent")
        return

    start, results = time.monotonic(), Counter()
    with tempfile.TemporaryDirectory() as folder, ThreadPoolExecutor(arguments.jobs) as pool:
        runner = Runner(arguments.compiler, arguments.flag or ["-O0"], pathlib.Path(folder))
        tests = sorted({(m.test, m.cases, m.address) for m in runnable})
        for test, (passes, how, words) in zip(tests, pool.map(lambda t: runner.run(*t, INCLUDE), tests)):
            if not passes:
                sys.exit(f"the unchanged code does not pass {' / '.join(filter(None, test[:2]))}: {how}\n{words}")
        print(f"{len(tests)} tests pass unchanged, {time.monotonic() - start:.0f} s", flush=True)
        for m, (result, words) in zip(runnable, pool.map(runner.judge, runnable)):
            results[result] += 1
            if result != "killed" or arguments.verbose:
                print(f"{result.upper()}  {m.where}: {m}", *([words] if arguments.verbose else []), sep="\n", flush=True)
    for m in equivalent:
        print(f"equivalent  {m.where}: {m}\n    {m.equivalent}")
    print(f"{len(runnable)} mutations: " + ", ".join(f"{count} {result}" for result, count in results.items()) +
          f"; {len(equivalent)} equivalent; {time.monotonic() - start:.0f} s")
    sys.exit(results["killed"] != len(runnable) or not chosen)


if __name__ == "__main__":
    main()
