"""torchvision's data sets and transforms, importable next to a CPU wheel of torch."""

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from models.export.torchvision_beside_cpu_torch import import_torchvision  # noqa: E402

import_torchvision()

from torchvision import datasets, transforms  # noqa: E402

__all__ = ["datasets", "transforms"]
