#!/usr/bin/env python3
"""What the README and docs/ show is true: every C++ block stands, line by line, in a file that the build
compiles and runs; what it says the compiler prints, the compiler prints. Every path and every link exists, in
CONTRIBUTING.md too."""
import argparse, pathlib, re, subprocess, sys, tempfile

parser = argparse.ArgumentParser(description=__doc__)
parser.add_argument('root', type=pathlib.Path)
parser.add_argument('compiler', nargs='+', help='g++ and its arguments, for the block that does not compile')
args = parser.parse_args()
documents = [args.root / 'README.md', args.root / 'CONTRIBUTING.md', *sorted((args.root / 'docs').glob('*.md'))]
passed, failures = 0, []


def check(condition, what):
    global passed
    passed += bool(condition)
    if not condition:
        failures.append(what)


def words(text):
    return ' '.join(text.split())


compiled = [words(p.read_text()) for folder in ('examples', 'tests') for p in (args.root / folder).rglob('*.[ch]pp')]
blocks = []
for document in documents:
    found = re.findall(r'```cpp\n(.*?)```(?:\n\n```text\n(.*?)```)?', document.read_text(), re.S)
    least = {'README.md': 3, 'how-it-works.md': 3}.get(document.name, 0)
    check(len(found) >= least, f'{document}: at least {least} C++ blocks, found {len(found)}')
    blocks += found
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



def anchors(text):
    """What the headings can be linked by, as GitHub makes it."""
    headings = re.findall(r'^#+ (.*)$', text, re.M)
    return {re.sub(r'[^\w\- ]', '', heading.lower()).replace(' ', '-') for heading in headings}


for document in documents:
    text = re.sub(r'^```.*?^```', '', document.read_text(), flags=re.M | re.S)
    for file, anchor in set(re.findall(r'\]\(([^)#:\s]*)(?:#([^)]*))?\)', text)):
        target = document.parent / file if file else document
        check(target.exists(), f'{document.name}: no such file: {file}')
        if anchor and target.exists():
            check(anchor in anchors(target.read_text()), f'{document.name}: no such heading: {file}#{anchor}')
    for path in set(re.findall(r'`((?:include|examples|tests|bench|docs|cmake|\.ci)/[\w/.\-]*)`', text)):
        check((args.root / path).exists(), f'{document.name}: no such file: {path}')

for failure in failures:
    print('FAILED:', failure)
print(f'{passed} passed, {len(failures)} failed')
sys.exit(1 if failures else 0)
