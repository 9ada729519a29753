#!/usr/bin/env python3
"""Wrong networks must not compile, and the compiler must say why: once, in words, with the numbers.

Each file of rejects/ is compiled twice. With -DCORRECTED it must compile (many at once, each in a namespace of its own; by
itself if these do not). As written it must give exactly one error, and the compiler's output must hold the text of each
`// EXPECT: text` and `// NUMBERS: 5 <= 3`, and nothing of Boost.Hana's.

  rejects.py -- g++ -std=c++20 -I include          the compiler and its flags
  rejects.py --build build                         those of build/compile_commands.json
  rejects.py rejects/dense_no_outputs.cpp -- ...   some files only
  rejects.py --part 2/4 -- ...                     the second quarter of them
  rejects.py --self-test -- ...                    rejects/harness/: each file must be found wrong for its `// JUDGED: reason`
"""
import argparse, json, os, pathlib, re, shlex, subprocess, sys, tempfile
from concurrent.futures import ThreadPoolExecutor

TESTS = pathlib.Path(__file__).resolve().parent.parent


def compiler_of(build):
    """The compiler of a build folder, and of its flags those that choose headers, language and processor."""
    include = f"-I{os.path.relpath(TESTS.parent / 'include', build)}"
    entries = json.loads((build / "compile_commands.json").read_text())
    words = next(words for words in (shlex.split(entry["command"]) for entry in entries) if include in words)
    first_flag = next(i for i, word in enumerate(words) if word.startswith("-"))
    return words[:first_flag] + [w for w in words if w.startswith(("-I", "-isystem", "-std=", "-D", "-m"))]


def precompile(files, compiler, folder, place):
    """Compiles what many files begin with, once for all of them; the compiler's words for each such header."""
    words, headers = {}, [first_header(file) for file in files]
    for header in {h for h in headers if h and headers.count(h) > 4}:
        target, wrapper = place / (header + ".gch"), place / header
        target.parent.mkdir(parents=True, exist_ok=True)
        wrapper.write_text(f"#include_next <{header}>\n")
        subprocess.run([*compiler, "-w", "-x", "c++-header", wrapper, "-o", target], cwd=folder, check=True)
        first_flag = next(i for i, word in enumerate(compiler) if word.startswith("-"))
        use = ["-include-pch", target] if "clang" in " ".join(compiler[:first_flag]) else ["-I", place]
        words[header] = [*compiler[:first_flag], *use, *compiler[first_flag:]]
    return words


def first_header(file):
    found = re.search(r"^#include <(ctnn/.*)>", file.read_text(), re.MULTILINE)
    return found and found[1]


def correct_together(files, compiler, folder):
    """All of them if their corrected forms compile as one source, otherwise none."""
    includes = {re.sub('"(.*)"', rf'"{file.resolve().parent}/\\1"', line) for file in files
                for line in file.read_text().splitlines() if line.startswith("#include ")}  # first, outside of the namespaces
    bodies = [f'namespace reject_{number} {{\n#include "{file.resolve()}"\n}}' for number, file in enumerate(files)]
    source = "\n".join([*sorted(includes), *bodies, ""])
    done = subprocess.run([*compiler, "-w", "-DCORRECTED", "-fsyntax-only", "-x", "c++", "-"], cwd=folder, input=source,
                          capture_output=True, text=True)
    return set(files) if done.returncode == 0 else set()


def judge(file, compiler, folder, is_correct):
    """What is wrong with one reject, and what the compiler printed."""
    def compile(*more):
        done = subprocess.run([*compiler, *more, "-fsyntax-only", file], cwd=folder, capture_output=True, text=True,
                              env=os.environ | {"LC_ALL": "C"})
        return done.returncode == 0, done.stdout + done.stderr

    compiles, output = (True, "") if is_correct else compile("-DCORRECTED")
    if not compiles:
        return ["the corrected form does not compile"], output
    compiles, output = compile()
    errors = sum(" error: " in line for line in output.splitlines())
    reasons = ["it compiles"] if compiles else [f"{errors} errors instead of 1"] if errors != 1 else []
    reasons += ["a frame of Boost.Hana"] if "boost/hana/" in output else []
    plain = output.replace("> >", ">>").replace("> >", ">>")  # g++ writes a<b<c> >
    wanted = texts(file, "EXPECT")
    reasons += [f"not in the output: {text}" for text in wanted + texts(file, "NUMBERS") if text not in plain]
    return reasons + ([] if wanted else ["no EXPECT"]), output


def texts(file, word):
    return [line.removeprefix(f"// {word}: ") for line in file.read_text().splitlines() if line.startswith(f"// {word}: ")]


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("files", nargs="*", type=pathlib.Path)
    parser.add_argument("--build", type=pathlib.Path, default=pathlib.Path("build"))
    parser.add_argument("--self-test", action="store_true")
    parser.add_argument("--part", default="1/1")
    end = sys.argv.index("--") if "--" in sys.argv else len(sys.argv)
    arguments, compiler = parser.parse_args(sys.argv[1:end]), sys.argv[end + 1:]
    folder = None if compiler else arguments.build  # whose paths are relative to it
    compiler = compiler or compiler_of(arguments.build)
    files = arguments.files or sorted((TESTS / "rejects" / ("harness" if arguments.self_test else "")).glob("*.cpp"))

    part, parts = map(int, arguments.part.split("/"))
    files = files[part - 1::parts]

    failed = 0
    with tempfile.TemporaryDirectory() as place, ThreadPoolExecutor(2) as pool:
        groups = [files] if len(files) < 20 else [files[::2], files[1::2]]
        corrected = set().union(*pool.map(lambda group: correct_together(group, compiler, folder), groups))
        words = precompile(files, compiler, folder, pathlib.Path(place))
        results = pool.map(lambda f: judge(f.resolve(), words.get(first_header(f), compiler), folder, f in corrected), files)
        for file, (reasons, output) in zip(files, results):
            good = reasons == (texts(file, "JUDGED") if arguments.self_test else [])
            failed += not good
            print("PASS" if good else "FAIL", file.stem, *([] if good else [*reasons, output]), sep="\n     " if not good else " ")
    print(f"{len(files) - failed} passed, {failed} failed")
    sys.exit(failed > 0 or not files)


if __name__ == "__main__":
    main()
