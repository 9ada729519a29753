"""Checks what the compiler (-fstack-usage) says of the stack that the library's functions take.

    stack_usage.py FOLDER

FOLDER holds the object files of tests/whole/stack.cpp and the .su file beside them. Fails unless that
names functions of the library, each with a frame of known size of at most 16 KiB.
"""
import pathlib
import re
import sys

MOST = 16 * 1024

files = list(pathlib.Path(sys.argv[1]).rglob("*.su"))
frames = []
for file in files:
    for line in file.read_text().splitlines():
        # place:line:column:function, tab, bytes, tab, kind; frames that are only aligned are
        # "dynamic,bounded".
        place, size, kind = line.rsplit("\t", 2)
        if "include/ctnn/" in place or "ctnn::" in place:
            frames.append((int(size), kind, re.sub(r"^.*include/", "", place)))
frames.sort(reverse=True)
if len(frames) < 20:
    sys.exit(f"{len(frames)} functions of the library in {len(files)} files: there must be more")
for size, kind, place in frames[:3]:
    print(f"{size:6} bytes  {place[:150]}")
wrong = [f for f in frames if f[0] > MOST or f[1] not in ("static", "dynamic,bounded")]
for size, kind, place in wrong:
    print(f"{place}: a frame must be at most {MOST} bytes, found {size} ({kind})")
sys.exit(1 if wrong else 0)
