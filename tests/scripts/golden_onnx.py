#!/usr/bin/env python3
"""Writes tests/data/onnx_*.onnx, small networks as PyTorch exports them, and inputs and outputs (float64) of each.

  apt-get install -y python3-torch python3-numpy
  /usr/bin/python3 tests/scripts/golden_onnx.py tests/data [NAME...]

The networks' types are in tests/whole/model_file_onnx.cpp. Inputs and outputs are in the library's order, channels last. Not
run by any test. MLPerf Tiny's networks have all layers there, but a fifth of the filters or fewer, and small images; in full size,
with batch normalization and folded, compared by import_model and not kept:

  /usr/bin/python3 tests/scripts/golden_onnx.py FOLDER --full build/examples/import_model
"""
import json, os, struct, subprocess, sys, warnings

import torch
import torch.nn as nn
import torch.nn.functional as F

warnings.simplefilter("ignore")
FOLDER = sys.argv[1]
IMPORT_MODEL = sys.argv[3] if sys.argv[2:3] == ["--full"] else None
NAMES = sys.argv[2:]


def write_safetensors(path, arrays):
    header = {"__metadata__": {"source": f"PyTorch {torch.__version__.split('a')[0]}, float64, golden_onnx.py"}}
    data = b""
    for key, array in arrays.items():
        bytes_ = array.to(torch.float32).contiguous().numpy().tobytes()
        header[key] = {"dtype": "F32", "shape": list(array.shape), "data_offsets": [len(data), len(data) + len(bytes_)]}
        data += bytes_
    text = json.dumps(header).encode()
    text += b" " * (-len(text) % 8)
    with open(path, "wb") as file:
        file.write(struct.pack("<Q", len(text)) + text + data)


def channels_last(x):
    return {4: lambda: x.permute(0, 2, 3, 1), 3: lambda: x.permute(0, 2, 1)}.get(x.dim(), lambda: x)()


def export(name, network, *shape, is_in_order=False, **options):
    """With is_in_order the output is channels last already."""
    if IMPORT_MODEL or (NAMES and name not in NAMES):
        return
    torch.manual_seed(7)
    give_numbers(network)
    x = torch.randn(3, *shape)
    y = write_onnx(os.path.join(FOLDER, f"onnx_{name}"), network, x, **options)
    write_safetensors(os.path.join(FOLDER, f"onnx_{name}.safetensors"),
                      {"x": channels_last(x), "y": y if is_in_order else channels_last(y)})


def give_numbers(network):
    for module in network.modules():
        if isinstance(module, (nn.BatchNorm1d, nn.BatchNorm2d)):
            nn.init.normal_(module.weight, 1, 0.2)
            nn.init.normal_(module.bias, 0, 0.2)
            nn.init.normal_(module.running_mean, 0, 0.3)
            nn.init.uniform_(module.running_var, 0.5, 2)
    network.eval()


def write_onnx(path, network, x, **options):
    """The outputs in float64."""
    torch.onnx.export(network, x[:1], path + ".onnx", input_names=["x"], output_names=["y"],
                      **{"opset_version": 13, "dynamic_axes": {"x": {0: "n"}, "y": {0: "n"}}, **options})
    with torch.no_grad():
        y = network.double()(x.double())
    network.float()
    print(path, os.path.getsize(path + ".onnx"))
    return y


class lambda_(nn.Module):
    def __init__(self, function, **parts):
        super().__init__()
        self.function = function
        for name, part in parts.items():
            setattr(self, name, part)

    def forward(self, x):
        return self.function(self, x)


def conv(*sizes, **options):
    return nn.Conv2d(*sizes, **options)


def conv_bn(i, o, k, s=1, groups=1):
    return nn.Sequential(conv(i, o, k, stride=s, padding=k // 2, groups=groups, bias=False), nn.BatchNorm2d(o))


torch.manual_seed(1)
export("lenet5", nn.Sequential(
    conv(1, 4, 5, padding=2), nn.Tanh(), nn.AvgPool2d(2), conv(4, 6, 3), nn.ReLU(), nn.MaxPool2d(2, stride=2),
    nn.Flatten(), nn.Linear(6 * 2 * 3, 10), nn.ReLU(), nn.Dropout(0.5), nn.Linear(10, 7), nn.Softmax(1)), 1, 13, 16)

def inverted(n, x):
    x = n.first(x)
    return F.adaptive_avg_pool2d(n.last(n.block(x) + x), 1)


export("mobilenet", lambda_(
    inverted, first=nn.Sequential(conv_bn(3, 5, 3, 2), nn.ReLU6()),
    block=nn.Sequential(conv_bn(5, 15, 1), nn.ReLU6(), conv_bn(15, 15, 3, groups=15), nn.ReLU6(), conv_bn(15, 5, 1)),
    last=nn.Sequential(conv_bn(5, 10, 3, 2, groups=5), nn.ReLU6(), conv_bn(10, 7, 1))), 3, 11, 9)


class residual(nn.Module):
    def __init__(self, i, o, s):
        super().__init__()
        self.way = nn.Sequential(conv_bn(i, o, 3, s), nn.ReLU(), conv_bn(o, o, 3))
        self.short = conv_bn(i, o, 1, s) if s != 1 else nn.Identity()

    def forward(self, x):
        return F.relu(self.way(x) + self.short(x))


resnet = nn.Sequential(conv_bn(3, 4, 3), nn.ReLU(), residual(4, 4, 1), residual(4, 6, 2), nn.AdaptiveAvgPool2d(1),
                       nn.Flatten(), nn.Linear(6, 5))
export("resnet", resnet, 3, 9, 8)
export("resnet_bn", resnet, 3, 9, 8, training=torch.onnx.TrainingMode.PRESERVE, do_constant_folding=False)

def go_down_and_up(n, x):
    top = n.top(x)
    down = n.down(F.max_pool2d(top, 2))
    deep = F.relu(n.deep(F.max_pool2d(down, 2)))
    up = torch.cat((F.interpolate(deep, scale_factor=2, mode="bilinear"), down), 1)
    return n.out(torch.cat((n.up(F.relu(n.middle(up))), top), 1))


export("unet", lambda_(
    go_down_and_up, top=nn.Sequential(conv(2, 3, 3, padding=1), nn.ReLU()), down=nn.Sequential(conv(3, 4, 3, padding=1), nn.ReLU()),
    deep=conv(4, 5, 3, padding=1), middle=conv(9, 4, 3, padding=1), up=nn.ConvTranspose2d(4, 3, 2, stride=2),
    out=nn.Sequential(nn.ConvTranspose2d(6, 4, 3, padding=1), nn.LeakyReLU(0.1), conv(4, 2, 1), nn.Sigmoid())), 2, 12, 8)


def squeeze(n, x):
    x = F.silu(n.first(x))
    x = x * torch.sigmoid(n.expand(F.relu(n.reduce(F.adaptive_avg_pool2d(x, 1)))))
    s = torch.sigmoid(n.more(F.relu(n.less(x.mean((2, 3))))))
    x = x * s.view(s.size(0), 6, 1, 1)
    return n.last(x).flatten(1)


export("squeeze", lambda_(squeeze, first=conv(2, 6, 3), reduce=conv(6, 3, 1), expand=conv(3, 6, 1), less=nn.Linear(6, 2),
                          more=nn.Linear(2, 6), last=nn.Sequential(conv(6, 3, 3), nn.AdaptiveMaxPool2d(1))), 2, 8, 7)

export("one_dimension", nn.Sequential(
    nn.Conv1d(3, 4, 5, stride=2, padding=2), nn.BatchNorm1d(4), nn.ReLU(), nn.MaxPool1d(2), nn.Conv1d(4, 6, 3, padding=2,
    dilation=2, groups=2), nn.ELU(0.5), nn.AvgPool1d(3, stride=2), nn.Upsample(scale_factor=3), nn.ConvTranspose1d(6, 5, 3, stride=2,
    padding=1, output_padding=1), nn.Flatten(), nn.Linear(5 * 24, 4), nn.Softplus()), 3, 41,
    training=torch.onnx.TrainingMode.PRESERVE, do_constant_folding=False)


def detect(n, x):
    large = F.relu(n.first(x))
    small = F.relu(n.second(large))
    heads = [head(map_).permute(0, 2, 3, 1).reshape(x.size(0), -1, 5) for head, map_ in ((n.of_large, large), (n.of_small, small))]
    return torch.cat(heads, 1)


export("detector", lambda_(detect, first=conv(1, 4, 3, stride=2, padding=1), second=conv(4, 6, 3, stride=2),
                           of_large=conv(4, 10, 3, padding=1), of_small=conv(6, 15, 1)), 1, 11, 9, is_in_order=True)

export("view", lambda_(lambda n, x: n.last(torch.tanh(n.first(F.relu(n.conv(F.pad(x, (1, 0, 2, 1)))).view(x.size(0), -1)))),
                       conv=conv(2, 3, (3, 2), stride=(2, 1), bias=False), first=nn.Linear(3 * 4 * 6, 6, bias=False),
                       last=nn.Linear(6, 3)), 2, 6, 6, do_constant_folding=False)

dense = [nn.Linear(21, 9), nn.BatchNorm1d(9), nn.ReLU(), nn.Linear(9, 3), nn.ReLU(), nn.Linear(3, 9), nn.SELU(), nn.Linear(9, 21)]
export("autoencoder", nn.Sequential(*dense), 21, training=torch.onnx.TrainingMode.PRESERVE, do_constant_folding=False)


def activate(n, x):
    x = F.hardswish(n.a(x))
    x = F.hardsigmoid(F.leaky_relu(n.b(x), 0.2)) + F.elu(n.c(x))
    x = torch.clamp(n.p(n.d(x)), -0.5, 1.5) * 0.7 + 0.1
    x = torch.cat((F.softsign(x), F.gelu(n.f(n.e(x)))), 1)
    return torch.softmax(x, 1)


export("activations", lambda_(activate, a=conv(2, 3, 3, padding=1), b=conv(3, 4, 1), c=conv(3, 4, 1), d=conv(4, 3, 3),
                              p=nn.PReLU(3), e=conv(3, 2, 1), f=conv(2, 5, 1)), 2, 6, 5, opset_version=14)


def mix(n, x):  # channels last: dense layers for each pixel
    x = n.patches(x).flatten(2).transpose(1, 2)
    x = x + n.second(F.gelu(n.first(x)))
    return n.head(x.mean(1))


export("mixer", lambda_(mix, patches=conv(3, 6, 4, stride=4), first=nn.Linear(6, 11), second=nn.Linear(11, 6),
                        head=nn.Linear(6, 4)), 3, 12, 8)


def decode(n, x):
    return n.up(F.relu(n.first(x)).view(x.size(0), 4, 3, 2))


export("decoder", lambda_(decode, first=nn.Linear(5, 24), up=nn.Sequential(
    nn.ConvTranspose2d(4, 3, 4, stride=2, padding=1), nn.ReLU(), conv(3, 2, 3, padding=1), nn.Tanh())), 5)


# MLPerf Tiny's networks (github.com/mlcommons/tiny, benchmark/training), as examples/mlperf_tiny/networks.hpp has them: Keras'
# padding "same" and epsilon, a bias beside batch normalization. `width` is what becomes of a number of filters.

def same(i, o, k, s, size, **options):
    """Of an input of so many rows and columns: PyTorch pads on both sides alike, Keras more at the end."""
    more = [max(0, (-(-n // s) - 1) * s + k_ - n) for n, k_ in zip(size, k)]
    padding = [n // 2 for n in more]
    if all(n % 2 == 0 for n in more):
        return [conv(i, o, k, stride=s, padding=padding, **options)]
    (top, left), (bottom, right) = padding, [n - n // 2 for n in more]
    return [nn.ZeroPad2d((left, right, top, bottom)), conv(i, o, k, stride=s, **options)]


def normalized(i, o, k, s, size, **options):
    return [*same(i, o, (k, k) if isinstance(k, int) else k, s, size, **options), nn.BatchNorm2d(o, eps=1e-3)]


class add_relu(nn.Module):
    def __init__(self, way, short):
        super().__init__()
        self.way, self.short = nn.Sequential(*way), nn.Sequential(*short)

    def forward(self, x):
        return F.relu(self.way(x) + self.short(x))


def head(i, o):
    """With weights large enough for classes that differ."""
    layer = nn.Linear(i, o)
    nn.init.normal_(layer.weight)
    return [nn.Flatten(), layer, nn.Softmax(1)]


def resnet8(width, size):
    layers, i = [*normalized(3, width(16), 3, 1, size), nn.ReLU()], width(16)
    for o, s in (width(16), 1), (width(32), 2), (width(64), 2):
        half = [-(-n // s) for n in size]
        way = [*normalized(i, o, 3, s, size), nn.ReLU(), *normalized(o, o, 3, 1, half)]
        layers.append(add_relu(way, same(i, o, (1, 1), s, size) if s > 1 else []))
        i, size = o, half
    return nn.Sequential(*layers, nn.AdaptiveAvgPool2d(1), *head(i, 10))


def separable(i, o, s, size):
    return [*normalized(i, i, 3, s, size, groups=i), nn.ReLU(), *normalized(i, o, 1, 1, size), nn.ReLU()]


def ds_cnn(width, size):
    o, half = width(64), [-(-n // 2) for n in size]
    layers = [*normalized(1, o, (10, 4), 2, size), nn.ReLU(), nn.Dropout(0.2)]
    for _ in range(4):
        layers += separable(o, o, 1, half)
    return nn.Sequential(*layers, nn.Dropout(0.4), nn.AvgPool2d([n // 2 for n in size]), *head(o, 12))


def mobilenet(width, size):
    i = width(8)
    layers, size = [*normalized(3, i, 3, 2, size), nn.ReLU()], [-(-n // 2) for n in size]
    for o, s in (16, 1), (32, 2), (32, 1), (64, 2), (64, 1), (128, 2), *[(128, 1)] * 5, (256, 2), (256, 1):
        layers += separable(i, width(o), s, size)
        i, size = width(o), [-(-n // s) for n in size]
    return nn.Sequential(*layers, nn.AdaptiveAvgPool2d(1), *head(i, 2))


def autoencoder(width, size):
    layers, i = [], size[0]
    for o in map(width, (128, 128, 128, 128, 8, 128, 128, 128, 128)):
        layers += [nn.Linear(i, o), nn.BatchNorm1d(o, eps=1e-3), nn.ReLU()]
        i = o
    return nn.Sequential(*layers, nn.Linear(i, size[0]))


UNFOLDED = {"training": torch.onnx.TrainingMode.PRESERVE, "do_constant_folding": False}
for name, network, channels, full, small, divisor in [
        ("resnet8", resnet8, [3], [32, 32], [12, 16], 5), ("ds_cnn", ds_cnn, [1], [49, 10], [49, 10], 8),
        ("mobilenet", mobilenet, [3], [96, 96], [32, 32], 24), ("autoencoder", autoencoder, [], [640], [40], 8)]:
    export("mlperf_" + name, network(lambda n: max(2, n // divisor), small), *channels, *small, **UNFOLDED)
    if not IMPORT_MODEL:
        continue
    for ending, options in ("", UNFOLDED), ("_folded", {}), ("_opset_17", {"opset_version": 17}):
        torch.manual_seed(7)
        whole = network(lambda n: n, full)
        give_numbers(whole)
        x = torch.randn(5, *channels, *full)
        path = os.path.join(FOLDER, name + ending)
        y = write_onnx(path, whole, x, **options)
        for part, numbers in (".x", x), (".y", y):
            with open(path + part, "wb") as file:
                file.write(channels_last(numbers).to(torch.float32).contiguous().numpy().tobytes())
        subprocess.run([IMPORT_MODEL, path + ".onnx", "--check", path + ".x", path + ".y"], check=True)
