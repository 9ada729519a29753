#!/usr/bin/env python3
"""Compares what the readers of model files find, value by value, with python3-onnx and Python's flatbuffers.

  apt-get install -y python3-onnx python3-flatbuffers
  /usr/bin/python3 tests/scripts/model_contents.py PROGRAM FILE...

PROGRAM is tests/model_file/write_contents.cpp. Exit status: 0 if every line is the same.
"""
import struct, subprocess, sys

import flatbuffers, numpy, onnx
from flatbuffers import number_types
from onnx import numpy_helper


def bits(value):
    return f"{struct.unpack('<I', struct.pack('<f', value))[0]:08x}"


def numbers(values):
    return f"[{' '.join(map(str, values))}]"


def tensor_line(what, tensor):
    array = numpy_helper.to_array(tensor).ravel()
    if tensor.data_type == onnx.TensorProto.FLOAT:
        values = [f"{one:08x}" for one in array.astype("<f4").view("<u4")]
    else:
        values = [int(one) for one in array] if array.size <= 64 else ["many"]
    return " ".join([f"{what}: type {tensor.data_type}", numbers(tensor.dims), *map(str, values)])


def onnx_lines(file):
    model = onnx.load(file)
    constants = {tensor.name for tensor in model.graph.initializer}
    x = next(value for value in model.graph.input if value.name not in constants)
    yield f"opset {next(one.version for one in model.opset_import if one.domain in ('', 'ai.onnx'))}"
    yield f"input {x.name}"
    yield f"output {model.graph.output[0].name}"
    yield f"input's extents {numbers([one.dim_value or 1 for one in x.type.tensor_type.shape.dim])}"
    for tensor in model.graph.initializer:
        yield tensor_line(f"constant {tensor.name}", tensor)
    for node in model.graph.node:
        yield " ".join([f"node {node.op_type}", *(["foreign"] if node.domain not in ("", "ai.onnx") else []),
                        *(f"<{name or '-'}" for name in node.input), *(f">{name or '-'}" for name in node.output)])
        for one in node.attribute:
            value = onnx.helper.get_attribute_value(one)
            if one.type == onnx.AttributeProto.TENSOR:
                yield tensor_line(f"  {one.name}", value)
            else:
                yield f"  {one.name}: " + {
                    onnx.AttributeProto.FLOAT: lambda: bits(value), onnx.AttributeProto.INT: lambda: str(value),
                    onnx.AttributeProto.STRING: lambda: value.decode(), onnx.AttributeProto.INTS: lambda: numbers(value),
                    onnx.AttributeProto.FLOATS: lambda: " ".join(["floats", *map(bits, value)])}[one.type]()


class table:
    """A table of a flatbuffer, its fields by number."""

    def __init__(self, data, at):
        self.tab = flatbuffers.table.Table(data, at)

    def at(self, field):
        offset = self.tab.Offset(4 + 2 * field)
        return offset and self.tab.Pos + offset

    def number(self, field, flags):
        return self.tab.Get(flags, self.at(field)) if self.at(field) else 0

    def table(self, field):
        return table(self.tab.Bytes, self.tab.Indirect(self.at(field))) if self.at(field) else None

    def vector(self, field, flags):
        if not self.at(field):
            return []
        return self.tab.GetVectorAsNumpy(flags, self.tab.Offset(4 + 2 * field)).tolist()

    def tables(self, field):
        offset = self.tab.Offset(4 + 2 * field)
        first = self.tab.Vector(offset)
        return [table(self.tab.Bytes, self.tab.Indirect(first + 4 * i)) for i in range(self.tab.VectorLen(offset))]


BYTE, INT, UINT = number_types.Uint8Flags, number_types.Int32Flags, number_types.Uint32Flags


def tflite_lines(file):  # fields of tensorflow/lite/schema/schema.fbs, by number
    with open(file, "rb") as opened:
        data = opened.read()
    model = table(data, flatbuffers.encode.Get(flatbuffers.packer.uoffset, data, 0))
    codes, graph, buffers = model.tables(1), model.tables(2)[0], model.tables(4)
    for one in graph.tables(0):
        content = bytes(buffers[one.number(2, UINT)].vector(0, BYTE)).hex() if one.number(2, UINT) else ""
        name = one.tab.String(one.at(3)).decode()[:63]  # as much of it as messages show
        yield f"tensor {name}: type {one.number(1, BYTE)} {numbers(one.vector(0, INT))} {content}"
    for one in graph.tables(3):
        code = codes[one.number(0, UINT)]
        words = [f"operator {max(code.number(0, BYTE), code.number(3, INT))}"]
        words += [f"<{'-' if number == -1 else number}" for number in one.vector(1, INT)]
        words += [f">{number}" for number in one.vector(2, INT)]
        options = one.table(4)
        for i in range(12):
            at = options.at(i) if options else 0
            words.append(f"{options.number(i, BYTE):02x}" if at else "-")
            if at and at + 4 <= len(data):
                words[-1] += f"/{options.number(i, UINT):08x}"
        yield " ".join(words)


def main():
    program, *files = sys.argv[1:]
    failed = 0
    for file in files:
        expected = list((tflite_lines if file.endswith(".tflite") else onnx_lines)(file))
        done = subprocess.run([program, file], capture_output=True, text=True)
        found = done.stdout.splitlines()
        wrong = [pair for pair in zip(expected, found) if pair[0] != pair[1]]
        is_good = done.returncode == 0 and expected and not wrong and len(expected) == len(found)
        failed += not is_good
        print(f"{'PASS' if is_good else 'FAIL'} {file}: {len(expected)} lines, {sum(len(one.split()) for one in expected)} values")
        if not is_good:
            print(f"  {len(found)} lines found", *(f"  expected {a[:200]}\n  found    {b[:200]}" for a, b in wrong[:3]), sep="\n")
    print(f"{len(files) - failed} passed, {failed} failed")
    return failed > 0 or not files


sys.exit(main())
