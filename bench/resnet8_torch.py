#!/usr/bin/env python3
"""PyTorch's side of a comparison: ResNet-8 on Fashion-MNIST with the setup of examples/train_mlperf_tiny: the same
layers, first values from the same distribution, Adam, batches of 32, one core. Needs python3-torch and python3-numpy.

  for seed in 1 2 3; do
    taskset -c 0 build/examples/train_mlperf_tiny resnet8 --epochs 5 --decay 0.4 --seed $seed --threads 1
    taskset -c 1 python3 bench/resnet8_torch.py --epochs 5 --decay 0.4 --seed $seed
  done
"""
import argparse, gzip, pathlib, time

import numpy, torch
from torch import nn
from torch.nn import functional

parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
parser.add_argument("--data", type=pathlib.Path, default=pathlib.Path("/usr/share/datasets/fashion-mnist"))
parser.add_argument("--epochs", type=int, default=3)
parser.add_argument("--seed", type=int, default=1)
parser.add_argument("--decay", type=float, default=1.0, help="of the learning rate, after every epoch")
args = parser.parse_args()
torch.set_num_threads(1)
torch.manual_seed(args.seed)


def read(part):
    """Pictures with a frame of zeros, 0 to 1, and their labels."""
    def numbers(kind, header):
        file = next(args.data.glob(f"{part}-{kind}-ubyte*"))
        content = (gzip.open if file.suffix == ".gz" else open)(file, "rb").read()
        return numpy.frombuffer(content, numpy.uint8, offset=header)
    pictures = numbers("images-idx3", 16).reshape(-1, 1, 28, 28)
    return functional.pad(torch.from_numpy(pictures / numpy.float32(255)), (2, 2, 2, 2)), \
        torch.from_numpy(numbers("labels-idx1", 8).astype(numpy.int64))


class convolution(nn.Conv2d):
    """Padded as Keras' `same` does: what is odd goes to the right and below."""

    def __init__(self, inputs, filters, kernel=3, stride=1):
        super().__init__(inputs, filters, kernel, stride)
        self.padded = kernel - 1 if stride == 1 else max(kernel - stride, 0)

    def forward(self, x):
        left, right = self.padded // 2, self.padded - self.padded // 2
        return super().forward(functional.pad(x, (left, right, left, right)))


def normalization(channels):
    return nn.BatchNorm2d(channels, eps=1e-3, momentum=0.01)  # Keras' 0.99


class block(nn.Module):
    def __init__(self, inputs, filters, stride):
        super().__init__()
        self.long = nn.Sequential(convolution(inputs, filters, 3, stride), normalization(filters), nn.ReLU(),
                                  convolution(filters, filters), normalization(filters))
        self.short = nn.Identity() if stride == 1 else convolution(inputs, filters, 1, stride)

    def forward(self, x):
        return torch.relu(self.long(x) + self.short(x))


net = nn.Sequential(convolution(1, 16), normalization(16), nn.ReLU(), block(16, 16, 1), block(16, 32, 2),
                    block(32, 64, 2), nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(64, 10))
for layer in net.modules():
    if isinstance(layer, (nn.Conv2d, nn.Linear)):  # he_normal
        deviation = (2 / layer.weight[0].numel()) ** 0.5 / 0.87962566103423978
        nn.init.trunc_normal_(layer.weight, std=deviation, a=-2 * deviation, b=2 * deviation)
        nn.init.zeros_(layer.bias)
images, labels = read("train")
test_images, test_labels = read("t10k")
optimizer = torch.optim.Adam(net.parameters(), lr=1e-3, eps=1e-7)
schedule = torch.optim.lr_scheduler.ExponentialLR(optimizer, args.decay)
for epoch in range(args.epochs):
    start = time.monotonic()
    net.train()
    for batch in torch.randperm(len(images)).split(32):
        optimizer.zero_grad()
        functional.cross_entropy(net(images[batch]), labels[batch]).backward()
        optimizer.step()
    schedule.step()
    seconds = time.monotonic() - start
    net.eval()
    with torch.no_grad():
        right = sum(int((net(x).argmax(1) == y).sum()) for x, y in zip(test_images.split(500), test_labels.split(500)))
    print(f"seed {args.seed}, epoch {epoch + 1}: {right / len(test_labels):.4f} of the test images right, {seconds:.0f} s",
          flush=True)
