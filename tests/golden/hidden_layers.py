"""Reference results for heads with hidden layers, computed by torch's own layers."""

from typing import Dict

import torch
from torch import nn
from torch.nn import functional as F

SAMPLES, FEATURES, HIDDEN, CLASSES = 24, 9, (7, 5), 4
ACTIVATIONS = {"relu": nn.ReLU, "sigmoid": nn.Sigmoid, "tanh": nn.Tanh}


def hidden_layers() -> Dict[str, torch.Tensor]:
    """A head of three layers: `features` [24, 9], `labels` [24], `weight0` to `weight2`, `bias0` to `bias2`.

    For each activation also `ACTIVATION_logits`, `ACTIVATION_loss` (cross entropy) and the gradients
    `ACTIVATION_grad_weight0`, `ACTIVATION_grad_bias0` and so on.
    """
    generator = torch.Generator().manual_seed(17)
    widths = (FEATURES, *HIDDEN, CLASSES)
    results = {
        "features": torch.randn(SAMPLES, FEATURES, generator=generator),
        "labels": torch.randint(CLASSES, (SAMPLES,), generator=generator),
    }
    for i, (inputs, outputs) in enumerate(zip(widths, widths[1:])):
        results[f"weight{i}"] = 0.6 * torch.randn(outputs, inputs, generator=generator)
        results[f"bias{i}"] = 0.3 * torch.randn(outputs, generator=generator)
    for name, activation in ACTIVATIONS.items():
        layers = [nn.Linear(inputs, outputs) for inputs, outputs in zip(widths, widths[1:])]
        for i, layer in enumerate(layers):
            layer.load_state_dict({"weight": results[f"weight{i}"], "bias": results[f"bias{i}"]})
        network = nn.Sequential(layers[0], activation(), layers[1], activation(), layers[2])
        logits = network(results["features"])
        loss = F.cross_entropy(logits, results["labels"])
        loss.backward()
        results[f"{name}_logits"] = logits.detach()
        results[f"{name}_loss"] = loss.detach()
        for i, layer in enumerate(layers):
            results[f"{name}_grad_weight{i}"] = layer.weight.grad
            results[f"{name}_grad_bias{i}"] = layer.bias.grad
    return results
