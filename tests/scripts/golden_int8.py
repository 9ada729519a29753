#!/usr/bin/env python3
"""Writes tests/data/tflite_int8_*.tflite, networks of random bytes as TensorFlow Lite's int8 files have them, and beside each a
.safetensors with three inputs (`x`) and what NumPy makes of them by the two sets of rules (`tflite`, `tflite_micro`).

  apt-get install -y python3-numpy python3-flatbuffers
  /usr/bin/python3 tests/scripts/golden_int8.py tests/data

Not run by any test: for whoever adds an operator. https://ai.google.dev/edge/litert/models/quantization_spec
"""
import math

import numpy as np

from golden_tflite import NONE, RELU, RELU6, SAME, VALID, Model, taps

random = np.random.default_rng(8)
RULES = 'tflite', 'tflite_micro'
f4 = np.float32


def quantized_multiplier(factor):
    mantissa, shift = math.frexp(factor)
    q = math.floor(mantissa * 2 ** 31 + 0.5)
    return (q // 2, shift + 1) if q == 2 ** 31 else (q, shift)


def away(numerator, denominator):
    """Integers, the quotient rounded with halves away from zero."""
    return np.sign(numerator) * ((2 * np.abs(numerator) + denominator) // (2 * denominator))


def twice_rounded(x, factor):
    """TensorFlow Lite's MultiplyByQuantizedMultiplier. (Its first rounding has halves up.)"""
    q, shift = quantized_multiplier(factor)
    product = x.astype(np.int64) * 2 ** max(shift, 0) * q
    high = np.where(product >= 0, (product + 2 ** 30) >> 31, -((2 ** 30 - 1 - product) >> 31))
    return away(high, 2 ** max(-shift, 0))


def scaled(rule, sums, x, kernel, y, one):
    """Sums times x kernel / y, scales being 32-bit floats; `kernel` may have one for each channel."""
    if rule == 'tflite':
        return np.rint(sums.astype(f4) * (f4(x) * kernel.astype(f4) / f4(y))).astype(np.int64)
    each = [float(f4(x) * k) if one else float(f4(x)) * float(k) for k in kernel]
    if len(each) == 1:
        return twice_rounded(sums, each[0] / float(f4(y)))
    return np.stack([twice_rounded(sums[..., c], k / float(f4(y))) for c, k in enumerate(each)], -1)


class Int8Model(Model):
    prefix, source = 'tflite_int8', 'NumPy, integers, golden_int8.py'

    def __init__(self, name, *shape, scale=0.03, zero=-5):
        super().__init__(name, *shape)
        x = random.integers(-128, 128, (3, *shape))
        self.bytes = [dict.fromkeys(RULES, x)]
        self.scales[0] = [f4(scale)], [zero], 0

    def arrays(self, output):
        return {'x': self.bytes[self.input]['tflite'].astype(np.int8),
                **{rule: self.bytes[output][rule].reshape(3, -1).astype(np.int8) for rule in RULES}}

    def tensor(self, value, name, constant=None):
        if hasattr(self, 'bytes'):
            self.bytes.append(None)
        return super().tensor(value, name, constant)

    def scale(self, x):
        return self.scales[x][0][0], self.scales[x][1][0]

    def real(self, x):
        scale, zero = self.scale(x)
        return float(scale) * (self.bytes[x]['tflite'] - zero)

    def weights(self, kernel, bias, scales, axis, x_scale):
        k = self.constant(np.zeros(1, np.int32))
        name, _, _, _ = self.tensors[k]
        self.tensors[k] = name, kernel.shape, kernel.astype(np.int8), False
        self.scales[k] = scales, [0] * len(scales), axis
        b = self.constant(bias.astype(np.int32))
        self.scales[b] = [f4(x_scale) * s for s in scales], [0] * len(scales), 0
        return k, b

    def result(self, code, inputs, real, compute, options_type=0, *fields, fused=NONE, scale=None):
        """`compute(rule, scale, zero)` gives integers around 0 that become bytes."""
        low, high = min(real.min(), 0.0), max(real.max(), 0.0)
        if fused in (RELU, RELU6):
            low, high = 0.0, min(high, 6.0) if fused == RELU6 else high
        if scale is None:
            size = f4((high - low) / 255)
            scale = size, int(np.clip(np.round(-128 - low / size), -128, 127))
        size, zero = scale
        least = max(-128, zero) if fused else -128
        most = min(127, zero + int(away(np.int64(round(6 / float(size) * 2)), 2))) if fused == RELU6 else 127
        out = self.emit(code, inputs, real, options_type, *fields)
        self.bytes[out] = {rule: np.clip(compute(rule, size) + zero, least, most) for rule in RULES}
        self.scales[out] = [size], [zero], 0
        return out

    def convolution(self, code, x, kernel_shape, sums_of, options_type, *fields, axis=0, fused=NONE, scale=None, one=False):
        """`sums_of(values, kernel)` are the sums of a layer over int64."""
        x_scale, x_zero = self.scale(x)
        channels = kernel_shape[axis]
        kernel = random.integers(-127, 128, kernel_shape)
        scales = [f4(s) for s in random.uniform(0.002, 0.02, 1 if one else channels)]
        bias = random.integers(-2000, 2000, channels)
        k, b = self.weights(kernel, bias, scales, axis, x_scale)
        sums = {rule: sums_of(self.bytes[x][rule].astype(np.int64) - x_zero, kernel) + bias for rule in RULES}
        per_channel = np.array(scales, f4)
        return self.result(code, [x, k, b], sums['tflite'] * (float(x_scale) * per_channel.astype(float)),
                           lambda rule, y: scaled(rule, sums[rule], x_scale, per_channel, y, one), options_type, *fields,
                           fused=fused, scale=scale)

    def conv(self, x, filters, kernel, stride=(1, 1), padding=SAME, fused=NONE, dilation=(1, 1), scale=None):
        def sums_of(v, w):
            return sum(t @ w[:, i, j].T for i, j, t in taps(v, kernel, stride, dilation, padding, 0))

        return self.convolution(3, x, (filters, *kernel, self.bytes[x]['tflite'].shape[3]), sums_of, 1, (0, 'b', padding),
                                (1, 'i', stride[1]), (2, 'i', stride[0]), (3, 'b', fused), (4, 'i', dilation[1]),
                                (5, 'i', dilation[0]), fused=fused, scale=scale)

    def depthwise(self, x, kernel, multiplier=1, stride=(1, 1), padding=SAME, fused=NONE):
        def sums_of(v, w):
            return sum(np.repeat(t, multiplier, 3) * w[0, i, j] for i, j, t in taps(v, kernel, stride, (1, 1), padding, 0))

        channels = self.bytes[x]['tflite'].shape[3] * multiplier
        return self.convolution(4, x, (1, *kernel, channels), sums_of, 2, (0, 'b', padding), (1, 'i', stride[1]),
                                (2, 'i', stride[0]), (3, 'i', multiplier), (4, 'b', fused), axis=3, fused=fused)

    def dense(self, x, outputs, fused=NONE):
        size = self.bytes[x]['tflite'][0].size
        return self.convolution(9, x, (outputs, size), lambda v, w: v.reshape(3, -1) @ w.T, 8, (0, 'b', fused), fused=fused,
                                one=True)

    def moved(self, code, inputs, bytes_of, options_type=0, *fields):
        """Bytes that keep the scale of the first input."""
        x = inputs[0]
        out = self.emit(code, inputs, bytes_of('tflite').astype(float), options_type, *fields)
        self.bytes[out] = {rule: bytes_of(rule) for rule in RULES}
        self.scales[out] = self.scales[x]
        return out

    def pool(self, x, window, stride, padding=VALID, largest=False):
        def bytes_of(rule):
            v = self.bytes[x][rule].astype(np.int64)
            if largest:
                return np.max([t for _, _, t in taps(v, window, stride, (1, 1), padding, -999)], 0)
            count = sum(t for _, _, t in taps(np.ones_like(v), window, stride, (1, 1), padding, 0))
            return away(sum(t for _, _, t in taps(v, window, stride, (1, 1), padding, 0)), count)

        return self.moved(17 if largest else 1, [x], bytes_of, 5, (0, 'b', padding), (1, 'i', stride[1]),
                          (2, 'i', stride[0]), (3, 'i', window[1]), (4, 'i', window[0]))

    def reshape(self, x, *shape):
        to = self.constant(np.array([1, *shape]))
        return self.moved(22, [x, to], lambda rule: self.bytes[x][rule].reshape(3, *shape), 17)

    def pad(self, x, rows, columns):
        around = [(0, 0), rows, columns, (0, 0)]
        zero = self.scale(x)[1]
        return self.moved(34, [x, self.constant(np.array(around))],
                          lambda rule: np.pad(self.bytes[x][rule], around, constant_values=zero), 22)

    def resize_nearest(self, x, rows, columns):
        size = [self.bytes[x]['tflite'].shape[1] * rows, self.bytes[x]['tflite'].shape[2] * columns]
        return self.moved(97, [x, self.constant(np.array(size))],
                          lambda rule: self.bytes[x][rule].repeat(rows, 1).repeat(columns, 2), 74)

    def concatenation(self, *xs):
        assert len({self.scale(x) for x in xs}) == 1
        return self.moved(2, list(xs), lambda rule: np.concatenate([self.bytes[x][rule] for x in xs], 3), 10, (0, 'i', 3))

    def add(self, x, y, fused=NONE):
        (a, za), (b, zb) = self.scale(x), self.scale(y)

        def sums(rule, c):
            va, vb = self.bytes[x][rule].astype(np.int64) - za, self.bytes[y][rule].astype(np.int64) - zb
            if rule == 'tflite':
                n = 20 - math.floor(math.log2(max(f4(a) / f4(c), f4(b) / f4(c))))
                qa, qb = (int(np.rint(float(f4(s) / f4(c)) * 2 ** n)) for s in (a, b))
                return (qa * va + qb * vb + (1 << (n - 1))) >> n
            m = 2 * max(float(a), float(b))
            raised = sum(twice_rounded(v << 20, float(s) / m) for v, s in ((va, a), (vb, b)))
            return twice_rounded(raised, m / (2 ** 20 * float(c)))

        return self.result(0, [x, y], self.real(x) + self.real(y), sums, 11, (0, 'b', fused), fused=fused)

    def mul(self, x, y):
        (a, za), (b, zb) = self.scale(x), self.scale(y)

        def products(rule, c):
            p = (self.bytes[x][rule].astype(np.int64) - za) * (self.bytes[y][rule].astype(np.int64) - zb)
            if rule == 'tflite':
                return np.rint(p.astype(f4) * (f4(a) * f4(b) / f4(c))).astype(np.int64)
            return twice_rounded(p, float(a) * float(b) / float(c))

        return self.result(18, [x, y], self.real(x) * self.real(y), products, 21)

    def nearest(self, code, x, function, scale, zero, *options):
        """The byte next to the true value, which must not be between two."""
        def bytes_of(rule):
            size, offset = self.scale(x)
            y = function(float(size) * (self.bytes[x][rule] - offset)) / scale
            assert np.abs(y - np.floor(y) - 0.5).min() > 1e-3, 'between two bytes; take other numbers'
            return np.rint(y).astype(np.int64)

        return self.result(code, [x], function(self.real(x)), lambda rule, _: bytes_of(rule), *options,
                           scale=(f4(scale), zero))

    def softmax(self, x):
        def function(v):
            e = np.exp(v - v.max(-1, keepdims=True))
            return e / e.sum(-1, keepdims=True)

        return self.nearest(25, x, function, 1 / 256, -128, 9, (0, 'f', 1.0))

    def logistic(self, x):
        return self.nearest(14, x, lambda v: 1 / (1 + np.exp(-v)), 1 / 256, -128)

    def tanh(self, x):
        return self.nearest(28, x, np.tanh, 1 / 128, 0)


def write_all():
    m = Int8Model('resnet', 8, 7, 3)
    x = m.conv(m.input, 5, (3, 3), fused=RELU)
    y = m.conv(m.conv(x, 5, (3, 3), fused=RELU), 5, (3, 3))
    x = m.add(x, y, RELU)
    y = m.conv(m.conv(x, 17, (3, 3), (2, 2), fused=RELU), 6, (3, 3))
    x = m.add(m.conv(x, 6, (1, 1), (2, 2)), y)
    x = m.reshape(m.pool(x, (4, 4), (4, 4)), 6)
    m.write(m.softmax(m.dense(x, 5)))

    m = Int8Model('key_words', 13, 9, 1, scale=0.6, zero=83)
    x = m.conv(m.input, 8, (10, 4), (2, 2), fused=RELU)
    x = m.conv(m.depthwise(x, (3, 3), fused=RELU6), 7, (1, 1), fused=RELU)
    x = m.depthwise(m.pad(x, (1, 0), (2, 1)), (3, 2), 2, (2, 1), VALID, RELU)
    x = m.pool(x, (2, 2), (1, 1), SAME)
    m.write(m.dense(m.pool(x, (3, 3), (2, 2), SAME, True), 4, RELU))

    m = Int8Model('squeeze', 6, 6, 4, zero=127)
    x = m.conv(m.input, 6, (2, 2), dilation=(2, 1))
    y = m.logistic(m.conv(m.conv(m.pool(x, (6, 6), (6, 6)), 3, (1, 1), fused=RELU), 6, (1, 1)))
    x = m.mul(x, y)
    y = m.conv(m.pool(x, (2, 2), (2, 2), largest=True), 3, (3, 3), scale=(f4(0.4), 11))
    x = m.concatenation(m.conv(x, 4, (1, 1), scale=(f4(0.4), 11)), m.resize_nearest(y, 2, 2))
    m.write(m.tanh(m.conv(x, 2, (3, 3), (2, 1), VALID, scale=(f4(0.2), -30))))


if __name__ == '__main__':
    write_all()
