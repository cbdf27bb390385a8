"""The networks of the checks, with random weights: a small mobilenet-v2, scripted and traced, and one that fills memory."""

import warnings

import torch
from torch import nn

CLASSES = 10


def convolution(inputs, outputs, kernel=3, stride=1, groups=1, activation=True):
    layers = [nn.Conv2d(inputs, outputs, kernel, stride, kernel // 2, groups=groups, bias=False), nn.BatchNorm2d(outputs)]
    return nn.Sequential(*layers, nn.ReLU6(inplace=True)) if activation else nn.Sequential(*layers)


class InvertedResidual(nn.Module):
    """Widens, filters each channel by itself, and narrows again (Sandler et al. 2018)."""

    def __init__(self, inputs: int, outputs: int, stride: int) -> None:
        super().__init__()
        wide = 4 * inputs
        self.skips = stride == 1 and inputs == outputs
        self.conv = nn.Sequential(
            convolution(inputs, wide, kernel=1), convolution(wide, wide, stride=stride, groups=wide),
            convolution(wide, outputs, kernel=1, activation=False))

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        if self.skips:
            return x + self.conv(x)
        return self.conv(x)


class MobileNet(nn.Module):
    """Images [N, 3, H, W] to logits [N, 10]; `width` channels after the first layer, and up to 6 `blocks`."""

    def __init__(self, width: int, blocks: int) -> None:
        super().__init__()
        plan = [(1, 1), (2, 2), (2, 1), (3, 2), (3, 1), (4, 2)]  # outputs in units of `width`, stride
        layers, channels = [convolution(3, width, stride=2)], width
        for units, stride in plan[:blocks]:
            layers.append(InvertedResidual(channels, units * width, stride))
            channels = units * width
        layers.append(convolution(channels, 8 * width, kernel=1))
        self.features = nn.Sequential(*layers)
        self.classifier = nn.Sequential(nn.Dropout(0.2), nn.Linear(8 * width, CLASSES))

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        # A trace keeps the device that it was made on, so that it fails elsewhere unless the program mends it.
        x = x + torch.zeros([1, 3, 1, 1], device=x.device)
        return self.classifier(self.features(x).mean([2, 3]))


class Greedy(nn.Module):
    """Training keeps 48 maps of 64 channels at the image's full size: 12 kB a pixel. Logits [N, 10]."""

    def __init__(self) -> None:
        super().__init__()
        self.layers = nn.ModuleList([nn.Conv2d(3 if i == 0 else 64, 64, 1) for i in range(24)])
        self.classifier = nn.Linear(64, CLASSES)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        for layer in self.layers:
            x = torch.sigmoid(torch.relu(layer(x)))
        return self.classifier(x.mean([2, 3]))


def mobilenet(width: int, size: int, blocks: int = 6) -> MobileNet:
    """Reproducible weights; BatchNorm has the statistics of noise, so that activations keep their size. In eval mode."""
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(5)
        network = MobileNet(width, blocks).train()
        with torch.no_grad():
            for _ in range(10):
                network(torch.randn(16, 3, size, size))
    return network.eval()


def save(network: nn.Module, path, example=None) -> None:
    """Writes TorchScript: compiled, or traced on `example` [N, 3, H, W] on its device."""
    with warnings.catch_warnings(), torch.no_grad():
        warnings.simplefilter("ignore")
        if example is None:
            torch.jit.script(network).save(str(path))
        else:
            torch.jit.trace(network.to(example.device), example, check_trace=False).save(str(path))
