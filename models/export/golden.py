"""Golden tensors: what the Python module computes for a fixed input, as reference for the C++ tests."""

from typing import Dict, Sequence

import torch
from torch import nn

SEED = 20240229


def golden_tensors(
    module: nn.Module, stages: Sequence[str], classifier: str, input_shape: Sequence[int]
) -> Dict[str, torch.Tensor]:
    """Runs the uncompiled `module` in eval mode on seeded normal noise of `input_shape` [N, C, H, W].

    Returns `input`, `logits` [N, classes], `features` [N, D] (the input of the submodule `classifier`; a feature map
    is averaged over the image) and, for each path in `stages`, `stage:PATH` with that submodule's output. Raises
    AttributeError for a path that does not exist.
    """
    images = torch.randn(*input_shape, generator=torch.Generator().manual_seed(SEED))
    tensors = {"input": images}

    def keep_output(key):
        return lambda _module, _inputs, output: tensors.__setitem__(key, output.clone())

    def keep_input(_module, inputs):
        features = inputs[0].clone()
        tensors["features"] = features.mean((2, 3)) if features.dim() == 4 else features

    handles = [module.get_submodule(path).register_forward_hook(keep_output(f"stage:{path}")) for path in stages]
    handles.append(module.get_submodule(classifier).register_forward_pre_hook(keep_input))
    try:
        with torch.no_grad():
            tensors["logits"] = module.eval()(images)
    finally:
        for handle in handles:
            handle.remove()
    return tensors
