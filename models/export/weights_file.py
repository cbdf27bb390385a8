"""Reads a state dict from a local file and removes common wrappers and prefixes."""

from pathlib import Path
from typing import Any, Dict

import torch
from torch import nn

WRAPPERS = ("state_dict", "model_state_dict", "model", "model_ema", "net")
PREFIXES = ("module.", "model.", "_orig_mod.")


def read_state_dict(path: Path) -> Dict[str, torch.Tensor]:
    """The tensors by name. Raises OSError if there is no such file, ValueError if it holds no state dict."""
    if not path.exists():
        raise FileNotFoundError(f"{path}: no such file; --weights takes a state dict (torch.save, safetensors)")
    content: Any
    if path.suffix == ".safetensors":
        from safetensors.torch import load_file  # an optional package

        content = load_file(str(path))
    else:
        try:
            content = torch.load(path, map_location="cpu", weights_only=True)
        except Exception as error:  # noqa: BLE001  # torch raises several kinds
            raise ValueError(f"{path}: not a weights file ({str(error).splitlines()[0]}); expected a state dict "
                             "(torch.save, safetensors)") from error
    for key in WRAPPERS:
        if isinstance(content, dict) and isinstance(content.get(key), dict):
            content = content[key]
            break
    if not isinstance(content, dict) or not any(isinstance(value, torch.Tensor) for value in content.values()):
        raise ValueError(f"{path}: holds a {type(content).__name__}, expected a state dict (names to tensors)")
    state = {name: value for name, value in content.items() if isinstance(value, torch.Tensor)}
    for prefix in PREFIXES:
        if all(name.startswith(prefix) for name in state):
            state = {name[len(prefix):]: value for name, value in state.items()}
    return state


def count_classes(state: Dict[str, torch.Tensor]) -> int:
    """Outputs of the last layer: the rows of the last weight of a linear layer or a 1x1 convolution."""
    rows = [value.shape[0] for name, value in state.items()
            if name.endswith("weight") and (value.dim() == 2 or value.shape[2:] == (1, 1))
            and not name.lower().startswith("aux")]
    if not rows:
        raise ValueError("the state dict has no weight of a linear layer or a 1x1 convolution")
    return rows[-1]


def load_strictly(module: nn.Module, state: Dict[str, torch.Tensor], path: Path, architecture: str) -> None:
    """Fills `module`. Raises ValueError naming the first names or shapes that do not fit."""
    # Auxiliary classifiers are used in pretraining only, so files come with and without them.
    own = module.state_dict()
    missing = [name for name in own if name not in state and not name.lower().startswith("aux")]
    extra = [name for name in state if name not in own and not name.lower().startswith("aux")]
    wrong = [f"{name} {list(state[name].shape)} (expected {list(own[name].shape)})" for name in own
             if name in state and state[name].shape != own[name].shape]
    for what, names in (("missing", missing), ("unknown", extra), ("of another shape", wrong)):
        if names:
            raise ValueError(f"{path}: does not fit {architecture}: {len(names)} entries {what}, first {names[0]}")
    module.load_state_dict({name: value for name, value in state.items() if name in own}, strict=False)
