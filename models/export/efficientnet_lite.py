"""EfficientNet-Lite as a module that TorchScript can compile.

The Lite family (Tan and Liu, TensorFlow TPU repository, 2020) is EfficientNet without squeeze-and-excitation, with
ReLU6 instead of swish, and with a stem and a head of fixed width. Its weights expect TensorFlow's "same" padding.
"""

import math
from dataclasses import dataclass
from typing import Dict, Final, List

import torch
from torch import nn

BATCH_NORM = {"eps": 1e-3, "momentum": 0.01}
STEM_CHANNELS = 32
HEAD_CHANNELS = 1280


@dataclass(frozen=True)
class Variant:
    """Width and depth multipliers, input size in pixels, dropout probability before the classifier."""

    width: float
    depth: float
    input_size: int
    dropout: float


@dataclass(frozen=True)
class Group:
    """Blocks of equal width; the first block has the stride and changes the number of channels."""

    repeats: int
    kernel: int
    stride: int
    expansion: int
    channels: int


VARIANTS: Dict[str, Variant] = {
    "lite0": Variant(1.0, 1.0, 224, 0.2),
    "lite1": Variant(1.0, 1.1, 240, 0.2),
    "lite2": Variant(1.1, 1.2, 260, 0.3),
}

BASE_GROUPS = (
    Group(1, 3, 1, 1, 16),
    Group(2, 3, 2, 6, 24),
    Group(2, 5, 2, 6, 40),
    Group(3, 3, 2, 6, 80),
    Group(3, 5, 1, 6, 112),
    Group(4, 5, 2, 6, 192),
    Group(1, 3, 1, 6, 320),
)


def scaled_groups(variant: Variant) -> List[Group]:
    """The groups of a variant: widths rounded to multiples of 8; depths rounded up, except the first and the last."""
    last = len(BASE_GROUPS) - 1
    return [
        Group(
            group.repeats if index in (0, last) else math.ceil(group.repeats * variant.depth),
            group.kernel,
            group.stride,
            group.expansion,
            scaled_width(group.channels, variant.width),
        )
        for index, group in enumerate(BASE_GROUPS)
    ]


def scaled_width(channels: int, multiplier: float) -> int:
    """`channels * multiplier` rounded to a multiple of 8, at most 10 % below the exact product."""
    exact = channels * multiplier
    width = max(8, int(exact + 4) // 8 * 8)
    return width if width >= 0.9 * exact else width + 8


def stage_paths(variant: Variant) -> List[str]:
    """Module paths where the network may be cut, in order: the last block of each group, then the head."""
    paths, blocks = [], 0
    for group in scaled_groups(variant):
        blocks += group.repeats
        paths.append(f"blocks.{blocks - 1}")
    return paths + ["head"]


def conv_norm(
    inputs: int, outputs: int, *, size: int, kernel: int = 1, stride: int = 1, groups: int = 1
) -> nn.Sequential:
    """Convolution and BatchNorm that map side `size` to ceil(size / stride) with TensorFlow's "same" padding.

    That padding puts an odd pixel at the bottom right, which needs a separate padding layer.
    """
    total = max((math.ceil(size / stride) - 1) * stride + kernel - size, 0)
    before, after = total // 2, total - total // 2
    symmetric = before == after
    layers: List[nn.Module] = [] if symmetric else [nn.ZeroPad2d((before, after, before, after))]
    padding = before if symmetric else 0
    layers.append(nn.Conv2d(inputs, outputs, kernel, stride, padding, groups=groups, bias=False))
    layers.append(nn.BatchNorm2d(outputs, **BATCH_NORM))
    return nn.Sequential(*layers)


class InvertedResidual(nn.Module):
    """MBConv: 1x1 expansion, depthwise convolution, linear 1x1 projection, and a skip connection if shapes agree."""

    residual: Final[bool]

    def __init__(self, inputs: int, group: Group, stride: int, size: int) -> None:
        super().__init__()
        hidden = inputs * group.expansion
        self.residual = stride == 1 and inputs == group.channels
        layers: List[nn.Module] = []
        if group.expansion != 1:
            layers += [conv_norm(inputs, hidden, size=size), nn.ReLU6()]
        layers += [conv_norm(hidden, hidden, size=size, kernel=group.kernel, stride=stride, groups=hidden), nn.ReLU6()]
        layers.append(conv_norm(hidden, group.channels, size=math.ceil(size / stride)))
        self.layers = nn.Sequential(*layers)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        y = self.layers(x)
        if self.residual:
            y = y + x
        return y


class EfficientNetLite(nn.Module):
    """Images [N, 3, H, W] to logits [N, classes]. The padding is exact for H = W = `variant.input_size`."""

    def __init__(self, variant: Variant, classes: int = 1000) -> None:
        super().__init__()
        size = variant.input_size
        self.stem = nn.Sequential(conv_norm(3, STEM_CHANNELS, size=size, kernel=3, stride=2), nn.ReLU6())
        size = math.ceil(size / 2)
        blocks: List[nn.Module] = []
        channels = STEM_CHANNELS
        for group in scaled_groups(variant):
            for position in range(group.repeats):
                stride = group.stride if position == 0 else 1
                blocks.append(InvertedResidual(channels, group, stride, size))
                channels, size = group.channels, math.ceil(size / stride)
        self.blocks = nn.Sequential(*blocks)
        self.head = nn.Sequential(conv_norm(channels, HEAD_CHANNELS, size=size), nn.ReLU6())
        self.pool = nn.AdaptiveAvgPool2d(1)
        self.dropout = nn.Dropout(variant.dropout)
        self.classifier = nn.Linear(HEAD_CHANNELS, classes)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        x = self.head(self.blocks(self.stem(x)))
        x = self.pool(x).flatten(1)
        return self.classifier(self.dropout(x))


def load_in_order(module: nn.Module, state: Dict[str, torch.Tensor]) -> None:
    """Fills `module` from a state dict with the same tensors in the same order under other names.

    Raises ValueError if the number of entries, their roles (weight, running_mean, ...) or their shapes differ.
    """
    own = module.state_dict()
    if len(own) != len(state):
        raise ValueError(f"the state dict has {len(state)} entries, the architecture {len(own)}")
    for (name, target), (foreign, tensor) in zip(own.items(), state.items()):
        same_role = name.rpartition(".")[2] == foreign.rpartition(".")[2]
        if not same_role or target.shape != tensor.shape:
            raise ValueError(
                f"{foreign} {list(tensor.shape)} of the state dict does not fit {name} {list(target.shape)}"
            )
    module.load_state_dict(dict(zip(own, state.values())))
