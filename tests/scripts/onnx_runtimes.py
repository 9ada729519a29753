#!/usr/bin/env python3
"""Asks others about files of save_onnx: ONNX's own checker, and whether ONNX Runtime computes what the library does.

  apt-get install -y python3-onnx nodejs npm
  npm install --prefix FOLDER onnxruntime-web@1.14.0
  write_onnx FOLDER             (tests/io/write_onnx.cpp)
  /usr/bin/python3 tests/scripts/onnx_runtimes.py FOLDER

FOLDER holds pairs NAME.onnx and NAME.bin: float32 inputs of some images, then their outputs. Exit status: 0 if all agree to
1e-5 of the largest output, for all images at once and for the first alone.
"""
import argparse, json, pathlib, subprocess, sys

import numpy, onnx

RUN = """
const fs = require("fs"), ort = require("onnxruntime-web");
ort.env.wasm.numThreads = 1;
(async () => {
    for (const [name, extents] of JSON.parse(process.argv[1])) {
        const session = await ort.InferenceSession.create(fs.readFileSync(name + ".onnx"));
        const all = new Float32Array(new Uint8Array(fs.readFileSync(name + ".bin")).buffer);
        const size = extents.reduce((a, b) => a * b);
        for (const [images, ending] of [[extents[0], ".all"], [1, ".first"]]) {
            const x = all.slice(0, size / extents[0] * images);
            const { output } = await session.run({ input: new ort.Tensor("float32", x, [images, ...extents.slice(1)]) });
            fs.writeFileSync(name + ending, new Uint8Array(output.data.buffer, output.data.byteOffset, output.data.byteLength));
        }
    }
})().catch(error => { console.error(error.message); process.exitCode = 1; });
"""


def extents(value):
    """Without those of the batch."""
    return [one.dim_value for one in value.type.tensor_type.shape.dim][1:]


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", type=pathlib.Path)
    folder = parser.parse_args().folder
    inputs, expected, failed = [], {}, 0
    for file in sorted(folder.glob("*.onnx")):
        model = onnx.load(file)
        onnx.checker.check_model(model, full_check=True)
        x, y = (extents(values[0]) for values in (model.graph.input, model.graph.output))
        numbers = numpy.fromfile(file.with_suffix(".bin"), numpy.float32)
        images = len(numbers) // int(numpy.prod(x) + numpy.prod(y))
        inputs.append((file.stem, [images, *x]))
        expected[file.stem] = numbers[images * int(numpy.prod(x)):].reshape(images, -1)
    if not inputs:
        sys.exit(f"no .onnx in {folder}")
    if subprocess.run(["node", "-e", RUN, json.dumps(inputs)], cwd=folder).returncode != 0:
        sys.exit("ONNX Runtime refuses a file")
    for name, y in expected.items():
        for ending, part in (".all", y), (".first", y[:1]):
            found = numpy.fromfile(folder / (name + ending), numpy.float32)
            largest = abs(part).max()
            error = abs(found - part.ravel()).max() / largest if found.size == part.size else numpy.inf
            is_good = largest > 0 and error <= 1e-5
            failed += not is_good
            print(f"{'PASS' if is_good else 'FAIL'} {name}{ending}: {found.size} numbers, error {error:.1e}")
    print(f"{2 * len(expected) - failed} passed, {failed} failed")
    return failed > 0


sys.exit(main())
