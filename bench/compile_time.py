#!/usr/bin/env python3
"""What a network costs the compiler: user seconds, peak memory and template instantiations.

Compiles networks of 2 to 80 layers, no two of the same shape, MobileNetV1-0.25, ResNet-8, and LeNet-5, for predictions
and for training, LeNet-5 with a file of weights too; `compile_time.py MobileNet` only the rows with that word. Seconds depend
on the machine; the number of instantiations, which clang counts, does not, so that
`--gate FILE` compares LeNet-5's with those recorded in FILE and fails when they grew by a tenth.
"""
import argparse
import json
import os
import pathlib
import shutil
import subprocess
import sys
import tempfile

ROOT = pathlib.Path(__file__).resolve().parent.parent
MOST_GROWTH = 1.10
EVENTS = ("InstantiateClass", "InstantiateFunction")
LENET5 = ("LeNet-5, predict", "LeNet-5, training")

PREDICT = """
net::output predict(net::weights w, const net::input& x, net::workspace& scratch) {
    return net::predict(w, x, scratch);
}
"""
MANY = """
void predict(net::weights w, std::span<const net::input> images, std::span<net::output> outputs,
             net::batch_workspace& scratch) {
    net::predict(w, images, outputs, scratch);
}
"""
# What fit() is made of, without its files and reports: the optimizer is a part of it.
TRAINING = """
#include <ctnn/training.hpp>
ctnn::evaluation step(net::parameters& w, ctnn::adam<net>& optimizer,
                      std::span<const net::input> images, std::span<const ctnn::class_label> labels,
                      ctnn::training_workspace<net>& scratch) {
    return ctnn::train_step(w, optimizer, images, labels, scratch);
}
"""

# What a program does that classifies with trained weights.
FILES = """
#include <ctnn/io.hpp>
void load(net::parameters& w, const char* file) { ctnn::load(w, file); }
"""


CLASSIFIES = ["ctnn::global_average_pool2d", "ctnn::dense<10>", "ctnn::softmax"]


def network(shape, entries):
    listed = ",\n    ".join(entries)
    return f"using net = ctnn::network<ctnn::shape<{shape}>,\n    {listed}>;\n"


def mobilenet():
    """MobileNetV1 of width 0.25: 27 convolutions, 13 of them depthwise."""
    entries = ["ctnn::conv2d<8, ctnn::kernel<3, 3>, ctnn::stride<2, 2>, ctnn::same>", "ctnn::relu"]
    strides_2 = {32, 64, 128, 256}
    for filters in (16, 32, 32, 64, 64, *[128] * 6, 256, 256):
        stride = 2 if filters in strides_2 else 1
        strides_2.discard(filters)
        entries += [f"ctnn::depthwise_conv2d<ctnn::kernel<3, 3>, ctnn::stride<{stride}, {stride}>, ctnn::same>",
                    "ctnn::relu", f"ctnn::conv2d<{filters}, ctnn::kernel<1, 1>>", "ctnn::relu"]
    return network("96, 96, 1", entries + CLASSIFIES)


def generated(layers):
    """A network of this many layers: convolution and relu in turns, no two of the same shape."""
    entries = []
    for i in range(layers // 2):
        entries += [f"ctnn::conv2d<{4 + i}, ctnn::kernel<3, 3>, ctnn::same>", "ctnn::relu"]
    if layers % 2 == 1:
        entries.append("ctnn::global_average_pool2d")
    return network("16, 16, 3", entries + (CLASSIFIES if layers >= 80 else []))


def programs():
    """Name and source of every translation unit."""
    core = "#include <ctnn/ctnn.hpp>\n"
    for layers in (2, 5, 10, 20, 40):
        yield f"{layers} layers, predict", core + generated(layers) + PREDICT
    resnet8 = f'#include "{ROOT}/examples/mlperf_tiny/networks.hpp"\nusing net = mlperf_tiny::resnet8;\n'
    for name, net in (("80 layers", generated(80)), ("MobileNet", mobilenet()), ("ResNet-8", resnet8)):
        yield f"{name}, one image", core + net + PREDICT
        yield f"{name}, batches", core + net + MANY
        yield f"{name}, training", core + net + TRAINING
    lenet5 = f'#include "{ROOT}/examples/lenet5.hpp"\nusing net = lenet5;\n'
    yield LENET5[0], lenet5 + PREDICT
    yield LENET5[1], lenet5 + PREDICT + TRAINING
    yield "LeNet-5, predict, load", lenet5 + PREDICT + FILES


def run(command, directory):
    """Runs a compiler; user seconds of its processes, peak megabytes of the largest of them."""
    process = subprocess.Popen(command, cwd=directory)
    _, status, usage = os.wait4(process.pid, 0)  # the driver's, with its children's
    process.returncode = os.waitstatus_to_exitcode(status)
    if status != 0:
        sys.exit("compile_time: failed: " + " ".join(command))
    return usage.ru_utime, usage.ru_maxrss / 1024


def count_instantiations(directory):
    """Class and function instantiations in the trace that clang left there.

    Read piece by piece: a program starts with its parent's peak memory, so that a parser of these
    100 MB of JSON would be measured as the next compiler's.
    """
    (trace,) = pathlib.Path(directory).glob("*.json")
    patterns = {name: f'"name":"{name}"'.encode() for name in EVENTS}
    overlap = max(map(len, patterns.values())) - 1
    counts = dict.fromkeys(EVENTS, 0)
    with trace.open("rb") as file:
        before = b""
        while piece := before + file.read(1 << 20):
            if len(piece) == len(before):
                break
            for name, pattern in patterns.items():
                # What was whole in `before` has been counted.
                counts[name] += piece.count(pattern) - before.count(pattern)
            before = piece[-overlap:]
    return counts


def measure(source, compiler, flags, include, counts):
    """One translation unit: seconds, megabytes and, where clang counts them, instantiations."""
    with tempfile.TemporaryDirectory() as directory:
        pathlib.Path(directory, "unit.cpp").write_text(source)
        command = [compiler, "-std=c++20", *flags, f"-I{include}", "-c", "unit.cpp", "-o", "unit.o"]
        seconds, megabytes = run(command, directory)
        found = None
        if counts:  # apart: writing the trace costs time and memory
            trace = ["-ftime-trace", "-ftime-trace-granularity=0"]
            run([*command, *trace], directory)
            found = count_instantiations(directory)
        return seconds, megabytes, found


def total(counts):
    return sum(counts.values())


def gate(path, counts):
    """Stops when LeNet-5 needs more instantiations than recorded, with a tenth to spare."""
    recorded = json.loads(path.read_text())
    failures = []
    for name in LENET5:
        limit = int(total(recorded[name]) * MOST_GROWTH)
        if total(counts[name]) > limit:
            failures.append(f"compile_time: {name}: {total(counts[name])} template instantiations, "
                            f"recorded {total(recorded[name])}; must be at most {limit}: find what "
                            f"grew, or record anew with --record")
    if failures:
        sys.exit("\n".join(failures))
    print(f"compile_time: instantiations are within {MOST_GROWTH - 1:.0%} of {path}")


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("words", nargs="*", help="measure only rows that contain one of them")
    parser.add_argument("--include", type=pathlib.Path, default=ROOT / "include")
    parser.add_argument("--gxx", default="g++")
    parser.add_argument("--clang", default="clang++-19")
    parser.add_argument("--flags", default="-O3 -march=x86-64-v3")
    parser.add_argument("--gate", type=pathlib.Path, metavar="FILE",
                        help="compare LeNet-5's instantiations with those recorded; no times")
    parser.add_argument("--record", type=pathlib.Path, nargs="?", metavar="FILE",
                        const=ROOT / "bench" / "compile_time.json",
                        help="write LeNet-5's instantiations; no times")
    options = parser.parse_args()
    include, flags = options.include.resolve(), options.flags.split()
    units = dict(programs())

    if options.gate or options.record:
        counts = {name: measure(units[name], options.clang, flags, include, True)[2]
                  for name in LENET5}
        for name in LENET5:
            print(f"{name}: {total(counts[name])} instantiations {counts[name]}")
        if options.record:
            options.record.write_text(json.dumps(counts, indent=2) + "\n")
        if options.gate:
            gate(options.gate, counts)
        return

    compilers = [c for c in (options.gxx, options.clang) if shutil.which(c)]
    print(f"{options.flags:<24}" + "".join(f"{c + ', s':>16}{'MB':>7}" for c in compilers) +
          f"{'classes':>10}{'functions':>11}")
    for name, source in units.items():
        if options.words and not any(word in name for word in options.words):
            continue
        row, found = f"{name:<24}", None
        for compiler in compilers:
            seconds, megabytes, found = measure(source, compiler, flags, include,
                                                compiler == options.clang)
            row += f"{seconds:>16.1f}{megabytes:>7.0f}"
        if found:
            row += f"{found[EVENTS[0]]:>10}{found[EVENTS[1]]:>11}"
        print(row, flush=True)


if __name__ == "__main__":
    main()
