"""Networks of 1 and 4 channels for the architecture test: torchvision's with another first convolution."""

from typing import Dict, NamedTuple

from torch import nn


class OtherChannels(NamedTuple):
    """The network's name in torchvision, and the channels that it is to read."""

    base: str
    channels: int


OTHER_CHANNELS: Dict[str, OtherChannels] = {
    "resnet18_grey": OtherChannels("resnet18", 1),
    "mobilenet_v2_4_channels": OtherChannels("mobilenet_v2", 4),
}


def with_channels(module: nn.Module, channels: int) -> nn.Module:
    """`module` with its first convolution, which reads three channels, replaced by one that reads `channels`."""
    for name, layer in module.named_modules():
        if isinstance(layer, nn.Conv2d):
            path, _, attribute = name.rpartition(".")
            setattr(module.get_submodule(path), attribute, nn.Conv2d(
                channels, layer.out_channels, layer.kernel_size, layer.stride, layer.padding,
                bias=layer.bias is not None))
            return module
    raise ValueError("the network has no convolution")
