#!/usr/bin/env python3
"""Writes tests/data/onnx_keras_*.onnx: the nodes that Keras 3 and tf2onnx write, made by hand, for they are not installed here.

  apt-get install -y python3-onnx python3-torch python3-numpy
  /usr/bin/python3 tests/scripts/golden_exporters.py tests/data

tf2onnx (also Keras 3's export with TensorFlow): inputs are N, H, W, C with an unknown N; Transpose around what is left of a chain of
N, C, H, W, a Reshape in its place where there is one channel or one pixel; pads as numbers; batch normalization in front of no
convolution is Mul and Add; ReduceMean becomes GlobalAveragePool and Squeeze; what stands before the first convolution stays N, H, W, C.
Keras 3 with PyTorch: Transpose around every layer and of every kernel, Reshape of every bias. Outputs are computed by PyTorch in
float64 from the layers, not from the nodes. Not run by any test.
"""
import json, os, struct, sys

import numpy as np
import onnx, torch
import torch.nn.functional as F
from onnx import helper, numpy_helper

FOLDER = sys.argv[1]
random = np.random.default_rng(5)
IN, OUT = [0, 3, 1, 2], [0, 2, 3, 1]


class graph:
    """Nodes, and constants by the numbers that they hold."""

    def __init__(self):
        self.nodes, self.constants = [], []

    def constant(self, numbers, dtype=np.float32):
        name = f"const_{len(self.constants)}"
        self.constants.append(numpy_helper.from_array(np.asarray(numbers, dtype), name))
        return name

    def node(self, kind, *inputs, **attributes):
        name = f"model/{kind.lower()}_{len(self.nodes)}"
        inputs = [self.constant(i, np.int64 if isinstance(i, list) else np.float32) if not isinstance(i, str) else i for i in inputs]
        self.nodes.append(helper.make_node(kind, inputs, [name], name=name, **attributes))
        return name

    def write(self, name, output, x, y):
        self.nodes.append(helper.make_node("Identity", [output], ["y"]))
        values = [helper.make_tensor_value_info(key, onnx.TensorProto.FLOAT, ["unk__1", *value.shape[1:]])
                  for key, value in (("x", x), ("y", y))]
        model = helper.make_model(helper.make_graph(self.nodes, "model", values[:1], values[1:], self.constants),
                                  opset_imports=[helper.make_opsetid("", 13)], ir_version=8)
        onnx.checker.check_model(model, full_check=True)
        path = os.path.join(FOLDER, f"onnx_keras_{name}")
        onnx.save(model, path + ".onnx")
        arrays = {"x": x, "y": y}
        header, data = {"__metadata__": {"source": "PyTorch, float64, golden_exporters.py"}}, b""
        for key, array in arrays.items():
            numbers = array.to(torch.float32).contiguous().numpy().tobytes()
            header[key] = {"dtype": "F32", "shape": list(array.shape), "data_offsets": [len(data), len(data) + len(numbers)]}
            data += numbers
        text = json.dumps(header).encode()
        text += b" " * (-len(text) % 8)
        with open(path + ".safetensors", "wb") as file:
            file.write(struct.pack("<Q", len(text)) + text + data)
        print(name, os.path.getsize(path + ".onnx"))


def numbers(*shape, scale=0.5):
    return random.normal(0, scale, shape).astype(np.float32)


# Layers of Keras in float64: x is N, H, W, C; kernels are rows, columns, in, out.

def t(a):
    return torch.from_numpy(np.asarray(a)).double()


def chw(f, x, *args, **options):
    return f(x.permute(*IN), *args, **options).permute(*OUT)


def same(size, kernel, stride):
    more = max(0, (-(-size // stride) - 1) * stride + kernel - size)
    return more // 2, more - more // 2


def conv2d(x, kernel, bias=None, stride=1, padding="valid", groups=1):
    if padding == "same":
        (top, bottom), (left, right) = (same(x.shape[1 + i], kernel.shape[i], stride) for i in (0, 1))
        x = F.pad(x, (0, 0, left, right, top, bottom))
    return chw(F.conv2d, x, t(kernel).permute(3, 2, 0, 1), None if bias is None else t(bias), stride=stride, groups=groups)


def oihw(kernel):
    return np.ascontiguousarray(kernel.transpose(3, 2, 0, 1))


def window(kernel, pads=(0, 0, 0, 0), stride=1, groups=1):
    return {"kernel_shape": list(kernel), "pads": list(pads), "strides": [stride, stride], "dilations": [1, 1], "group": groups}


def tf2onnx_image():
    """Rescaling and zero_padding2d before the first convolution; inverted residual with squeeze and excitation."""
    g, x = graph(), torch.randn(3, 9, 8, 3, dtype=torch.float64)
    mean, deviation = numbers(3), 1 + np.abs(numbers(3))
    first, bias = numbers(3, 3, 3, 4), numbers(4)
    depthwise, scale, offset = numbers(3, 3, 1, 4), 1 + numbers(4), numbers(4)
    less, less_bias, more, more_bias = numbers(1, 1, 4, 2), numbers(2), numbers(1, 1, 2, 4), numbers(4)
    point, point_bias = numbers(1, 1, 4, 4), numbers(4)
    dense, dense_bias, last, last_bias = numbers(3 * 2 * 4, 6), numbers(6), numbers(6, 5), numbers(5)

    v = g.node("Div", g.node("Sub", "x", np.float32(0.25)), np.float32(2.0))
    v = g.node("Add", g.node("Mul", v, deviation), mean)
    v = g.node("Pad", v, [0, 1, 1, 0, 0, 1, 1, 0], mode="constant")
    v = g.node("Transpose", v, perm=IN)
    v = g.node("Conv", v, oihw(first), bias, **window((3, 3), stride=2))
    v = kept = g.node("Clip", v, np.float32(0.0), np.float32(6.0))
    v = g.node("Conv", v, np.ascontiguousarray(depthwise.transpose(3, 2, 0, 1)), **window((3, 3), (1, 1, 1, 1), groups=4))
    v = g.node("Mul", v, scale.reshape(1, 4, 1, 1))
    v = map_ = g.node("Relu", g.node("Add", v, offset.reshape(1, 4, 1, 1)))
    v = g.node("Squeeze", g.node("GlobalAveragePool", v), [2, 3])
    v = g.node("Reshape", g.node("Reshape", v, [-1, 1, 1, 4]), [-1, 4, 1, 1])
    v = g.node("Relu", g.node("Conv", v, oihw(less), less_bias, **window((1, 1))))
    v = g.node("Sigmoid", g.node("Conv", v, oihw(more), more_bias, **window((1, 1))))
    v = g.node("Conv", g.node("Mul", map_, v), oihw(point), point_bias, **window((1, 1)))
    v = g.node("MaxPool", g.node("Add", v, kept), kernel_shape=[2, 2], strides=[2, 2], pads=[0, 0, 1, 0])
    v = g.node("Reshape", g.node("Transpose", v, perm=OUT), [-1, 24])
    v = g.node("Relu", g.node("Add", g.node("MatMul", v, dense), dense_bias))
    v = g.node("Softmax", g.node("Add", g.node("MatMul", v, last), last_bias), axis=1)

    y = (x - 0.25) / 2 * t(deviation) + t(mean)
    y = kept = conv2d(F.pad(y, (0, 0, 1, 1, 1, 1)), first, bias, 2).clamp(0, 6)
    y = map_ = F.relu(conv2d(y, depthwise, None, 1, "same", 4) * t(scale) + t(offset))
    y = F.relu(conv2d(y.mean((1, 2), keepdim=True), less, less_bias))
    y = conv2d(map_ * torch.sigmoid(conv2d(y, more, more_bias)), point, point_bias) + kept
    y = chw(F.max_pool2d, F.pad(y, (0, 0, 0, 0, 0, 1), value=-1e9), 2).flatten(1)
    g.write("image", v, x, torch.softmax(F.relu(y @ t(dense) + t(dense_bias)) @ t(last) + t(last_bias), 1))


def tf2onnx_digits():
    """One channel: a Reshape where there was a Transpose."""
    g, x = graph(), torch.randn(3, 8, 9, 1, dtype=torch.float64)
    first, bias, second, dense, dense_bias = numbers(3, 3, 1, 3), numbers(3), numbers(4, 3, 3, 5), numbers(5, 4), numbers(4)
    v = g.node("Reshape", "x", [-1, 1, 8, 9])
    v = g.node("Relu", g.node("Conv", v, oihw(first), bias, **window((3, 3), (0, 1, 1, 1), 2)))
    v = g.node("Conv", v, oihw(second), **window((4, 3), (0, 1, 0, 1)))
    v = g.node("GlobalAveragePool", g.node("LeakyRelu", v, alpha=0.25))
    v = g.node("Gemm", g.node("Reshape", v, [-1, 5]), dense, dense_bias)
    y = F.relu(conv2d(x, first, bias, 2, "same"))
    y = F.leaky_relu(conv2d(F.pad(y, (0, 0, 1, 1)), second), 0.25)
    g.write("digits", v, x, y.mean((1, 2)) @ t(dense) + t(dense_bias))


def tf2onnx_sound():
    """conv1d as a convolution of one row, pooling too; global_average_pooling1d over N, T, C."""
    g, x = graph(), torch.randn(3, 11, 3, dtype=torch.float64)
    first, bias, second, dense = numbers(1, 3, 3, 4), numbers(4), numbers(1, 2, 4, 5), numbers(5, 2)
    v = g.node("Transpose", g.node("Unsqueeze", "x", [1]), perm=IN)
    v = g.node("Squeeze", g.node("Conv", v, oihw(first), **window((1, 3), (0, 1, 0, 1))), [2])
    v = g.node("Relu", g.node("Add", g.node("Transpose", v, perm=[0, 2, 1]), bias))
    v = g.node("Transpose", g.node("Unsqueeze", v, [2]), perm=IN)
    v = g.node("MaxPool", v, kernel_shape=[2, 1], strides=[2, 1])
    v = g.node("Squeeze", g.node("Transpose", v, perm=OUT), [2])
    v = g.node("Transpose", g.node("Unsqueeze", v, [1]), perm=IN)
    v = g.node("Squeeze", g.node("Tanh", g.node("Conv", v, oihw(second), **window((1, 2)))), [2])
    v = g.node("ReduceMean", g.node("Transpose", v, perm=[0, 2, 1]), axes=[1], keepdims=0)
    v = g.node("MatMul", v, dense)
    y = F.relu(conv2d(x[:, None], first, bias, 1, "same"))
    y = chw(F.max_pool2d, y, (1, 2))
    g.write("sound", v, x, torch.tanh(conv2d(y, second)).mean((1, 2)) @ t(dense))


def keras_torch():
    """Transpose around every layer, of kernels, too; Reshape of biases; a decoder whose output is N, H, W, C."""
    g, x = graph(), torch.randn(3, 6, 5, 2, dtype=torch.float64)
    first, bias = numbers(3, 2, 2, 3), numbers(3)
    gamma, beta, mean, variance = 1 + numbers(3, scale=0.1), numbers(3), numbers(3), 1 + np.abs(numbers(3))
    dense, dense_bias, up, up_bias = numbers(3, 24), numbers(24), numbers(3, 3, 2, 4), numbers(2)

    def layer(kind, v, *inputs, **attributes):
        return g.node("Transpose", g.node(kind, g.node("Transpose", v, perm=IN), *inputs, **attributes), perm=OUT)

    v = layer("Conv", "x", g.node("Transpose", first, perm=[3, 2, 0, 1]), **window((3, 2)))
    v = g.node("Add", v, g.node("Reshape", bias, [1, 1, 1, 3]))
    v = g.node("Elu", layer("BatchNormalization", v, gamma, beta, mean, variance, epsilon=1e-3))
    v = g.node("ReduceMean", v, axes=[1, 2], keepdims=0)
    v = g.node("Reshape", g.node("Add", g.node("MatMul", v, dense), dense_bias), [-1, 2, 3, 4])
    v = layer("ConvTranspose", v, g.node("Transpose", up, perm=[3, 2, 0, 1]), auto_pad="NOTSET", pads=[0, 0, 1, 1],
              kernel_shape=[3, 3], strides=[2, 2], dilations=[1, 1], group=1)
    v = g.node("Sigmoid", g.node("Add", v, g.node("Reshape", up_bias, [1, 1, 1, 2])))

    y = conv2d(x, first, bias)
    y = F.elu((y - t(mean)) / (t(variance) + 1e-3).sqrt() * t(gamma) + t(beta))
    y = (y.mean((1, 2)) @ t(dense) + t(dense_bias)).reshape(3, 2, 3, 4)
    y = chw(F.conv_transpose2d, y, t(up).permute(3, 2, 0, 1), t(up_bias), stride=2)[:, :-1, :-1]  # Keras' `same`
    g.write("torch", v, x, torch.sigmoid(y))


torch.manual_seed(3)
tf2onnx_image()
tf2onnx_digits()
tf2onnx_sound()
keras_torch()
