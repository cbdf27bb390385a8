"""Networks of other number types, with weights in buffers, shared layers or one input size, for the architecture test.

They come from tests/fixtures/foreign_networks.py, in which tests of their own look at each kind.
"""

import copy
import warnings
from pathlib import Path
from typing import Callable, Dict

import torch
from torch import nn

from models.export.archive import write_tensors
from tests.fixtures import foreign_networks as networks
from tests.fixtures.tiny_backbone import seeded

BATCH = 4
SEED = 11

FOREIGN: Dict[str, Callable[[], nn.Module]] = {
    "half_precision": lambda: networks.Network().half(),
    "half_precision_inside": lambda: networks.CastsToHalf().half(),
    "double_precision": lambda: networks.Network().double(),
    "weights_in_buffers": networks.InBuffers,
    "shared_convolution": networks.SharedConvolution,
    "shared_norm": networks.SharedNorm,
    "for_32_pixels": networks.ForOneSize,
}


def write(folder: Path, name: str) -> None:
    """NAME.scripted.pt, NAME.traced.pt and NAME.golden.pt, whose logits and features are those in float32."""
    size = 32 if name == "for_32_pixels" else 64
    images = torch.randn(BATCH, 3, size, size, generator=torch.Generator().manual_seed(SEED))
    module = seeded(FOREIGN[name])
    takes = torch.float32 if name == "half_precision_inside" else next(module.parameters()).dtype
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        torch.jit.script(module).save(str(folder / f"{name}.scripted.pt"))
        torch.jit.trace(module, images.to(takes), check_trace=False).save(str(folder / f"{name}.traced.pt"))
    reference = copy.deepcopy(module).float()
    reference.__class__ = networks.Network if name == "half_precision_inside" else reference.__class__
    with torch.no_grad():
        tensors = {"input": images, "logits": reference(images), "features": reference.features(images)}
    write_tensors(tensors, folder / f"{name}.golden.pt")
