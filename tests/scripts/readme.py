#!/usr/bin/env python3
"""What the README shows is true: every C++ block stands, line by line, in a file that the build
compiles and runs; what it says the compiler prints, the compiler prints; every path in it exists."""
import argparse, pathlib, re, subprocess, sys, tempfile

parser = argparse.ArgumentParser(description=__doc__)
parser.add_argument('root', type=pathlib.Path)
parser.add_argument('compiler', nargs='+', help='g++ and its arguments, for the block that does not compile')
args = parser.parse_args()
readme = (args.root / 'README.md').read_text()
passed, failures = 0, []


def check(condition, what):
    global passed
    passed += bool(condition)
    if not condition:
        failures.append(what)


def words(text):
    return ' '.join(text.split())


compiled = [words(p.read_text()) for folder in ('examples', 'tests') for p in (args.root / folder).rglob('*.[ch]pp')]
blocks = re.findall(r'```cpp\n(.*?)```(?:\n\n```text\n(.*?)```)?', readme, re.S)
check(len(blocks) >= 3, 'the README has C++ blocks')
for code, message in blocks:
    if not message:
        check(any(words(code) in file for file in compiled), f'no compiled file contains this block:\n{code}')
        continue
    with tempfile.NamedTemporaryFile('w', suffix='.cpp') as file:
        file.write('#include <ctnn/ctnn.hpp>\n' + code)
        file.flush()
        command = [*args.compiler, '-std=c++20', '-fsyntax-only', '-I', str(args.root / 'include'), file.name]
        printed = subprocess.run(command, capture_output=True, text=True, env={'LC_ALL': 'C', 'PATH': '/usr/bin:/bin'}).stderr
    check(printed.count(' error: ') == 1, f'one error:\n{printed}')
    for line in message.strip().splitlines():
        check(words(line) in words(printed.replace('\u2018', "'").replace('\u2019', "'")), f'the compiler does not print: {line}\n{printed}')

for path in set(re.findall(r'\]\(([^)#:]+)\)', readme)) | set(re.findall(r'`((?:include|examples|tests|bench)/[\w/.]+)`', readme)):
    check((args.root / path).exists(), f'no such file: {path}')

for failure in failures:
    print('FAILED:', failure)
print(f'{passed} passed, {len(failures)} failed')
sys.exit(1 if failures else 0)
