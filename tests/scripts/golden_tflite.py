#!/usr/bin/env python3
"""Writes tests/data/tflite_*.tflite, networks of random weights as TensorFlow Lite writes them, and beside each a
.safetensors with three inputs (`x`) and what NumPy makes of them in float64 (`y`), by the operators' definitions.

  apt-get install -y python3-numpy python3-flatbuffers
  /usr/bin/python3 tests/scripts/golden_tflite.py tests/data

Not run by any test: for whoever adds an operator. The numbers of operators, options and fields are the schema's:
https://github.com/tensorflow/tensorflow/blob/master/tensorflow/lite/schema/schema.fbs
"""
import json, pathlib, struct, sys

import flatbuffers
import numpy as np

NONE, RELU, CLIP, RELU6, TANH = range(5)  # activations that the schema fuses
FUSED = {NONE: lambda x: x, RELU: lambda x: np.maximum(x, 0), CLIP: lambda x: np.clip(x, -1, 1),
         RELU6: lambda x: np.clip(x, 0, 6), TANH: np.tanh}
SAME, VALID = 0, 1
random = np.random.default_rng(12)


def numbers(*shape, scale=None):
    """Weights whose sums stay near 1."""
    scale = scale or 1.5 / np.sqrt(max(np.prod(shape[1:]), 1))
    return (random.standard_normal(shape) * scale).astype(np.float32)


def pads(n, window, stride, padding):
    """Pixels before and after; the window is as wide as it reaches."""
    total = max((-(-n // stride) - 1) * stride + window - n, 0) if padding == SAME else 0
    return total // 2, total - total // 2


def taps(x, kernel, stride, dilation, padding, fill=0.0):
    """What each tap of a window sees: (row, column, images x rows x columns x channels)."""
    reach = [(kernel[a] - 1) * dilation[a] + 1 for a in (0, 1)]
    around = [pads(x.shape[1 + a], reach[a], stride[a], padding) for a in (0, 1)]
    x = np.pad(x, [(0, 0), *around, (0, 0)], constant_values=fill)
    out = [(x.shape[1 + a] - reach[a]) // stride[a] + 1 for a in (0, 1)]
    for i in range(kernel[0]):
        for j in range(kernel[1]):
            yield i, j, x[:, i * dilation[0]:, j * dilation[1]:][:, :(out[0] - 1) * stride[0] + 1:stride[0],
                                                                  :(out[1] - 1) * stride[1] + 1:stride[1]]


class Model:
    """Writes operators, and computes what they give at the same time. A tensor is its number."""

    def __init__(self, name, *shape):
        self.name, self.tensors, self.values, self.operators = name, [], [], []
        self.scales = {}  # of tensors of bytes: (scales, zeros, axis)
        self.input = self.tensor(random.standard_normal((3, *shape)).astype(np.float32).astype(np.float64), 'input')

    def tensor(self, value, name, constant=None):
        shape = constant.shape if constant is not None else (1, *value.shape[1:])
        self.tensors.append((name, shape, constant, value.dtype.kind == 'i'))
        self.values.append(value)
        return len(self.tensors) - 1

    def constant(self, array):
        array = np.asarray(array)
        array = array.astype(np.int32 if array.dtype.kind == 'i' else np.float32)
        value = array if array.dtype.kind == 'i' else array.astype(np.float64)
        return self.tensor(value, f'constant_{len(self.tensors)}', array)

    def emit(self, code, inputs, y, options_type=0, *fields, like=None):
        out = self.tensor(y, f'{self.name}/{len(self.operators)}') if like is None else like
        self.operators.append((code, inputs, out, options_type, fields))
        return out

    # Fields of options: (number, 'b' byte or 'i' integer or 'f' float, value).
    def conv(self, x, filters, kernel, stride=(1, 1), padding=SAME, fused=NONE, dilation=(1, 1), groups=1, bias=True):
        v = self.values[x]
        w = self.constant(numbers(filters, *kernel, v.shape[3] // groups))
        inputs = [x, w, self.constant(numbers(filters, scale=0.3)) if bias else -1]
        parts = []
        for g in range(groups):
            own = slice(g * filters // groups, (g + 1) * filters // groups)
            seen = slice(g * v.shape[3] // groups, (g + 1) * v.shape[3] // groups)
            parts.append(sum(t[..., seen] @ self.values[w][own, i, j].T for i, j, t in taps(v, kernel, stride, dilation, padding)))
        y = np.concatenate(parts, 3) + (self.values[inputs[2]] if bias else 0)
        return self.emit(3, inputs, FUSED[fused](y), 1, (0, 'b', padding), (1, 'i', stride[1]), (2, 'i', stride[0]),
                         (3, 'b', fused), (4, 'i', dilation[1]), (5, 'i', dilation[0]))

    def depthwise(self, x, kernel, multiplier=1, stride=(1, 1), padding=SAME, fused=NONE, dilation=(1, 1)):
        v = self.values[x]
        out = v.shape[3] * multiplier
        w, b = self.constant(numbers(1, *kernel, out, scale=0.5)), self.constant(numbers(out, scale=0.3))
        y = sum(np.repeat(t, multiplier, 3) * self.values[w][0, i, j] for i, j, t in taps(v, kernel, stride, dilation, padding))
        return self.emit(4, [x, w, b], FUSED[fused](y + self.values[b]), 2, (0, 'b', padding), (1, 'i', stride[1]),
                         (2, 'i', stride[0]), (3, 'i', multiplier), (4, 'b', fused), (5, 'i', dilation[1]), (6, 'i', dilation[0]))

    def transpose_conv(self, x, filters, kernel, stride, padding):
        v = self.values[x]
        w, b = self.constant(numbers(filters, *kernel, v.shape[3])), self.constant(numbers(filters, scale=0.3))
        full = [(v.shape[1 + a] - 1) * stride[a] + max(kernel[a], stride[a]) for a in (0, 1)]
        y = np.zeros((len(v), *full, filters))
        for i in range(kernel[0]):
            for j in range(kernel[1]):
                y[:, i:i + (v.shape[1] - 1) * stride[0] + 1:stride[0],
                  j:j + (v.shape[2] - 1) * stride[1] + 1:stride[1]] += v @ self.values[w][:, i, j].T
        if padding == SAME:
            size = [v.shape[1 + a] * stride[a] for a in (0, 1)]
            first = [max(kernel[a] - stride[a], 0) // 2 for a in (0, 1)]
            y = y[:, first[0]:first[0] + size[0], first[1]:first[1] + size[1]]
        shape = self.constant(np.array([1, *y.shape[1:]]))
        return self.emit(67, [shape, w, x, b], y + self.values[b], 49, (0, 'b', padding), (1, 'i', stride[1]), (2, 'i', stride[0]))

    def dense(self, x, outputs, fused=NONE):
        v = self.values[x].reshape(len(self.values[x]), -1)
        w, b = self.constant(numbers(outputs, v.shape[1])), self.constant(numbers(outputs, scale=0.3))
        return self.emit(9, [x, w, b], FUSED[fused](v @ self.values[w].T + self.values[b]), 8, (0, 'b', fused))

    def pool(self, x, window, stride, padding=VALID, largest=False):
        v = self.values[x]
        if largest:
            y = np.max([t for _, _, t in taps(v, window, stride, (1, 1), padding, -np.inf)], 0)
        else:
            count = sum(t for _, _, t in taps(np.ones_like(v), window, stride, (1, 1), padding))
            y = sum(t for _, _, t in taps(v, window, stride, (1, 1), padding)) / count
        return self.emit(17 if largest else 1, [x], y, 5, (0, 'b', padding), (1, 'i', stride[1]), (2, 'i', stride[0]),
                         (3, 'i', window[1]), (4, 'i', window[0]))

    def add(self, x, y, fused=NONE):
        return self.emit(0, [x, y], FUSED[fused](self.values[x] + self.values[y]), 11, (0, 'b', fused))

    def mul(self, x, y):
        return self.emit(18, [x, y], self.values[x] * self.values[y], 21)

    def concatenation(self, *xs, axis=3):
        return self.emit(2, list(xs), np.concatenate([self.values[x] for x in xs], axis), 10, (0, 'i', axis))

    def pad(self, x, rows, columns):
        around = [(0, 0), rows, columns, (0, 0)]
        return self.emit(34, [x, self.constant(np.array(around))], np.pad(self.values[x], around), 22)

    def mean(self, x, keep=False):
        return self.emit(40, [x, self.constant(np.array([1, 2]))], self.values[x].mean((1, 2), keepdims=keep), 27, (0, 'b', keep))

    def reshape(self, x, *shape, to=None):
        to = self.constant(np.array([1, *shape])) if to is None else to
        return self.emit(22, [x, to], self.values[x].reshape(-1, *shape), 17)

    def reshape_by_arithmetic(self, x, size):
        """How Keras' exports flatten: SHAPE, STRIDED_SLICE, PACK, RESHAPE."""
        shape = self.emit(77, [x], np.array([1, *self.values[x].shape[1:]], dtype=np.int32), 55, (0, 'b', 2))
        self.tensors[shape] = (self.tensors[shape][0], (self.values[x].ndim,), None, True)
        ends = [self.constant(np.array([i])) for i in (0, 1, 1)]
        batch = self.emit(45, [shape, *ends], np.array(1, dtype=np.int32), 32, (4, 'i', 1))
        self.tensors[batch] = (self.tensors[batch][0], (), None, True)
        packed = self.emit(83, [batch, self.constant(np.array(size))], np.array([1, size], dtype=np.int32), 59, (0, 'i', 2))
        self.tensors[packed] = (self.tensors[packed][0], (2,), None, True)
        return self.reshape(x, size, to=packed)

    def expand_dims(self, x, axis):
        return self.emit(70, [x, self.constant(np.array(axis))], np.expand_dims(self.values[x], axis), 52)

    def squeeze(self, x, axis):
        return self.emit(43, [x], np.squeeze(self.values[x], axis), 30)

    def resize_nearest(self, x, rows, columns):
        y = self.values[x].repeat(rows, 1).repeat(columns, 2)
        return self.emit(97, [x, self.constant(np.array(y.shape[1:3]))], y, 74)

    def resize_bilinear(self, x, rows, columns):
        y = self.values[x]
        for axis, factor in (1, rows), (2, columns):
            at = np.clip((np.arange(y.shape[axis] * factor) + 0.5) / factor - 0.5, 0, y.shape[axis] - 1)
            low = np.floor(at).astype(int)
            share = (at - low).reshape([-1 if a == axis else 1 for a in range(4)])
            y = y.take(low, axis) * (1 - share) + y.take(np.minimum(low + 1, y.shape[axis] - 1), axis) * share
        return self.emit(23, [x, self.constant(np.array(y.shape[1:3]))], y, 15, (3, 'b', 1))

    def softmax(self, x):
        e = np.exp(self.values[x])
        return self.emit(25, [x], e / e.sum(-1, keepdims=True), 9, (0, 'f', 1.0))

    def leaky_relu(self, x, alpha):
        v = self.values[x]
        return self.emit(98, [x], np.where(v < 0, v * float(np.float32(alpha)), v), 75, (0, 'f', alpha))

    def prelu(self, x):
        v = self.values[x]
        slope = self.constant(numbers(1, 1, v.shape[3], scale=0.3))
        return self.emit(54, [x, slope], np.where(v < 0, v * self.values[slope], v))

    def logistic(self, x):
        return self.emit(14, [x], 1 / (1 + np.exp(-self.values[x])))

    def activation(self, x, code, function):
        return self.emit(code, [x], function(self.values[x]))

    def hard_swish(self, x):
        return self.activation(x, 117, lambda v: v * np.clip(v + 3, 0, 6) / 6)

    def write(self, output):
        b = flatbuffers.Builder(4096)

        def vector(elements, size=4, prepend=b.PrependInt32, alignment=4):
            b.StartVector(size, len(elements), alignment)
            for element in reversed(elements):
                prepend(element)
            return b.EndVector()

        def offsets(elements):
            return vector(elements, prepend=b.PrependUOffsetTRelative)

        def table(*fields):
            b.StartObject(1 + max((number for number, _, _ in fields), default=-1))
            for number, kind, value in fields:
                {'b': b.PrependUint8Slot, 'i': b.PrependInt32Slot, 'f': b.PrependFloat32Slot,
                 'o': b.PrependUOffsetTRelativeSlot}[kind](number, value, 0)
            return b.EndObject()

        def bytes_(data):
            b.StartVector(1, len(data), 16)
            b.head -= len(data)
            b.Bytes[b.head:b.head + len(data)] = data
            return b.EndVector()

        buffers, tensors = [table()], []  # buffer 0 is that of tensors without numbers
        for which, (name, shape, constant, is_integer) in enumerate(self.tensors):
            number = 0
            if constant is not None:
                number = len(buffers)
                buffers.append(table((0, 'o', bytes_(constant.tobytes()))))
            extents, letters = vector(shape), b.CreateString(name)
            kind, quantization = 2 if is_integer else 0, []
            if which in self.scales:
                scales, zeros, axis = self.scales[which]
                lists = vector(scales, prepend=b.PrependFloat32), vector(zeros, 8, b.PrependInt64, 8)
                quantization = [(4, 'o', table((2, 'o', lists[0]), (3, 'o', lists[1]), (6, 'i', axis)))]
                kind = 9 if constant is None or constant.dtype == np.int8 else 2
            tensors.append(table((0, 'o', extents), (1, 'b', kind), (2, 'i', number), (3, 'o', letters), *quantization))
        codes, operators = sorted({code for code, *_ in self.operators}), []
        for code, inputs, out, options_type, fields in self.operators:
            lists = vector(inputs), vector([out])
            options = table(*fields) if options_type else 0
            operators.append(table((0, 'i', codes.index(code)), (1, 'o', lists[0]), (2, 'o', lists[1]),
                                   *([(3, 'b', options_type), (4, 'o', options)] if options_type else [])))
        ends = vector([self.input]), vector([output])
        lists = offsets(tensors), offsets(operators)
        graph = offsets([table((0, 'o', lists[0]), (1, 'o', ends[0]), (2, 'o', ends[1]), (3, 'o', lists[1]))])
        kinds = offsets([table((0, 'b', code), (3, 'i', code)) for code in codes])
        words, all_buffers = b.CreateString('golden_tflite.py'), offsets(buffers)
        b.Finish(table((0, 'i', 3), (1, 'o', kinds), (2, 'o', graph), (3, 'o', words), (4, 'o', all_buffers)), b'TFL3')
        (folder() / f'{self.prefix}_{self.name}.tflite').write_bytes(b.Output())

        header, data = {'__metadata__': {'source': self.source}}, b''
        for key, array in self.arrays(output).items():
            own = array.tobytes() if array.dtype == np.int8 else array.astype('<f4').tobytes()
            header[key] = {'dtype': 'I8' if array.dtype == np.int8 else 'F32', 'shape': list(array.shape),
                           'data_offsets': [len(data), len(data) + len(own)]}
            data += own
        text = json.dumps(header).encode()
        text += b' ' * (-len(text) % 8)
        (folder() / f'{self.prefix}_{self.name}.safetensors').write_bytes(struct.pack('<Q', len(text)) + text + data)

    prefix, source = 'tflite', 'NumPy, float64, golden_tflite.py'

    def arrays(self, output):
        return {'x': self.values[self.input], 'y': self.values[output].reshape(3, -1)}


def folder():
    return pathlib.Path(sys.argv[1])


def write_all():
    m = Model('resnet', 8, 7, 3)
    x = m.conv(m.input, 4, (3, 3), fused=RELU)
    y = m.conv(m.conv(x, 4, (3, 3), fused=RELU), 4, (3, 3))
    x = m.add(x, y, RELU)
    y = m.conv(m.conv(x, 6, (3, 3), (2, 2), fused=RELU), 6, (3, 3))
    x = m.add(m.conv(x, 6, (1, 1), (2, 2)), y, RELU)
    x = m.reshape(m.pool(x, (4, 4), (4, 4)), 6)
    m.write(m.softmax(m.dense(x, 5)))

    m = Model('depthwise', 9, 8, 2)
    x = m.conv(m.pad(m.input, (0, 1), (0, 1)), 5, (3, 3), (2, 2), VALID, RELU6)
    x = m.conv(m.depthwise(x, (3, 3), fused=RELU6), 7, (1, 1), fused=RELU6)
    x = m.depthwise(m.pad(x, (0, 1), (1, 1)), (3, 2), 2, (2, 1), VALID, RELU6)
    x = m.depthwise(x, (2, 3), 1, (1, 1), SAME, NONE, (1, 2))
    m.write(m.softmax(m.dense(m.mean(x), 4)))

    m = Model('squeeze', 7, 6, 4)
    x = m.conv(m.input, 6, (3, 3), fused=RELU, groups=2)
    y = m.logistic(m.conv(m.conv(m.mean(x, True), 3, (1, 1), fused=RELU), 6, (1, 1)))
    x = m.pool(m.mul(x, y), (2, 2), (2, 2), largest=True)
    x = m.conv(x, 5, (2, 2), dilation=(2, 1), bias=False)
    x = m.pool(m.pool(x, (3, 3), (2, 2), SAME), (2, 2), (1, 1), SAME, True)
    m.write(m.reshape(m.mean(x, True), 5))

    m = Model('u_net', 8, 6, 2)
    x = m.conv(m.input, 4, (3, 3), fused=RELU)
    y = m.conv(m.pool(x, (2, 2), (2, 2), largest=True), 6, (3, 3), fused=RELU)
    x = m.concatenation(x, m.resize_nearest(y, 2, 2))
    y = m.conv(x, 5, (3, 3), (2, 2), fused=RELU)
    y = m.concatenation(m.transpose_conv(y, 3, (3, 4), (2, 2), SAME), m.transpose_conv(y, 2, (2, 2), (2, 2), VALID))
    x = m.concatenation(y, x)
    m.write(m.logistic(m.conv(x, 1, (1, 1))))

    m = Model('activations', 5, 4, 3)
    x = m.leaky_relu(m.conv(m.input, 4, (1, 1)), 0.3)
    x = m.prelu(m.conv(x, 5, (2, 2)))
    x = m.hard_swish(m.conv(x, 4, (1, 1)))
    x = m.activation(m.mul(x, m.constant(numbers(4, scale=1.0))), 28, np.tanh)
    x = m.logistic(m.conv(x, 3, (1, 1), fused=TANH))
    x = m.resize_bilinear(m.add(x, m.constant(numbers(1, 1, 1, 3, scale=0.5))), 2, 3)
    x = m.conv(x, 4, (1, 1), fused=CLIP)
    x = m.activation(m.conv(x, 4, (1, 1)), 111, lambda v: np.where(v < 0, np.expm1(v), v))
    m.write(m.activation(m.activation(x, 19, lambda v: np.maximum(v, 0)), 21, lambda v: np.clip(v, 0, 6)))

    m = Model('reshapes', 4, 3, 2)
    x = m.conv(m.input, 3, (2, 2), fused=RELU)
    x = m.dense(m.reshape_by_arithmetic(x, 36), 12, RELU)
    x = m.conv(m.reshape(x, 2, 2, 3), 4, (2, 2), fused=RELU)
    m.write(m.dense(m.reshape_by_arithmetic(x, 16), 3))

    m = Model('sequence', 11, 3)  # of one dimension, as Keras exports Conv1D
    x = m.squeeze(m.conv(m.expand_dims(m.input, 1), 5, (1, 3), fused=RELU), 1)
    x = m.squeeze(m.conv(m.expand_dims(x, 1), 4, (1, 3), (1, 2), VALID), 1)
    m.write(m.softmax(m.dense(m.reshape(x, 20), 3)))


if __name__ == '__main__':
    write_all()
