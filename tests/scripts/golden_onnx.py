#!/usr/bin/env python3
"""Writes tests/data/onnx_*.onnx, small networks as PyTorch exports them, and inputs and outputs (float64) of each.

  apt-get install -y python3-torch python3-numpy
  /usr/bin/python3 tests/scripts/golden_onnx.py tests/data

The networks' types are in tests/whole/model_file_onnx.cpp. Inputs and outputs are in the library's order, channels last. Not
run by any test.
"""
import json, os, struct, sys, warnings

import torch
import torch.nn as nn
import torch.nn.functional as F

warnings.simplefilter("ignore")
FOLDER = sys.argv[1]


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
    torch.manual_seed(7)
    for module in network.modules():
        if isinstance(module, (nn.BatchNorm1d, nn.BatchNorm2d)):
            nn.init.normal_(module.weight, 1, 0.2)
            nn.init.normal_(module.bias, 0, 0.2)
            nn.init.normal_(module.running_mean, 0, 0.3)
            nn.init.uniform_(module.running_var, 0.5, 2)
    network.eval()
    x = torch.randn(3, *shape)
    path = os.path.join(FOLDER, f"onnx_{name}")
    torch.onnx.export(network, x[:1], path + ".onnx", input_names=["x"], output_names=["y"],
                      **{"opset_version": 13, "dynamic_axes": {"x": {0: "n"}, "y": {0: "n"}}, **options})
    with torch.no_grad():
        y = network.double()(x.double())
    network.float()
    write_safetensors(path + ".safetensors", {"x": channels_last(x), "y": y if is_in_order else channels_last(y)})
    print(name, os.path.getsize(path + ".onnx"))


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
