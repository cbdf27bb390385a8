"""Heads of every loss, and trained models: what the program says of them against what Python computes."""

import csv
import json

import torch
from torch.nn import functional

from bench import FINE_TUNE, Bench, read_images, require

NUMBERS = ("numbers.csv", ("--task", "regression"))
# By loss: the data, and flags that go with it.
LOSSES = {"cross_entropy": ("images", ()), "binary_cross_entropy": ("labels.csv", ()), "mse": NUMBERS, "mae": NUMBERS,
          "huber": NUMBERS}
CLOSE = 2e-3  # of a loss, or of 1 where that is smaller: predictions_val.csv has 6 digits
# Likewise, between devices. A change of 3e-6 in the weights moved the loss of a head for `mae` by 1.7 %, others by less.
NEAR = 0.05


def loss_of_table(file, loss: str) -> float:
    """The mean loss by predictions_val.csv, as docs/data-formats.md defines it."""
    rows = list(csv.DictReader(file.open()))
    if loss == "cross_entropy":
        return -torch.tensor([float(row[f"p:{row['true']}"]) for row in rows]).clamp_min(5e-7).log().mean().item()
    if loss == "binary_cross_entropy":
        names = [name[2:] for name in rows[0] if name.startswith("p:")]
        predicted = torch.tensor([[float(row[f"p:{name}"]) for name in names] for row in rows]).clamp(5e-7, 1 - 5e-7)
        truth = torch.tensor([[float(name in row["true"].split("|")) for name in names] for row in rows])
        return functional.binary_cross_entropy(predicted, truth, reduction="none").sum(1).mean().item()
    names = [name.removeprefix("true:") for name in rows[0] if name.startswith("true:")]
    truth, predicted = (torch.tensor([[float(row[prefix + name]) for name in names] for row in rows])
                        for prefix in ("true:", "predicted:"))
    function = {"mse": functional.mse_loss, "mae": functional.l1_loss, "huber": functional.huber_loss}[loss]
    return function(predicted, truth).item()


def train_with(bench: Bench, out: str, loss: str, flags, device=None) -> None:
    data, task = LOSSES[loss]
    bench.train(out, *flags, *task, "--set", f"head.loss={loss}", data=data, device=device)


def train_each(bench: Bench, kind: str, flags) -> str:
    """Trains with every loss; its validation loss is that of its predictions, and near that of a CPU."""
    said = []
    for loss in LOSSES:
        out = f"{kind}-{loss}"
        train_with(bench, out, loss, flags)
        found = bench.summary(out)["val"]["loss"]
        expected = loss_of_table(bench.folder / out / "predictions_val.csv", loss)
        require(found is not None and abs(found - expected) <= CLOSE * max(1.0, abs(expected)),
                f"{out}: val loss {found}, its predictions have {expected}")
        text = f"{loss} {found:.4g}"
        if bench.on_gpu:
            train_with(bench, f"{out}-cpu", loss, flags, device="cpu")
            cpu = bench.summary(f"{out}-cpu")["val"]["loss"]
            require(abs(found - cpu) <= NEAR * max(1.0, abs(cpu)), f"{out}: val loss {found}, on the CPU {cpu}")
            text += f" (CPU {cpu:.4g})"
        said.append(text)
    return "val loss: " + ", ".join(said)


# The weight decay that cross-validation chooses may be another after a change in the last bit.
HEAD = ("--strategy", "freeze-conv", "--set", "head.weight_decay=0.01")
TUNED = (*FINE_TUNE, "--augment", "none", "--set", "train.epochs=2")


def stored_features(bench: Bench) -> str:
    return train_each(bench, "head", HEAD)


def hidden_layers(bench: Bench) -> str:
    flags = ("--strategy", "freeze-conv", "--set", "head.hidden=[16]", "--set", "train.epochs=5", "--set",
             "train.patience=0")
    return train_each(bench, "hidden", flags)


def trained_layers(bench: Bench) -> str:
    return train_each(bench, "tuned", TUNED)


def python_predicts(bench: Bench, model, paths) -> torch.Tensor:
    with torch.inference_mode():
        return model.predict(read_images([bench.folder / path for path in paths], bench.size))


def numbers_of(entry: dict, classes: list) -> list:
    """The prediction of an image by `predict --format json`, in the order of `classes`."""
    if "top" in entry:
        by_name = {item["class"]: item["probability"] for item in entry["top"]}
    else:
        by_name = entry.get("probabilities") or entry["values"]
    return [by_name[name] for name in classes]


def predict_equals_python(bench: Bench) -> str:
    """model.pt on the CPU in Python against `predict` on the device, for classes, labels and numbers."""
    said = []
    for name, loss, images in (("classes", "cross_entropy", "images/val"), ("labels", "binary_cross_entropy", "pictures"),
                               ("numbers", "huber", "pictures")):
        kind, flags = ("tuned", TUNED) if name == "classes" and not bench.quick else ("head", HEAD)
        out = f"{kind}-{loss}"
        if not (bench.folder / out / "model.pt").exists():
            train_with(bench, out, loss, flags)
        file = bench.folder / out / "model.pt"
        done = bench.run("predict", "--model", file, images, "--format", "json", "--top", 3, "--device", bench.device)
        entries = json.loads(done.stdout)
        inside = {"transfer.json": ""}
        model = torch.jit.load(str(file), map_location="cpu", _extra_files=inside)
        classes = json.loads(inside["transfer.json"])["classes"]
        found = torch.tensor([numbers_of(entry, classes) for entry in entries])
        expected = python_predicts(bench, model, [entry["path"] for entry in entries])
        gap, largest = (found - expected).abs().max().item(), expected.abs().max().item()
        require(gap <= 1e-4 * max(1.0, largest), f"{name}: predictions differ by {gap:.3g}, the largest is {largest:.3g}")
        spread = (expected.max(0).values - expected.min(0).values).max().item()
        require(spread > 100 * gap, f"{name}: all predictions are alike, to {spread:.3g}, so equal ones say nothing")
        said.append(f"{name} {gap:.2g} ({len(entries)} images)")
    return f"largest difference: {', '.join(said)}"
