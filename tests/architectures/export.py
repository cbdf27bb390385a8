"""Exports architectures with random weights, scripted and traced, for the architecture test: torchvision's, and small
networks that end in unusual ways.

Usage: python tests/architectures/export.py FOLDER NAME...
Writes NAME.scripted.pt, NAME.traced.pt (without metadata) and NAME.golden.pt with `input`, `logits` and, for the small
networks, `features`. Existing files are kept.
"""

import argparse
import sys
import warnings
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Dict

import torch
from torch import nn

ROOT = Path(__file__).resolve().parents[2]
if str(ROOT) not in sys.path:
    sys.path.insert(0, str(ROOT))

from models.export.archive import write_backbone, write_tensors  # noqa: E402
from models.export.torchvision_beside_cpu_torch import import_torchvision  # noqa: E402
from tests.architectures import foreign_weights  # noqa: E402
from tests.architectures.other_channels import OTHER_CHANNELS, with_channels  # noqa: E402
from tests.fixtures import endings  # noqa: E402

SEED = 11
CLASSES = 10
BATCH = 4


@dataclass(frozen=True)
class Architecture:
    """Image size in pixels, and the constructor's arguments besides the number of classes."""

    size: int = 64
    options: Dict[str, Any] = field(default_factory=dict)
    channels: int = 3


ARCHITECTURES: Dict[str, Architecture] = {
    "alexnet": Architecture(),
    "convnext_tiny": Architecture(),
    "densenet121": Architecture(),
    "efficientnet_b0": Architecture(),
    "efficientnet_v2_s": Architecture(),
    "googlenet": Architecture(options={"init_weights": False}),
    "inception_v3": Architecture(96, {"init_weights": False}),
    "mnasnet0_5": Architecture(),
    "mobilenet_v2": Architecture(),
    "mobilenet_v3_large": Architecture(),
    "mobilenet_v3_small": Architecture(),
    "regnet_x_400mf": Architecture(),
    "regnet_y_400mf": Architecture(),
    "resnet18": Architecture(),
    "resnet50": Architecture(),
    "resnext50_32x4d": Architecture(),
    "shufflenet_v2_x0_5": Architecture(),
    "shufflenet_v2_x1_0": Architecture(),
    "squeezenet1_1": Architecture(),
    "swin_t": Architecture(),
    "vgg11": Architecture(),
    "vgg16_bn": Architecture(),
    "vit_b_32": Architecture(options={"image_size": 64}),
    "wide_resnet50_2": Architecture(),
    **{name: Architecture(channels=other.channels) for name, other in OTHER_CHANNELS.items()},
    **{name: Architecture() for name in foreign_weights.FOREIGN},
}

AWKWARD = (*endings.GOOD, "quantised_classifier")  # quantised layers elsewhere are refused for training

SMALL = ("googlenet", "mobilenet_v3_small", "resnet18", "shufflenet_v2_x0_5", "squeezenet1_1")


def build(name: str, images: torch.Tensor) -> nn.Module:
    """The architecture in eval mode, seeded. BatchNorm statistics are those of `images`, so signals do not fade."""
    torch.manual_seed(SEED)
    base = OTHER_CHANNELS[name].base if name in OTHER_CHANNELS else name
    module = getattr(import_torchvision().models, base)(num_classes=CLASSES, **ARCHITECTURES[name].options).eval()
    if name in OTHER_CHANNELS:
        module = with_channels(module, OTHER_CHANNELS[name].channels).eval()
    norms = [layer for layer in module.modules() if isinstance(layer, nn.BatchNorm2d)]
    momenta = [norm.momentum for norm in norms]
    if norms:
        for norm in norms:
            norm.momentum = 1.0
            norm.train()  # not the whole network, whose auxiliary classifiers need larger images
        with torch.no_grad():
            module(images)
        for norm, momentum in zip(norms, momenta):
            norm.momentum = momentum
    return module.eval()


def export(name: str, folder: Path) -> None:
    """Writes the three files unless all exist."""
    files = [folder / f"{name}.{kind}.pt" for kind in ("scripted", "traced", "golden")]
    if all(file.exists() for file in files):
        return
    if name in AWKWARD:
        endings.write_good(folder, name)
        return
    if name in foreign_weights.FOREIGN:
        foreign_weights.write(folder, name)
        return
    size, channels = ARCHITECTURES[name].size, ARCHITECTURES[name].channels
    images = torch.randn(BATCH, channels, size, size, generator=torch.Generator().manual_seed(SEED))
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        module = build(name, images)
        with torch.no_grad():
            logits = module(images)
        write_backbone(torch.jit.script(module), None, files[0])
        write_backbone(torch.jit.trace(module, images, check_trace=False), None, files[1])
    write_tensors({"input": images, "logits": logits}, files[2])


def main() -> int:
    parser = argparse.ArgumentParser(description="Export architectures with random weights.")
    parser.add_argument("folder", type=Path)
    parser.add_argument("names", nargs="+", choices=[*sorted(ARCHITECTURES), *AWKWARD], metavar="NAME")
    options = parser.parse_args()
    torch.set_num_threads(1)
    for name in options.names:
        export(name, options.folder)
    return 0


if __name__ == "__main__":
    sys.exit(main())
