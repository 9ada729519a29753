#!/usr/bin/env python3
"""Writes tests/data/torch_graph.safetensors: a network of branches with batch normalization, trained by PyTorch (float64).

  apt-get install -y python3-torch python3-numpy
  /usr/bin/python3 tests/scripts/golden_graph.py tests/data/torch_graph.safetensors

The network is that of tests/whole/golden_graph.cpp; parameters are in its order and in Keras' layouts. Not run by any test.
"""
import json, struct, sys

import torch
import torch.nn.functional as F

torch.manual_seed(5)
torch.set_default_dtype(torch.float64)
EPSILON, MOMENTUM = 1e-3, 0.9


def exact(tensor):  # as it will stand in the file
    return tensor.to(torch.float32).to(torch.float64)


class network:
    """y, and how moving averages move, from a flat list of parameters."""

    def __init__(self):
        self.shapes, self.first = [], []

    def array(self, name, *shape):
        if self.drawing:
            self.shapes.append((name, shape))
            if name == "gamma":
                value = 1 + 0.3 * torch.randn(shape)
            elif name == "moving_variance":
                value = 1 + torch.rand(shape)
            elif name == "kernel":
                value = torch.randn(shape) * (1.5 / torch.tensor(shape[:-1]).prod()) ** 0.5
            else:
                value = 0.2 * torch.randn(shape)
            self.first.append(exact(value).requires_grad_(not name.startswith("moving")))
        value = self.parameters[self.at] if not self.drawing else self.first[self.at]
        self.at += 1
        return value

    def conv(self, x, filters, size, stride=1, has_bias=False):
        kernel = self.array("kernel", size, size, x.shape[3], filters)
        bias = self.array("bias", filters) if has_bias else None
        pads = []
        for n in (x.shape[2], x.shape[1]):  # Keras' 'same'
            total = max((-(-n // stride) - 1) * stride + size - n, 0)
            pads += [total // 2, total - total // 2]
        y = F.conv2d(F.pad(x.permute(0, 3, 1, 2), pads), kernel.permute(3, 2, 0, 1), bias, stride)
        return y.permute(0, 2, 3, 1)

    def normalize(self, x):
        gamma, beta = self.array("gamma", x.shape[3]), self.array("beta", x.shape[3])
        mean, variance = self.array("moving_mean", x.shape[3]), self.array("moving_variance", x.shape[3])
        if self.training:
            here, there = x.mean((0, 1, 2)), x.var((0, 1, 2), unbiased=False)
            self.moved += [(mean, here.detach()), (variance, there.detach())]
            mean, variance = here, there
        return (x - mean) / (variance + EPSILON).sqrt() * gamma + beta

    def dense(self, x, outputs):
        kernel, bias = self.array("kernel", x.shape[-1], outputs), self.array("bias", outputs)
        return x @ kernel + bias

    def run(self, x, parameters=None, training=True):
        self.at, self.moved, self.training = 0, [], training
        self.parameters, self.drawing = parameters, parameters is None
        x = F.relu(self.normalize(self.conv(x, 4, 3)))
        f = F.relu(self.normalize(self.conv(x, 4, 3)))
        x = F.relu(self.normalize(self.conv(f, 4, 3)) + x)
        f = F.relu(self.normalize(self.conv(x, 5, 3, 2)))
        f = self.normalize(self.conv(f, 5, 3))
        x = F.relu(f + self.conv(x, 5, 1, 2, True))
        scale = torch.sigmoid(self.dense(x.mean((1, 2)), 5))
        x = x * scale[:, None, None, :]
        x = torch.cat((x, torch.tanh(self.conv(x, 3, 1, 1, True))), 3)
        x = torch.maximum(self.conv(x, 8, 3, 1, True), x)
        return self.dense(x.mean((1, 2)), 3)


net = network()
x = exact(torch.randn(5, 6, 5, 3))
labels = torch.tensor([0, 2, 1, 1, 0])
logits = net.run(x)
loss = F.cross_entropy(logits, labels)
trained = [p for p in net.first if p.requires_grad]
gradients = iter(torch.autograd.grad(loss, trained))
files = {"x": x, "labels": labels.double(), "w": torch.cat([p.detach().flatten() for p in net.first]),
         "prediction": F.softmax(net.run(x, net.first, False), 1), "loss": loss[None],
         "gradient": torch.cat([next(gradients).flatten() if p.requires_grad else torch.zeros(p.numel()) for p in net.first])}



class rmsprop(torch.optim.Optimizer):
    """Keras', which adds epsilon under the root."""

    def __init__(self, parameters, rate):
        super().__init__(parameters, {"rate": rate})

    def step(self):
        for p in self.param_groups[0]["params"]:
            v = self.state[p].setdefault("v", torch.zeros_like(p))
            v.mul_(0.9).addcmul_(p.grad, p.grad, value=0.1)
            p.data -= self.param_groups[0]["rate"] * p.grad / (v + 1e-7).sqrt()


optimizers = {"sgd": lambda p: torch.optim.SGD(p, 0.05, momentum=0.9),
              "nesterov": lambda p: torch.optim.SGD(p, 0.05, momentum=0.9, nesterov=True),
              "rmsprop": lambda p: rmsprop(p, 0.002),
              "adam": lambda p: torch.optim.Adam(p, 0.01, eps=1e-3)}  # so large that floats may differ
for name, make in optimizers.items():
    w = [p.detach().clone().requires_grad_(p.requires_grad) for p in net.first]
    optimizer = make([p for p in w if p.requires_grad])
    for _ in range(3):
        optimizer.zero_grad()
        F.cross_entropy(net.run(x, w), labels).backward()
        optimizer.step()
        for average, of_batch in net.moved:
            average.mul_(MOMENTUM).add_((1 - MOMENTUM) * of_batch)
    files[f"after_{name}"] = torch.cat([p.detach().flatten() for p in w])

header = {"__metadata__": {"source": f"PyTorch {torch.__version__.split('a')[0]}, float64, golden_graph.py"}}
data = b""
for key, array in files.items():
    bytes_ = array.detach().to(torch.float32).contiguous().numpy().tobytes()
    header[key] = {"dtype": "F32", "shape": list(array.shape), "data_offsets": [len(data), len(data) + len(bytes_)]}
    data += bytes_
text = json.dumps(header).encode()
text += b" " * (-len(text) % 8)
with open(sys.argv[1], "wb") as file:
    file.write(struct.pack("<Q", len(text)) + text + data)
