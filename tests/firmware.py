#!/usr/bin/env python3
"""What a program for a microcontroller is made of, and whether it computes there what it computes on this computer."""
import argparse, os, re, shlex, subprocess, sys

parser = argparse.ArgumentParser(description=__doc__)
parser.add_argument('program', help='for the microcontroller; MESON_EXE_WRAPPER runs it')
parser.add_argument('on_host', help='the same program for this computer')
parser.add_argument('--nm', required=True)
parser.add_argument('--size', required=True)
parser.add_argument('--flash', type=float, required=True, help='KiB it may take, all in all')
parser.add_argument('--ram', type=float, required=True, help='KiB of data and used stack that it may take')
args = parser.parse_args()
passed, failures = 0, []


def check(what, condition, shown=''):
    global passed
    passed += bool(condition)
    if not condition:
        failures.append(f'{what}\n{shown}')


def output_of(*command):
    return subprocess.run(command, capture_output=True, text=True, check=True).stdout


def run(*command):
    done = subprocess.run(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)  # QEMU's text comes as errors
    check(f'{os.path.basename(command[-1])} ends well', done.returncode == 0, f'exit code {done.returncode}\n{done.stdout}')
    return done.stdout


# No heap, no exceptions, no objects that are made at run time, no virtual functions, no formatted output.
symbols = [line.split(maxsplit=2)[-1] for line in output_of(args.nm, '-C', args.program).splitlines()]
check('the symbol table is there', 'reset' in symbols and 'run()' in symbols, symbols)
banned = re.compile(r'malloc|calloc|realloc|_free_r|^free$|sbrk|operator (new|delete)|^__cxa_|_Unwind|__aeabi_unwind|^(vtable|typeinfo) |printf|'
                    r'_GLOBAL__sub_I|__static_initialization')
check('nothing that firmware can do without', not any(map(banned.search, symbols)), [s for s in symbols if banned.search(s)])

sections = {words[0]: int(words[1]) for words in map(str.split, output_of(args.size, '-A', args.program).splitlines()) if len(words) == 3 and words[1].isdigit()}
flash = sections['.text'] + sections['.data']
data = sections['.data'] + sections['.bss']
check(f'at most {args.flash} KiB of flash', flash <= args.flash * 1024, sections)

there = run(*shlex.split(os.environ['MESON_EXE_WRAPPER']), args.program)
here = run(args.on_host)
memory = re.search(r'RAM: (\d+) bytes of data, (\d+) bytes of stack\n', there)
if not memory:
    sys.exit(f'FAILED: it says how much memory it used\n{there}')
stack = int(memory[2])
check('the data it counts are those of its sections', int(memory[1]) == data, f'{memory[0]}{sections}')
check('some of the stack was used, not all', 0 < stack < sections['.stack'], f'{memory[0]}{sections}')
check(f'at most {args.ram} KiB of RAM', data + stack <= args.ram * 1024, memory[0])

number = re.compile(r'\d+\.\d+')
computed = there.replace(memory[0], '')
check('the same lines as here, but for the decimals', number.sub('', computed) == number.sub('', here) != '', there + here)
there_numbers, here_numbers = ([float(n) for n in number.findall(text)] for text in (computed, here))
check('the same numbers as here', len(there_numbers) > 0 and all(abs(a - b) < 1e-4 for a, b in zip(there_numbers, here_numbers)), there + here)

print(there, f'flash: {flash} bytes; RAM: {data + stack} bytes', sep='')
for failure in failures:
    print('FAILED:', failure)
print(f'{passed} passed, {len(failures)} failed')
sys.exit(1 if failures else 0)
