#!/usr/bin/env python3
"""Compiles every public header alone, with a user's warnings as errors: it includes what it uses, and
is clean in somebody else's project (clang: all of them together). What another header or a test includes before all else
is alone there. The core, and what trains on a microcontroller, also
without exceptions and run-time type information. And each with an older language, which it must refuse in one sentence. Some warnings need optimization:
whole/full_vectors.cpp has them."""
import argparse, os, pathlib, re, subprocess, sys
from concurrent.futures import ThreadPoolExecutor

parser = argparse.ArgumentParser(description=__doc__)
parser.add_argument('include', type=pathlib.Path, help='the folder that holds ctnn/')
parser.add_argument('compiler', nargs='+', help='the compiler and its arguments')
args = parser.parse_args()
warnings = ['-std=c++20', '-Wall', '-Wextra', '-Wconversion', '-Wshadow', '-Werror']
strict = [*warnings, '-fsyntax-only', '-x', 'c++', '-']


def compiles(job):
    included, flags = job
    source = ''.join(f'#include <{header}>\n' for header in [*included, included[0]]) + 'int main() {}\n'
    command = [*args.compiler, '-I', str(args.include), *flags, *strict]
    result = subprocess.run(command, input=source, capture_output=True, text=True)
    if result.returncode != 0:
        print(f'FAILED: {included[0]} {" ".join(flags)}\n{result.stderr}')
    return result.returncode == 0


def refuses_older_language(header):
    command = [*args.compiler, '-I', str(args.include), '-std=c++17', '-fsyntax-only', '-x', 'c++', '-']
    result = subprocess.run(command, input=f'#include <{header}>\nint main() {{}}\n', capture_output=True, text=True)
    lines = result.stderr.splitlines()
    sentence = '"ctnn: the language must be at least C++20; compile with -std=c++20"'
    said = [line for line in lines if ' error: ' in line and sentence in line]
    refused = result.returncode != 0 and len(said) == 1 and sum('error: ' in line for line in lines) == 2 and len(lines) <= 20
    if not refused:
        print(f'FAILED: {header} -std=c++17, {len(lines)} lines\n' + '\n'.join(lines[:20]))
    return refused


def is_clean_optimized(level):
    file = tests / 'whole/full_vectors.cpp'
    command = [*args.compiler, '-I', str(args.include), *warnings, level, '-S', '-o', os.devnull, str(file)]
    result = subprocess.run(command, capture_output=True, text=True)
    if result.returncode != 0:
        print(f'FAILED: {file.name} {level}\n{result.stderr}')
    return result.returncode == 0


def included_first(files):
    found = (re.search(r'^#include [<"](.*)[>"]', file.read_text(), re.MULTILINE) for file in files)
    return {match[1] for match in found if match}


tests = pathlib.Path(__file__).parent.parent
headers = sorted(path.relative_to(args.include).as_posix() for path in args.include.rglob('*.hpp'))
hosts = {f'ctnn/quantization/{name}.hpp' for name in ('choose_scale', 'convert_parameters', 'int8_entries', 'observed_values', 'quantization_aware', 'quantization_report', 'quantize')}
core = [h for h in headers if not h.startswith(('ctnn/training', 'ctnn/io')) and h not in hosts]
core += [f'ctnn/training/{name}.hpp' for name in ('backpropagation', 'losses', 'optimizers', 'trainer_bytes')]  # firmware trains, too
assert 'ctnn/ctnn.hpp' in core and 'ctnn/io/idx.hpp' in headers
folders = ['.', *(file.name for file in (args.include / 'ctnn').iterdir() if file.is_dir())]
elsewhere = included_first([*args.include.rglob('*.hpp'), *(file for name in folders for file in (tests / name).glob('*.cpp'))])
# What a header lacks, one compiler sees; all together, the last ones first, the other, which also reads on
# behind the sentence that refuses an older language: there only what users include.
is_clang = 'clang' in ' '.join(args.compiler)
alone = [] if is_clang else [([h], []) for h in headers if h not in elsewhere]
refusing = [h for h in headers if h.count('/') == 1] if is_clang else headers
jobs = [(headers[::-1], []), *alone, (core, ['-fno-exceptions', '-fno-rtti'])]
with ThreadPoolExecutor(2) as pool:
    results = list(pool.map(refuses_older_language, refusing)) + list(pool.map(is_clean_optimized, ['-O2', '-O3']))
    results += list(pool.map(compiles, jobs))
print(f'{sum(results)} passed, {len(results) - sum(results)} failed')
sys.exit(0 if all(results) else 1)
