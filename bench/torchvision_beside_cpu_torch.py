"""Imports torchvision beside a CPU wheel of torch, whose build lacks two operators torchvision registers kernels for."""

import torch

_library = torch.library.Library("torchvision", "DEF")
_library.define("nms(Tensor dets, Tensor scores, float iou_threshold) -> Tensor")
_library.define("qnms(Tensor dets, Tensor scores, float iou_threshold) -> Tensor")

from torchvision import datasets, transforms  # noqa: E402

__all__ = ["datasets", "transforms"]
