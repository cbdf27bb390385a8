"""Reference results for labels and for regression: losses, metrics and an optimum, without the program's formulas."""

from typing import Dict

import numpy as np
import torch
from torch import nn

Tensors = Dict[str, torch.Tensor]

SAMPLES, FEATURES, COLUMNS = 60, 12, 3
PENALTY = 0.05


def problem() -> Tensors:
    """features [60, 12], numbers [60, 3] on different scales, labels [60, 3] of 0 and 1, and a head."""
    generator = torch.Generator().manual_seed(23)
    features = torch.randn(SAMPLES, FEATURES, generator=generator)
    mixing = torch.randn(FEATURES, COLUMNS, generator=generator)
    raw = features @ mixing + 2 * torch.randn(SAMPLES, COLUMNS, generator=generator)
    return {
        "features": features,
        "numbers": raw * torch.tensor([0.01, 1.0, 300.0]) + torch.tensor([5.0, 0.0, -1000.0]),
        "labels": (raw > torch.tensor([0.0, 1.0, 4.0])).float(),
        "weight": 0.3 * torch.randn(COLUMNS, FEATURES, generator=generator),
        "bias": 0.3 * torch.randn(COLUMNS, generator=generator),
    }


def losses_and_gradients(given: Tensors) -> Tensors:
    """`CASE_loss`, `CASE_grad_weight`, `CASE_grad_bias`; the numbers are standardised first (`small_numbers`)."""
    numbers = (given["numbers"] - given["numbers"].mean(0)) / given["numbers"].std(0)
    cases = {
        "mse": (nn.MSELoss(), numbers),
        "mae": (nn.L1Loss(), numbers),
        "huber": (nn.HuberLoss(), numbers),
        "huber_0.3": (nn.HuberLoss(delta=0.3), numbers),
        "binary_cross_entropy": (
            # Summed over the outputs, averaged over the images.
            lambda logits, labels: nn.BCEWithLogitsLoss(reduction="sum")(logits, labels) / len(labels),
            given["labels"],
        ),
    }
    results = {"small_numbers": numbers}
    for name, (loss, targets) in cases.items():
        weight, bias = given["weight"].clone().requires_grad_(), given["bias"].clone().requires_grad_()
        value = loss(given["features"] @ weight.T + bias, targets)
        value.backward()
        results.update({f"{name}_loss": value.detach(), f"{name}_grad_weight": weight.grad,
                        f"{name}_grad_bias": bias.grad})
    return results


def average_precision(scores: np.ndarray, truth: np.ndarray) -> float:
    """Sum of precision times gained recall over the thresholds, each counted from scratch."""
    area, recall_before = 0.0, 0.0
    for threshold in sorted(set(scores), reverse=True):
        taken = scores >= threshold
        recall = truth[taken].sum() / truth.sum()
        area += (recall - recall_before) * truth[taken].mean()
        recall_before = recall
    return area


def area_under_roc(scores: np.ndarray, is_positive: np.ndarray) -> float:
    """Every pair of a positive and a negative one compared; equal scores count by half."""
    difference = scores[is_positive][:, None] - scores[~is_positive][None, :]
    return np.mean((difference > 0) + 0.5 * (difference == 0))


def label_metrics() -> Tensors:
    """Logits [80, 4], rounded so that some are equal; no image has label 3, and it is never predicted."""
    generator = np.random.default_rng(31)
    truth = (generator.random((80, 4)) < [0.5, 0.2, 0.1, 0.0]).astype(np.float64)
    logits = np.round(generator.normal(size=(80, 4)) + 1.5 * truth - 0.5, 1)
    logits[logits == 0] = 0.05
    logits[:, 3] = -2
    predicted = logits > 0
    precision = [(predicted & (truth > 0))[:, c].sum() / predicted[:, c].sum() for c in range(3)]
    recall = [(predicted & (truth > 0))[:, c].sum() / truth[:, c].sum() for c in range(3)]
    f1 = [2 * p * r / (p + r) for p, r in zip(precision, recall)]
    areas = [average_precision(logits[:, c], truth[:, c]) for c in range(3)]
    probability = 1 / (1 + np.exp(-logits))
    loss = -(truth * np.log(probability) + (1 - truth) * np.log(1 - probability)).sum(1).mean()
    return as_tensors("label_", logits=logits.astype(np.float32), targets=truth.astype(np.float32),
                      precision=precision, recall=recall, f1=f1, macro_f1=np.mean(f1), areas=areas,
                      map=np.mean(areas), loss=loss,
                      auroc=np.mean([area_under_roc(logits[:, c], truth[:, c] > 0) for c in range(3)]))


def number_metrics(given: Tensors) -> Tensors:
    """Metrics of predictions that are the numbers plus noise."""
    generator = np.random.default_rng(37)
    truth = given["numbers"].numpy().astype(np.float64)
    values = truth + generator.normal(size=truth.shape) * truth.std(0) * [0.1, 0.5, 2.0]
    values = values.astype(np.float32).astype(np.float64)
    r2 = [1 - np.mean((values - truth)[:, k] ** 2) / np.var(truth[:, k]) for k in range(COLUMNS)]
    return as_tensors("number_", values=values.astype(np.float32), r2=r2, mae=np.abs(values - truth).mean(0),
                      rmse=np.sqrt(((values - truth) ** 2).mean(0)), mse=((values - truth) ** 2).mean())


def as_tensors(prefix: str, **arrays) -> Tensors:
    return {prefix + name: torch.from_numpy(np.array(value)) for name, value in arrays.items()}


def ridge(given: Tensors) -> Tensors:
    """The head [3, 12] on the scales of the numbers, in closed form.

    It minimises the mean squared error of the standardised numbers over columns and images, plus penalty/2 times the
    squared weights (not the bias): (2 XᵀX / (n K) + penalty I) W = 2 XᵀY / (n K) for centred X and Y.
    """
    features, numbers = given["features"].double(), given["numbers"].double()
    mean, std = numbers.mean(0), numbers.std(0, correction=0)
    centred = features - features.mean(0)
    scale = 2 / (SAMPLES * COLUMNS)
    left = scale * centred.T @ centred + PENALTY * torch.eye(FEATURES, dtype=torch.float64)
    weight = torch.linalg.solve(left, scale * centred.T @ ((numbers - mean) / std)).T
    weight = weight * std[:, None]
    return {"ridge_weight": weight, "ridge_bias": mean - weight @ features.mean(0)}


def targets() -> Tensors:
    given = problem()
    return {**given, **losses_and_gradients(given), **label_metrics(), **number_metrics(given), **ridge(given)}
