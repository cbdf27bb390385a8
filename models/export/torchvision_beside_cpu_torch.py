"""Imports torchvision next to a CPU wheel of torch, which lacks two operators for which torchvision has kernels."""

import importlib
from types import ModuleType

import torch

_OPERATORS = ("nms", "qnms")
_libraries = []  # keeps the operators alive: each lives as long as the library that defined it


def import_torchvision() -> ModuleType:
    """The torchvision package. Raises ImportError if it is not installed."""
    if not _libraries and not hasattr(torch.ops.torchvision, "nms"):
        library = torch.library.Library("torchvision", "FRAGMENT")
        for name in _OPERATORS:
            library.define(f"{name}(Tensor dets, Tensor scores, float iou_threshold) -> Tensor")
        _libraries.append(library)
    return importlib.import_module("torchvision")
