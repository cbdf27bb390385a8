"""Compares regression of the solar cells' defect probability with predicting the mean of the training images.

Each seed makes a new split: three quarters for training, one quarter for measurement. The latter are the validation
images of the run, which freeze-conv does not use in training: it chooses the weight decay on the training images.

Usage: .venv/bin/python bench/regression_on_solar_cells.py [DATA] [--seeds N] [--out FILE.json]
DATA is the folder written by datasets/prepare/elpv.py.
"""

import argparse
import csv
import json
import statistics
import subprocess
import tempfile
from pathlib import Path

from machine import BINARY, ROOT, describe

SCORES = ("r2", "mae", "rmse")


def write_table(data: Path, file: Path) -> None:
    """Path and probability of every cell, without the data's own split."""
    with open(data / "labels.csv", newline="") as source, open(file, "w", newline="") as target:
        writer = csv.writer(target)
        writer.writerow(("path", "probability"))
        writer.writerows(((data / row["path"]).resolve(), row["probability"]) for row in csv.DictReader(source))


def scores_of(truth: list, predicted: list) -> dict:
    """R², mean absolute error and root mean squared error."""
    errors = [p - t for p, t in zip(predicted, truth)]
    squares = sum(error * error for error in errors)
    mean = statistics.mean(truth)
    return {
        "r2": 1 - squares / sum((t - mean) ** 2 for t in truth),
        "mae": statistics.mean(abs(error) for error in errors),
        "rmse": (squares / len(errors)) ** 0.5,
    }


def run(table: Path, seed: int, folder: Path) -> dict:
    """Scores of the regression and of the mean for one seed, on the same images."""
    out = folder / f"seed{seed}"
    subprocess.run(
        [BINARY, "--task", "regression", "--strategy", "freeze-conv", "--data", table, "--seed", str(seed),
         "--set", "data.val_fraction=0.25", "--out", out], check=True, capture_output=True)
    summary = json.loads((out / "summary.json").read_text())
    with open(out / "predictions_val.csv", newline="") as file:
        measured = {row["path"]: row for row in csv.DictReader(file)}
    with open(table, newline="") as file:
        training = [float(row["probability"]) for row in csv.DictReader(file) if row["path"] not in measured]
    truth = [float(row["probability"]) for row in measured.values()]
    ours = scores_of(truth, [float(row["predicted:probability"]) for row in measured.values()])
    for name in SCORES:
        if abs(ours[name] - summary["val"][name]) > 1e-4:
            raise SystemExit(f"seed {seed}: {name} is {summary['val'][name]} in summary.json, here {ours[name]}")
    return {
        "seed": seed, "train_images": summary["train_images"], "measured_images": len(measured),
        "ours": ours, "mean": scores_of(truth, [statistics.mean(training)] * len(truth)),
        "weight_decay": summary["weight_decay"], "seconds": summary["seconds"]["total"],
    }


def table_row(name: str, runs: list, key: str) -> str:
    cells = []
    for score in SCORES:
        values = [one[key][score] for one in runs]
        cells.append(f"{statistics.mean(values):.3f} ({min(values):.3f} to {max(values):.3f})")
    return f"| {name} | " + " | ".join(cells) + " |"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("data", type=Path, nargs="?", default=ROOT / "datasets/demo/elpv")
    parser.add_argument("--seeds", type=int, default=3)
    parser.add_argument("--out", type=Path)
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        write_table(arguments.data, folder / "cells.csv")
        runs = [run(folder / "cells.csv", seed, folder) for seed in range(arguments.seeds)]
    print(f"{runs[0]['train_images']} training images, {runs[0]['measured_images']} measured, {len(runs)} seeds")
    print("| | R² | MAE | RMSE |\n|---|---|---|---|")
    print(table_row("the training images' mean", runs, "mean"))
    print(table_row("`--task regression`, freeze-conv", runs, "ours"))
    if arguments.out:
        result = {"command": "bench/regression_on_solar_cells.py", "machine": describe(), "runs": runs}
        arguments.out.write_text(json.dumps(result, indent=2) + "\n")


if __name__ == "__main__":
    main()
