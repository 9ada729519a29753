#!/usr/bin/env python3
"""Writes tests/data/torch_*.safetensors: layers forward and backward by PyTorch (float64), in Keras' layouts.

  apt-get install -y python3-torch python3-numpy
  /usr/bin/python3 tests/scripts/golden_layers.py tests/data

Not run by any test: for whoever adds a layer. Numbers are multiples of 1/8, so that they are exact in a file.
"""
import json, pathlib, struct, sys

import torch
import torch.nn.functional as F

torch.manual_seed(11)


def numbers(*shape):
    return (torch.randint(-16, 17, shape, dtype=torch.float64) / 8).requires_grad_()


def first(x):  # NHWC, as PyTorch has it
    return x.permute(0, 3, 1, 2)


def last(x):
    return x.permute(0, 2, 3, 1)


def write(name, layer, x, kernel, bias, padding, stride=(1, 1)):
    y = layer(x, kernel, bias)
    d_y = numbers(*y.shape)
    d_x, d_kernel, d_bias = torch.autograd.grad(y, (x, kernel, bias), d_y)
    arrays = {"A_prev": x, "W": kernel, "b": bias, "Z": y, "dZ": d_y, "dA_prev": d_x, "dW": d_kernel, "db": d_bias}
    header = {"__metadata__": {"padding": padding, "stride_h": str(stride[0]), "stride_w": str(stride[1]),
                               "source": f"PyTorch {torch.__version__.split('a')[0]}, float64, golden_layers.py"}}
    data = b""
    for key, array in arrays.items():
        bytes_ = array.detach().to(torch.float32).contiguous().numpy().tobytes()
        header[key] = {"dtype": "F32", "shape": list(array.shape), "data_offsets": [len(data), len(data) + len(bytes_)]}
        data += bytes_
    text = json.dumps(header).encode()
    text += b" " * (-len(text) % 8)
    (pathlib.Path(sys.argv[1]) / f"torch_{name}.safetensors").write_bytes(struct.pack("<Q", len(text)) + text + data)


def same(n, kernel, stride):
    total = max((-(-n // stride) - 1) * stride + kernel - n, 0)
    return total // 2, total - total // 2


def depthwise(stride):
    """Keras' DepthwiseConv2D, padding="same": kernel (h, w, channel, multiplier)."""
    def layer(x, kernel, bias):
        height, width, channels, multiplier = kernel.shape
        weights = kernel.permute(2, 3, 0, 1).reshape(channels * multiplier, 1, height, width)
        top, bottom = same(x.shape[1], height, stride[0])
        left, right = same(x.shape[2], width, stride[1])
        return last(F.conv2d(F.pad(first(x), (left, right, top, bottom)), weights, bias, stride, groups=channels))
    return layer


def causal(dilation):
    """Keras' Conv1D, padding="causal", on (batch, 1, steps, channels): kernel (steps, channel, filter)."""
    def layer(x, kernel, bias):
        before = dilation * (kernel.shape[0] - 1)
        row = F.pad(x[:, 0].permute(0, 2, 1), (before, 0))
        return F.conv1d(row, kernel.permute(2, 1, 0), bias, dilation=dilation).permute(0, 2, 1)[:, None]
    return layer


def transposed(stride, padding):
    """Keras' Conv2DTranspose: kernel (h, w, filter, channel). `padding` in pixels is PyTorch's."""
    def layer(x, kernel, bias):
        weights = kernel.permute(3, 2, 0, 1)
        if isinstance(padding, int):
            return last(F.conv_transpose2d(first(x), weights, bias, stride, padding))
        y = last(F.conv_transpose2d(first(x), weights, None, stride))
        for axis in (0, 1):  # what Keras has of it: from `before` on, zeros behind
            n, k, s = x.shape[1 + axis], kernel.shape[axis], stride[axis]
            wanted = n * s if padding == "same" else n * s + max(k - s, 0)
            before = max(k - s, 0) // 2 if padding == "same" else 0
            y = y.narrow(1 + axis, before, min(wanted, y.shape[1 + axis] - before))
            rest = wanted - y.shape[1 + axis]
            y = F.pad(y, (0, 0, 0, 0, 0, rest) if axis == 0 else (0, 0, 0, rest))
        return y + bias
    return layer


write("depthwise_multiplier2_same_3x2_stride2x1", depthwise((2, 1)), numbers(2, 7, 6, 3), numbers(3, 2, 3, 2), numbers(6),
      "same", (2, 1))
write("conv1d_causal_3_dilation2", causal(2), numbers(2, 1, 11, 3), numbers(3, 3, 5), numbers(5), "causal")
write("transpose_same_3x5_stride2", transposed((2, 2), "same"), numbers(2, 4, 5, 3), numbers(3, 5, 4, 3), numbers(4), "same",
      (2, 2))
write("transpose_valid_2x3_stride3x2", transposed((3, 2), "valid"), numbers(2, 3, 4, 2), numbers(2, 3, 3, 2), numbers(3),
      "valid", (3, 2))
write("transpose_same_2x2_stride3", transposed((3, 3), "same"), numbers(2, 2, 3, 2), numbers(2, 2, 2, 2), numbers(2), "same",
      (3, 3))
write("transpose_padding1_4x4_stride2", transposed((2, 2), 1), numbers(2, 3, 4, 2), numbers(4, 4, 3, 2), numbers(3), "1", (2, 2))
write("layer_normalization", lambda x, gamma, beta: F.layer_norm(x, (x.shape[3],), gamma, beta, eps=1e-3), numbers(2, 3, 2, 7),
      numbers(7), numbers(7), "none")
