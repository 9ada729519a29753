#!/usr/bin/env python3
"""Times the networks of bench/int8 in ONNX Runtime, in bytes and in floats, on one thread.

  apt-get install -y python3-onnx nodejs npm
  npm install --ignore-scripts --prefix FOLDER onnxruntime-node@1.20.1
  meson compile -C build-bench save_onnx && build-bench/bench/save_onnx FOLDER
  taskset -c 1 /usr/bin/python3 bench/int8_onnxruntime.py FOLDER

Each NAME.onnx becomes NAME_int8.onnx: activations are bytes without a sign, as behind a relu, weights bytes with one, all
by the operators that ONNX Runtime has for bytes. Scales are made up, as only time counts. What a call from JavaScript
costs is measured with a network that does nothing; the table has the times without that, medians of rounds in turns.
"""
import argparse, json, pathlib, subprocess

import numpy, onnx
from onnx import TensorProto, helper, numpy_helper

RUN = """
const ort = require("onnxruntime-node");
const options = { intraOpNumThreads: 1, interOpNumThreads: 1, graphOptimizationLevel: "all" };
(async () => {
    const all = [];
    for (const [name, file, type, extents] of JSON.parse(process.argv[1])) {
        const session = await ort.InferenceSession.create(file, options);
        const size = extents.reduce((a, b) => a * b);
        const data = type === "uint8" ? new Uint8Array(size).map((_, i) => i % 256)
                                      : new Float32Array(size).map((_, i) => Math.sin(i));
        const input = new ort.Tensor(type, data, extents);
        for (let n = 0; n < 20; ++n) await session.run({ input });
        all.push({ name, session, input, images: extents[0], times: [] });
    }
    for (let round = 0; round < 41; ++round)
        for (const one of all) {
            await one.session.run({ input: one.input });
            const calls = 20, start = process.hrtime.bigint();
            for (let n = 0; n < calls; ++n) await one.session.run({ input: one.input });
            one.times.push(Number(process.hrtime.bigint() - start) / calls / 1000);
        }
    const median = times => times.sort((a, b) => a - b)[times.length >> 1];
    const nothing = median(all[0].times);
    console.log(`onnxruntime ${ort.env.versions.node}, a call costs ${nothing.toFixed(1)} us`);
    for (const one of all.slice(1))
        console.log(`${one.name.padEnd(34)} ${((median(one.times) - nothing) / one.images).toFixed(2).padStart(9)} us an image`);
})().catch(error => { console.error(error.message); process.exitCode = 1; });
"""


def in_bytes(model):
    graph = model.graph
    weights = {one.name: numpy_helper.to_array(one) for one in graph.initializer}
    nodes, constants, are_bytes = [], {}, {graph.input[0].name}

    def constant(name, value):
        constants[name] = numpy_helper.from_array(value, name)
        return name

    scale, zero = constant("scale", numpy.float32(0.05)), constant("zero", numpy.uint8(0))
    small, none = constant("weight_scale", numpy.float32(0.01)), constant("weight_zero", numpy.int8(0))

    def weight(name):
        w = weights[name]
        return constant(name, numpy.clip(numpy.round(w / max(abs(w).max(), 1e-9) * 127), -127, 127).astype(numpy.int8))

    def bias(name):
        return constant(name, numpy.round(weights[name] * 2000).astype(numpy.int32))

    def attributes(node):
        return {a.name: helper.get_attribute_value(a) for a in node.attribute}

    for node in graph.node:
        x, y, kind = list(node.input), node.output[0], node.op_type
        if x[0] not in are_bytes:  # in floats from here on: behind the last sums
            nodes.append(node)
            continue
        are_bytes.add(y)
        if kind == "Conv":
            nodes.append(helper.make_node("QLinearConv", [x[0], scale, zero, weight(x[1]), small, none, scale, zero, bias(x[2])],
                                          [y], **attributes(node)))
        elif kind == "Gemm":
            nodes.append(helper.make_node("QGemm", [x[0], scale, zero, weight(x[1]), small, none, bias(x[2]), scale, zero], [y],
                                          domain="com.microsoft", **{k: v for k, v in attributes(node).items() if k != "beta"}))
        elif kind == "Add":
            nodes.append(helper.make_node("QLinearAdd", [x[0], scale, zero, x[1], scale, zero, scale, zero], [y],
                                          domain="com.microsoft"))
        elif kind in ("AveragePool", "GlobalAveragePool"):
            nodes.append(helper.make_node("QLinear" + kind, [x[0], scale, zero, scale, zero], [y], domain="com.microsoft",
                                          **attributes(node)))
        elif kind == "Relu":  # bytes without a sign end at 0 anyway
            nodes.append(helper.make_node("Identity", x, [y]))
        elif kind == "Softmax":
            are_bytes.discard(y)
            nodes.append(helper.make_node("DequantizeLinear", [x[0], scale, zero], [x[0] + "/floats"]))
            nodes.append(helper.make_node(kind, [x[0] + "/floats"], [y], **attributes(node)))
        else:
            for name in x[1:]:
                constant(name, weights[name])
            nodes.append(node)
    shape = [d.dim_value or d.dim_param for d in graph.input[0].type.tensor_type.shape.dim]
    made = helper.make_graph(nodes, graph.name, [helper.make_tensor_value_info("input", TensorProto.UINT8, shape)],
                             list(graph.output), list(constants.values()))
    return helper.make_model(made, ir_version=8, opset_imports=[helper.make_opsetid("", 13), helper.make_opsetid("com.microsoft", 1)])


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", type=pathlib.Path)
    folder = parser.parse_args().folder.resolve()
    info = helper.make_tensor_value_info
    nothing = helper.make_graph([helper.make_node("Identity", ["input"], ["output"])], "nothing",
                                [info("input", TensorProto.FLOAT, ["N"])], [info("output", TensorProto.FLOAT, ["N"])])
    onnx.save(helper.make_model(nothing, ir_version=8, opset_imports=[helper.make_opsetid("", 13)]), str(folder / "nothing.onnx"))
    races = [("nothing", str(folder / "nothing.onnx"), "float32", [1])]
    for name, batch in [("lenet5", 256), ("ds_cnn", 32), ("resnet8", 32), ("mobilenet", 32)]:
        model = onnx.load(str(folder / (name + ".onnx")))
        extents = [d.dim_value for d in model.graph.input[0].type.tensor_type.shape.dim][1:]
        onnx.save(in_bytes(model), str(folder / (name + "_int8.onnx")))
        for images in (1, batch):
            what = name + (", one image" if images == 1 else f", {images} images")
            races.append((what + ", bytes", str(folder / (name + "_int8.onnx")), "uint8", [images, *extents]))
            races.append((what + ", floats", str(folder / (name + ".onnx")), "float32", [images, *extents]))
    subprocess.run(["node", "-e", RUN, json.dumps(races)], check=True, cwd=folder)


if __name__ == "__main__":
    main()
