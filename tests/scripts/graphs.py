#!/usr/bin/env python3
"""Random networks of branches (whole/graphs.cpp) in any number: compiled in parts, and run.

  graphs.py --networks 100 --jobs 2 -- g++ -std=c++20 -march=native
"""
import argparse, pathlib, subprocess, sys, tempfile
from concurrent.futures import ThreadPoolExecutor

TESTS = pathlib.Path(__file__).resolve().parent.parent
EACH = 4


def run(part, options, folder):
    program = pathlib.Path(folder) / f"graphs_{part}"
    command = [*options.compiler, f"-DCTNN_PART={part}", f"-DCTNN_NETWORKS={EACH}", "-I", TESTS.parent / "include",
               "-I", TESTS, TESTS / "whole/graphs.cpp", TESTS / "support/main.cpp", "-o", program, "-pthread"]
    for step in (command, [program]):
        done = subprocess.run([str(word) for word in step], capture_output=True, text=True)
        if done.returncode:
            return f"FAIL networks {part * EACH} to {part * EACH + EACH - 1}\n" + (done.stdout + done.stderr)[-2000:]
    program.unlink()
    return None


def main():
    split = sys.argv.index("--") if "--" in sys.argv else len(sys.argv)
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--networks", type=int, default=100)
    parser.add_argument("--jobs", type=int, default=1)
    options = parser.parse_args(sys.argv[1:split])
    options.compiler = sys.argv[split + 1:] or ["g++", "-std=c++20"]
    parts = range((options.networks + EACH - 1) // EACH)
    with tempfile.TemporaryDirectory() as folder, ThreadPoolExecutor(options.jobs) as pool:
        faults = [fault for fault in pool.map(lambda part: run(part, options, folder), parts) if fault]
    for fault in faults:
        print(fault)
    print(f"{len(parts) - len(faults)} parts of {EACH} networks passed, {len(faults)} failed")
    return 1 if faults else 0


sys.exit(main())
