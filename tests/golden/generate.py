"""Writes reference results for the C++ tests, computed in Python independently of the program's code.

Usage: python tests/golden/generate.py FOLDER

FOLDER/head.pt           cross entropy of a linear head: losses, gradients, ten steps of SGD and AdamW, L-BFGS optimum
FOLDER/metrics.pt        classification metrics
FOLDER/hidden_layers.pt  logits and gradients of heads with hidden layers, see hidden_layers.py
FOLDER/targets.pt        losses, gradients, metrics and optimum for labels and for regression, see targets.py
FOLDER/activation_maps/  small networks and their maps by three methods, see activation_maps.py
FOLDER/fine_tune.pt      three steps of fine-tuning a small network with a new head: losses, gradients, statistics
FOLDER/l2_sp.pt          the same with the L2-SP penalty
FOLDER/network_input/    images and the input of networks with other preprocessing, see network_input.py
FOLDER/preprocess/       images, and preprocess.pt with the network's input for each, by file name
"""

import argparse
import math
import sys
from pathlib import Path
from typing import Callable, Dict, Iterator, Tuple

import numpy as np
import torch
from PIL import Image
from torch.nn import functional as F

ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT))

from tests.fixtures.tiny_backbone import TinyBackbone, seeded  # noqa: E402
from tests.golden.activation_maps import write_activation_maps  # noqa: E402
from tests.golden.hidden_layers import hidden_layers  # noqa: E402
from tests.golden.network_input import write_network_inputs  # noqa: E402
from tests.golden.targets import area_under_roc, targets  # noqa: E402

Tensors = Dict[str, torch.Tensor]

SAMPLES, FEATURES, CLASSES = 64, 20, 5
STEPS = 10
PENALTY = 0.01
L2_SP = 5.0
RESIZE, CROP = 256, 224
IMAGES = (("gradient_640x480.png", 640, 480), ("gradient_300x400.png", 300, 400),
            ("gradient_512x512.png", 512, 512), ("gradient_1000x350.png", 1000, 350))


def linear_problem() -> Tensors:
    """Features that partly separate the classes, initial weight [5, 20], bias [5], class_weights [5], a teacher's logits."""
    generator = torch.Generator().manual_seed(11)
    labels = torch.randint(CLASSES, (SAMPLES,), generator=generator)
    centres = torch.randn(CLASSES, FEATURES, generator=generator)
    noise = torch.randn(SAMPLES, FEATURES, generator=generator)
    return {
        "features": 0.7 * centres[labels] + noise,
        "labels": labels,
        "weight": 0.1 * torch.randn(CLASSES, FEATURES, generator=generator),
        "bias": 0.1 * torch.randn(CLASSES, generator=generator),
        "class_weights": torch.tensor([0.5, 1.0, 2.0, 1.5, 0.8]),
        "teacher": 3 * F.one_hot(labels, CLASSES) + 2 * torch.randn(SAMPLES, CLASSES, generator=generator),
    }


def focal_loss(logits: torch.Tensor, labels: torch.Tensor, gamma: float, alpha: torch.Tensor) -> torch.Tensor:
    """Lin et al. 2017, equation 5, for a softmax; the mean divides by the sum of the labels' alphas."""
    true_probability = F.softmax(logits, dim=1)[torch.arange(len(labels)), labels]
    return (-alpha[labels] * (1 - true_probability) ** gamma * true_probability.log()).sum() / alpha[labels].sum()


def logit_adjusted_loss(logits: torch.Tensor, labels: torch.Tensor, tau: float) -> torch.Tensor:
    """Menon et al. 2021, equation 10, with the labels' own frequencies."""
    prior = torch.bincount(labels, minlength=CLASSES) / len(labels)
    return F.cross_entropy(logits + tau * prior.log(), labels)


def distillation_loss(logits: torch.Tensor, labels: torch.Tensor, teacher: torch.Tensor, share: float,
                      temperature: float) -> torch.Tensor:
    """Hinton et al. 2015, section 2: the teacher's part times T^2, so that its gradients keep their size."""
    of_teacher = F.kl_div(F.log_softmax(logits / temperature, dim=1), F.softmax(teacher / temperature, dim=1),
                          reduction="batchmean")
    return (1 - share) * F.cross_entropy(logits, labels) + share * temperature ** 2 * of_teacher


def weighted_distillation_loss(logits: torch.Tensor, labels: torch.Tensor, teacher: torch.Tensor,
                               alpha: torch.Tensor) -> torch.Tensor:
    """Each image's two parts count by the weight of its class; temperature 1, half and half."""
    each = F.kl_div(F.log_softmax(logits, dim=1), F.softmax(teacher, dim=1), reduction="none").sum(1)
    of_classes = F.cross_entropy(logits, labels, label_smoothing=0.1, weight=alpha)
    return 0.5 * of_classes + 0.5 * (alpha[labels] * each).sum() / alpha[labels].sum()


def losses_and_gradients(problem: Tensors) -> Tensors:
    """`CASE_loss`, `CASE_grad_weight`, `CASE_grad_bias` for losses of one class per image.

    The weighted mean divides by the sum of the labels' weights, as in torch.
    """
    alpha, alike, teacher = problem["class_weights"], torch.ones(CLASSES), problem["teacher"]
    cases = {
        "plain": F.cross_entropy,
        "smoothed": lambda logits, labels: F.cross_entropy(logits, labels, label_smoothing=0.1),
        "weighted_smoothed": lambda logits, labels: F.cross_entropy(logits, labels, alpha, label_smoothing=0.1),
        "focal": lambda logits, labels: focal_loss(logits, labels, 2, alike),
        "focal_0.5_weighted": lambda logits, labels: focal_loss(logits, labels, 0.5, alpha),
        "logit_adjusted": lambda logits, labels: logit_adjusted_loss(logits, labels, 1),
        "logit_adjusted_0.5": lambda logits, labels: logit_adjusted_loss(logits, labels, 0.5),
        "distilled": lambda logits, labels: distillation_loss(logits, labels, teacher, 0.5, 2),
        "distilled_hot": lambda logits, labels: distillation_loss(logits, labels, teacher, 0.9, 10),
        "distilled_alone": lambda logits, labels: distillation_loss(logits, labels, teacher, 1, 1),
        "distilled_weighted": lambda logits, labels: weighted_distillation_loss(logits, labels, teacher, alpha),
    }
    results = {}
    for name, loss_of in cases.items():
        weight, bias = parameters(problem)
        loss = loss_of(F.linear(problem["features"], weight, bias), problem["labels"])
        loss.backward()
        results[f"{name}_loss"] = loss.detach()
        results[f"{name}_grad_weight"] = weight.grad
        results[f"{name}_grad_bias"] = bias.grad
    return results


def parameters(problem: Tensors) -> Tuple[torch.Tensor, torch.Tensor]:
    return problem["weight"].clone().requires_grad_(), problem["bias"].clone().requires_grad_()


def loss_curve(problem: Tensors, optimizer_class: Callable, weight_decay: float, **options) -> torch.Tensor:
    """The plain cross entropy before each of ten full-batch steps; weight decay on the weight only."""
    weight, bias = parameters(problem)
    groups = [{"params": [weight], "weight_decay": weight_decay}, {"params": [bias], "weight_decay": 0.0}]
    optimizer = optimizer_class(groups, **options)
    losses = []
    for _ in range(STEPS):
        optimizer.zero_grad()
        loss = F.cross_entropy(F.linear(problem["features"], weight, bias), problem["labels"])
        loss.backward()
        optimizer.step()
        losses.append(loss.detach())
    return torch.stack(losses)


def penalised_optimum(problem: Tensors) -> Tensors:
    """float64 minimum of the mean cross entropy + penalty/2 * ||weight||^2; the bias, unpenalised, has mean 0.

    A constant added to every bias changes nothing, so centre the bias of another optimum before comparing.
    Raises RuntimeError if the gradient does not vanish.
    """
    features, labels = problem["features"].double(), problem["labels"]
    weight = torch.zeros(CLASSES, FEATURES, dtype=torch.float64, requires_grad=True)
    bias = torch.zeros(CLASSES, dtype=torch.float64, requires_grad=True)
    optimizer = torch.optim.LBFGS(
        [weight, bias], max_iter=1000, tolerance_grad=1e-13, tolerance_change=0, line_search_fn="strong_wolfe"
    )

    def objective() -> torch.Tensor:
        optimizer.zero_grad()
        cross_entropy = F.cross_entropy(F.linear(features, weight, bias), labels)
        value = cross_entropy + 0.5 * PENALTY * weight.square().sum()
        value.backward()
        return value

    optimizer.step(objective)
    value = objective().detach()
    steepest = max(weight.grad.abs().max().item(), bias.grad.abs().max().item())
    if steepest > 1e-9:
        raise RuntimeError(f"L-BFGS did not converge: largest gradient {steepest:.1e}")
    return {
        "lbfgs_weight": weight.detach(),
        "lbfgs_bias": bias.detach() - bias.detach().mean(),
        "lbfgs_objective": value,
    }


def head() -> Tensors:
    problem = linear_problem()
    return {
        **problem,
        **losses_and_gradients(problem),
        "sgd_losses": loss_curve(problem, torch.optim.SGD, 1e-3, lr=0.1, momentum=0.9),
        "adamw_losses": loss_curve(problem, torch.optim.AdamW, 0.05, lr=0.01),
        **penalised_optimum(problem),
    }


def metrics() -> Tensors:
    """Logits [200, 4] of an imbalanced problem and its metrics in float64; confusion has one row per true class."""
    generator = np.random.default_rng(5)
    classes, samples = 4, 200
    labels = generator.choice(classes, samples, p=[0.6, 0.25, 0.1, 0.05])
    logits = generator.normal(size=(samples, classes)).astype(np.float32)
    logits[np.arange(samples), labels] += np.float32(1.2)

    exact = logits.astype(np.float64)
    shifted = exact - exact.max(axis=1, keepdims=True)
    log_probabilities = shifted - np.log(np.exp(shifted).sum(axis=1, keepdims=True))
    ranking = np.argsort(-exact, axis=1)
    confusion = np.zeros((classes, classes), dtype=np.int64)
    np.add.at(confusion, (labels, ranking[:, 0]), 1)
    hits = np.diag(confusion)
    precision, recall = hits / confusion.sum(axis=0), hits / confusion.sum(axis=1)
    f1 = 2 * precision * recall / (precision + recall)
    results = {
        "logits": logits,
        "labels": labels.astype(np.int64),
        "loss": -log_probabilities[np.arange(samples), labels].mean(),
        "top1": (ranking[:, 0] == labels).mean(),
        "top2": (ranking[:, :2] == labels[:, None]).any(axis=1).mean(),
        "confusion": confusion,
        "precision": precision,
        "recall": recall,
        "f1": f1,
        "macro_f1": f1.mean(),
        "auroc": np.mean([area_under_roc(np.exp(log_probabilities[:, c]), labels == c) for c in range(classes)]),
    }
    return {name: torch.from_numpy(np.array(value)) for name, value in results.items()}


def synthetic_image(width: int, height: int) -> np.ndarray:
    """RGB uint8 [height, width, 3]: in each channel a wave in a different direction, with noise."""
    generator = np.random.default_rng(width * 10000 + height)
    y, x = np.mgrid[0:height, 0:width]
    phase = np.stack([x / width, y / height, (x + y) / (width + height)], axis=-1)
    smooth = 127.5 + 110 * np.sin(2 * math.pi * phase * np.array([1.5, 2.0, 3.0]))
    return np.clip(smooth + generator.normal(scale=12, size=smooth.shape), 0, 255).astype(np.uint8)


def area_weights(before: int, after: int) -> np.ndarray:
    """[after, before]: the weight of each old pixel in each new one, by the length of their overlap."""
    edges = np.arange(after + 1) * (before / after)
    pixels = np.arange(before)
    left = np.maximum(edges[:-1, None], pixels)
    right = np.minimum(edges[1:, None], pixels + 1)
    return np.maximum(right - left, 0) * (after / before)


def half_up(value):
    return np.floor(np.asarray(value) + 0.5).astype(int)


def average_areas(channels: np.ndarray, height: int, width: int) -> np.ndarray:
    """Shrinks [C,h,w] to [C,height,width] by exact area averaging."""
    return area_weights(channels.shape[1], height) @ channels @ area_weights(channels.shape[2], width).T


def resize_and_crop(image: np.ndarray) -> np.ndarray:
    """Resizes the shorter side to 256 by exact area averaging and crops the centre: uint8 [3, 224, 224]."""
    height, width, _ = image.shape
    scale = RESIZE / min(height, width)
    new_height, new_width = (int(half_up(side * scale)) for side in (height, width))
    channels = average_areas(image.transpose(2, 0, 1).astype(np.float64), new_height, new_width)
    top, left = (new_height - CROP) // 2, (new_width - CROP) // 2
    return half_up(channels[:, top:top + CROP, left:left + CROP]).astype(np.uint8)


def write_images(folder: Path) -> Iterator[Tuple[str, torch.Tensor]]:
    """Writes each image and yields its name with the reference result."""
    folder.mkdir(parents=True, exist_ok=True)
    for name, width, height in IMAGES:
        image = synthetic_image(width, height)
        Image.fromarray(image).save(folder / name)
        yield name, torch.from_numpy(resize_and_crop(image))


def fine_tune(l2_sp: float = 0.0) -> Tensors:
    """Three steps of SGD on the fixture `steady` with a head of five classes, in eager Python.

    The loss has a penalty of l2_sp / 2 times the squared distance of the layers below the head from where they began.

    `images` [3, 8, 3, 32, 32], `labels` [3, 8], `head_weight`, `head_bias`, `losses` [3], `grad:NAME` of the first step
    and `after:NAME` of all parameters and buffers after the last, under the fixture's names.
    """
    generator = torch.Generator().manual_seed(5)
    network = seeded(lambda: TinyBackbone(dropout=0.0))
    network.classifier = torch.nn.Linear(16, CLASSES)
    with torch.no_grad():
        network.classifier.weight.copy_(0.1 * torch.randn(CLASSES, 16, generator=generator))
        network.classifier.bias.copy_(0.1 * torch.randn(CLASSES, generator=generator))
    results = {
        "images": torch.randn(3, 8, 3, 32, 32, generator=generator),
        "labels": torch.randint(CLASSES, (3, 8), generator=generator),
        "head_weight": network.classifier.weight.detach().clone(),
        "head_bias": network.classifier.bias.detach().clone(),
    }
    optimizer = torch.optim.SGD(network.parameters(), lr=0.1, momentum=0.9)
    network.train()
    pretrained = [(p, p.detach().clone()) for name, p in network.named_parameters() if not name.startswith("classifier.")]
    losses = []
    for images, labels in zip(results["images"], results["labels"]):
        optimizer.zero_grad()
        loss = F.cross_entropy(network(images), labels)
        penalty = sum(((p - start) ** 2).sum() for p, start in pretrained)
        (loss + l2_sp / 2 * penalty).backward()
        if not losses:
            results.update({f"grad:{name}": p.grad.clone() for name, p in network.named_parameters()})
        optimizer.step()
        losses.append(loss.detach())
    results.update({f"after:{name}": tensor for name, tensor in network.state_dict().items()})
    return {**results, "losses": torch.stack(losses)}


def main() -> int:
    parser = argparse.ArgumentParser(description="Write reference results for the C++ tests.")
    parser.add_argument("folder", type=Path)
    folder = parser.parse_args().folder
    preprocess = folder / "preprocess"
    torch.save(dict(write_images(preprocess)), preprocess / "preprocess.pt")
    write_network_inputs(folder / "network_input", average_areas)
    torch.save(head(), folder / "head.pt")
    torch.save(metrics(), folder / "metrics.pt")
    torch.save(hidden_layers(), folder / "hidden_layers.pt")
    torch.save(targets(), folder / "targets.pt")
    torch.save(fine_tune(), folder / "fine_tune.pt")
    torch.save(fine_tune(L2_SP), folder / "l2_sp.pt")
    write_activation_maps(folder / "activation_maps")
    return 0


if __name__ == "__main__":
    sys.exit(main())
