"""What a network costs: parameters, and multiply-adds of its convolutions and linear layers for one image."""

from typing import Any, Dict, Sequence

import torch
from torch import nn
from torch.utils._python_dispatch import TorchDispatchMode

aten = torch.ops.aten
# Position of the weight among the arguments of a product of matrices; its rows are the terms of each element.
PRODUCTS = {aten.addmm.default: 2, aten.mm.default: 1}


class _MultiplyAdds(TorchDispatchMode):
    """Counts what runs while it is active, as models/blank_image.cpp does."""

    def __init__(self) -> None:
        super().__init__()
        self.count = 0

    def __torch_dispatch__(self, function: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        result = function(*args, **(kwargs or {}))
        if function is aten.convolution.default:
            self.count += result.numel() * (args[1].numel() // args[1].shape[0])
        elif function in PRODUCTS:
            self.count += result.numel() * args[PRODUCTS[function]].shape[0]
        return result


def complexity(module: nn.Module, image_shape: Sequence[int]) -> Dict[str, int]:
    """`parameters` without auxiliary classifiers, `multiply_adds` and `outputs` of `module` for an image [C, H, W]."""
    # The fused attention of nn.MultiheadAttention hides its linear layers.
    fused = torch.backends.mha.get_fastpath_enabled()
    torch.backends.mha.set_fastpath_enabled(False)
    try:
        with torch.no_grad(), _MultiplyAdds() as counter:
            logits = module.eval()(torch.zeros(1, *image_shape))
    finally:
        torch.backends.mha.set_fastpath_enabled(fused)
    parameters = sum(parameter.numel() for name, parameter in module.named_parameters()
                     if not name.lower().startswith("aux"))
    return {"parameters": parameters, "multiply_adds": counter.count, "outputs": logits.shape[-1]}
