#!/usr/bin/env python3
"""Whether a program computes on another processor what it computes here; and what firmware is made of."""
import argparse, os, re, shlex, subprocess, sys

parser = argparse.ArgumentParser(description=__doc__)
parser.add_argument('program', help='for the other processor; MESON_EXE_WRAPPER runs it')
parser.add_argument('here', help='the same program for this computer')
parser.add_argument('--nm', help='with this, and the three below, the program is firmware')
parser.add_argument('--size')
parser.add_argument('--flash', type=float, help='KiB it may take, all in all')
parser.add_argument('--integers', action='store_true', help='nothing of floats may be linked')
parser.add_argument('--ram', type=float, help='KiB of data and used stack it may take')
args = parser.parse_args()
passed, failures = 0, []


def check(what, condition, shown=''):
    global passed
    passed += bool(condition)
    if not condition:
        failures.append(f'{what}\n{shown}')


def run(*command):
    done = subprocess.run(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)  # QEMU's text comes as errors
    check(f'{os.path.basename(command[-1])} ends well', done.returncode == 0, f'exit code {done.returncode}\n{done.stdout}')
    return done.stdout


there = run(*shlex.split(os.environ.get('MESON_EXE_WRAPPER', '')), os.path.abspath(args.program))
here = run(args.here)
print(there, end='')

if args.nm:
    def output_of(*command):
        return subprocess.run(command, capture_output=True, text=True, check=True).stdout

    # No heap, no exceptions, no objects that are made at run time, no virtual functions, no formatted output.
    symbols = [line.split(maxsplit=2)[-1] for line in output_of(args.nm, '-C', args.program).splitlines()]
    check('the symbol table is there', 'reset' in symbols and 'run()' in symbols, symbols)
    banned = re.compile(r'malloc|calloc|realloc|_free_r|^free$|sbrk|operator (new|delete)|^__cxa_|_Unwind|__aeabi_unwind|'
                        r'^(vtable|typeinfo) |printf|_GLOBAL__sub_I|__static_initialization')
    check('nothing that firmware can do without', not any(map(banned.search, symbols)), [s for s in symbols if banned.search(s)])
    of_floats = re.compile(r'__aeabi_(f|d|cf|cd|i2f|i2d|ui2|ul2|l2)|__(add|sub|mul|div|float|fix)[a-z]*[sd]f')
    floats = [s for s in symbols if of_floats.search(s)]
    check('no floats', not (args.integers and floats), floats)

    rows = [line.split() for line in output_of(args.size, '-A', args.program).splitlines()]
    sections = {row[0]: int(row[1]) for row in rows if len(row) == 3 and row[1].isdigit()}
    flash, data = sections['.text'] + sections['.data'], sections['.data'] + sections['.bss']
    memory = re.search(r'RAM: (\d+) bytes of data, (\d+) bytes of stack\n', there)
    if not memory:
        sys.exit(f'FAILED: it says how much memory it used\n{there}')
    stack = int(memory[2])
    check('the data it counts are those of its sections', int(memory[1]) == data, sections)
    check('some of the stack was used, not all', 0 < stack < sections['.stack'], sections)
    check(f'at most {args.flash} KiB of flash', flash <= args.flash * 1024, sections)
    check(f'at most {args.ram} KiB of RAM', data + stack <= args.ram * 1024, sections)
    there = re.sub(r'instructions: .*\n', '', there.replace(memory[0], ''))
    print(f'flash: {flash} bytes; RAM: {data + stack} bytes')

number = re.compile(r'\d+\.\d+')
check('the same lines as here, but for the decimals', number.sub('', there) == number.sub('', here) != '', here)
there_numbers, here_numbers = ([float(n) for n in number.findall(text)] for text in (there, here))
check('the same numbers as here', all(abs(a - b) < 1e-4 for a, b in zip(there_numbers, here_numbers)), here)

for failure in failures:
    print('FAILED:', failure)
print(f'{passed} passed, {len(failures)} failed')
sys.exit(1 if failures else 0)
