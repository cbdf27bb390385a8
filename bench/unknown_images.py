"""How well images of other data are told from validation images, over four pairs: AUROC of softmax confidence, of the
distance in feature space by several methods, and of what `predict` says; and what that costs.

Usage: .venv/bin/python bench/unknown_images.py [--out FILE.json] HYMENOPTERA FLOWERS STEEL SOLAR
  The folders of the data; SOLAR is what datasets/prepare/elpv.py writes.

A model is trained by freeze-conv on each pair's first data. Known images are its val and test, unknown ones all of the
second data. The methods see at most 2,000 training images (relative Mahalanobis) or 1,000 (nearest neighbours).
"""

import argparse
import csv
import json
import os
import subprocess
import sys
import tempfile
from pathlib import Path

import numpy as np

from machine import BINARY, describe

PAIRS = (("hymenoptera", "flowers"), ("flowers", "steel"), ("steel", "hymenoptera"), ("solar", "flowers"))
BACKBONE = "efficientnet-lite0"
LEAST_AUROC = 0.97
NEIGHBOURS = 10
REPEATS = 5


def run(*arguments: object) -> None:
    subprocess.run([BINARY, *map(str, arguments)], check=True, capture_output=True)


def auroc(known: np.ndarray, unknown: np.ndarray) -> float:
    """The probability that an unknown image has the higher score; ties count half."""
    values, place, counts = np.unique(np.concatenate([known, unknown]), return_inverse=True, return_counts=True)
    ranks = (np.cumsum(counts) - (counts - 1) / 2)[place][len(known):]
    return float((ranks.sum() - len(unknown) * (len(unknown) + 1) / 2) / (len(known) * len(unknown)))


def embedded(folder: Path, scratch: Path) -> tuple[np.ndarray, list[str]]:
    """Features of the images below `folder`, and their classes."""
    run("embed", "--backbone", BACKBONE, folder, "--output", scratch / "features.npy")
    with open(scratch / "features.paths.csv", newline="") as file:
        return np.load(scratch / "features.npy").astype(float), [Path(row["path"]).parent.name
                                                                   for row in csv.DictReader(file)]


def nearest(train: np.ndarray, images: np.ndarray, roots: bool) -> np.ndarray:
    """Distance to the k-th nearest of the training images, of rows of length 1 (Sun et al. 2022)."""
    def unit(rows: np.ndarray) -> np.ndarray:
        rows = np.sign(rows) * np.sqrt(np.abs(rows)) if roots else rows
        return rows / np.linalg.norm(rows, axis=1, keepdims=True)
    likeness = unit(images) @ unit(train).T
    return np.sqrt(np.maximum(2 - 2 * np.sort(likeness, axis=1)[:, -min(NEIGHBOURS, len(train))], 0))


def mahalanobis(train: np.ndarray, labels: np.ndarray, images: np.ndarray, relative: bool) -> np.ndarray:
    """Distance to the nearest class by the covariance within classes (Lee et al. 2018); relative: less that to all
    training images by theirs (Ren et al. 2021). A tenth of each covariance is a multiple of the identity."""
    def distance(rows: np.ndarray, mean: np.ndarray, inverse: np.ndarray) -> np.ndarray:
        return ((rows - mean) @ inverse * (rows - mean)).sum(1)

    def inverse_of(rows: np.ndarray) -> np.ndarray:
        covariance = rows.T @ rows / len(rows)
        size = len(covariance)
        return np.linalg.inv(0.9 * covariance + 0.1 * np.trace(covariance) / size * np.eye(size))

    means = np.stack([train[labels == c].mean(0) for c in range(labels.max() + 1)])
    within = inverse_of(train - means[labels])
    result = np.min([distance(images, mean, within) for mean in means], axis=0)
    if relative:
        result -= distance(images, train.mean(0), inverse_of(train - train.mean(0)))
    return result


def drawn(labels: np.ndarray, most: int) -> np.ndarray:
    """Positions of at most so many images, at random."""
    return np.random.default_rng(0).permutation(len(labels))[:most]


def predicted(model: Path, folders: list[Path], scratch: Path) -> dict[str, np.ndarray]:
    run("predict", "--model", model, *folders, "--output", scratch / "rows.csv")
    with open(scratch / "rows.csv", newline="") as file:
        rows = [row for row in csv.DictReader(file) if not row["error"]]
    return {"confidence": np.array([float(row["probability"]) for row in rows]),
            "score": np.array([float(row["unknown_score"]) for row in rows]),
            "known": np.array([row["known"] == "yes" for row in rows])}


def measure_pair(known: Path, unknown: Path, scratch: Path) -> dict:
    model = scratch / "run"
    run("--data", known, "--backbone", BACKBONE, "--output", model, "--overwrite")
    held_out = [known / split for split in ("val", "test") if (known / split).is_dir()]
    inside, outside = predicted(model, held_out, scratch), predicted(model, [unknown], scratch)
    train, names = embedded(known / "train", scratch)
    labels = np.unique(names, return_inverse=True)[1]
    images = np.concatenate([embedded(folder, scratch)[0] for folder in held_out])
    others = embedded(unknown, scratch)[0]
    some, more = drawn(labels, 1000), drawn(labels, 2000)
    methods = {
        "nearest_neighbours": lambda rows: nearest(train[some], rows, roots=False),
        "nearest_neighbours_of_roots": lambda rows: nearest(train[some], rows, roots=True),
        "mahalanobis": lambda rows: mahalanobis(train[more], labels[more], rows, relative=False),
        "relative_mahalanobis": lambda rows: mahalanobis(train[more], labels[more], rows, relative=True),
    }
    return {
        "images": {"train": len(train), "known": len(images), "unknown": len(others)},
        "auroc": {"softmax_confidence": auroc(-inside["confidence"], -outside["confidence"]),
                  **{name: auroc(score(images), score(others)) for name, score in methods.items()},
                  "predict": auroc(inside["score"], outside["score"])},
        "known_images_kept": float(inside["known"].mean()),
        "unknown_images_told": float(1 - outside["known"].mean()),
    }


def seconds_of_prediction(model: Path, folder: Path, scratch: Path) -> float:
    """Of the processor, on all cores: other work on the machine changes them less than those of the clock."""
    process = subprocess.Popen([BINARY, "predict", "--model", model, folder, "--output", scratch / "timed.csv"],
                               stderr=subprocess.DEVNULL)
    _, status, usage = os.wait4(process.pid, 0)
    if status != 0:
        sys.exit(f"predict ended with {status}")
    return usage.ru_utime + usage.ru_stime


def measure_cost(data: Path, folder: Path, scratch: Path) -> dict:
    """Processor seconds of predictions by a model with and one without known images, in turn; the least of each counts."""
    models = {"with": scratch / "with", "without": scratch / "without"}
    run("--data", data, "--backbone", BACKBONE, "--output", models["with"])
    run("--data", data, "--backbone", BACKBONE, "--output", models["without"], "--set", "train.known_images=0")
    seconds = {name: [] for name in models}
    for _ in range(REPEATS):
        for name, model in models.items():
            seconds[name].append(seconds_of_prediction(model, folder, scratch))
    fastest = {name: min(times) for name, times in seconds.items()}
    return {"processor_seconds": fastest, "more": fastest["with"] / fastest["without"] - 1,
            "model_bytes": {name: (model / "model.pt").stat().st_size for name, model in models.items()}}


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--out", type=Path)
    for name in ("hymenoptera", "flowers", "steel", "solar"):
        parser.add_argument(name, type=Path)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as name:
        scratch = Path(name)
        pairs = {f"{a} vs {b}": measure_pair(getattr(options, a), getattr(options, b), scratch) for a, b in PAIRS}
        cost = measure_cost(options.flowers, options.steel, scratch)
    result = {**describe(), "pairs": pairs, "cost_of_prediction": cost,
              "holds": {pair: measured["auroc"]["predict"] >= LEAST_AUROC for pair, measured in pairs.items()}}
    text = json.dumps(result, indent=2) + "\n"
    if options.out:
        options.out.write_text(text)
    print(text)
    return 0 if all(result["holds"].values()) and cost["more"] < 0.05 else 1


if __name__ == "__main__":
    sys.exit(main())
