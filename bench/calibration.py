"""Do probabilities and conformal sets mean what they say? Calibration error and loss before and after the temperature on
test images, and the coverage of sets over 50 random divisions of them.

Usage: .venv/bin/python bench/calibration.py [--out FILE.json] DATA...
  DATA  folders with train, val and test; nothing of training sees test
"""

import argparse
import csv
import json
import math
import subprocess
import sys
import tempfile
from pathlib import Path

import numpy as np

from machine import BINARY, describe

COVERAGES = (0.8, 0.9, 0.95)
DIVISIONS = 50
LARGEST_GAP = 0.02
BINS = 15


def trained(data: Path, out: Path, *flags: str) -> dict:
    subprocess.run([BINARY, "--data", data, "--output", out, *flags], check=True, capture_output=True)
    return json.loads((out / "summary.json").read_text())


def read_table(file: Path) -> tuple[np.ndarray, np.ndarray]:
    """Probabilities [images, classes], and the position of the true class of each."""
    with open(file, newline="") as stream:
        rows = list(csv.DictReader(stream))
    names = [column[2:] for column in rows[0] if column.startswith("p:")]
    return (np.array([[float(row[f"p:{name}"]) for name in names] for row in rows]),
            np.array([names.index(row["true"]) for row in rows]))


def calibration_error(probabilities: np.ndarray, truth: np.ndarray) -> float:
    confidence, hits = probabilities.max(1), probabilities.argmax(1) == truth
    bins = np.clip(np.ceil(confidence * BINS) - 1, 0, BINS - 1)
    return float(sum(abs((hits[bins == b] - confidence[bins == b]).sum()) for b in range(BINS)) / len(truth))


def coverage_and_size(scores: np.ndarray, truth: np.ndarray, coverage: float) -> tuple[float, float]:
    """Means over the divisions: how often the set holds the true class, and the classes in it."""
    generator = np.random.default_rng(0)
    held, sizes = [], []
    for _ in range(DIVISIONS):
        order = generator.permutation(len(truth))
        first, second = np.array_split(order, 2)
        of_truth = np.sort(scores[first, truth[first]])
        threshold = of_truth[math.ceil((len(first) + 1) * coverage) - 1]
        sets = scores[second] <= threshold
        held.append(sets[np.arange(len(second)), truth[second]].mean())
        sizes.append(sets.sum(1).mean())
    return float(np.mean(held)), float(np.mean(sizes))


def measure(data: Path, scratch: Path) -> dict:
    runs = {"off": trained(data, scratch / "off", "--calibrate", "off"),
            "on": trained(data, scratch / "on", "--calibrate", "on"), "auto": trained(data, scratch / "auto")}
    tables = {name: read_table(scratch / name / "predictions_test.csv") for name in runs}
    probabilities, truth = tables["auto"]
    sets = {}
    for coverage in COVERAGES:
        held, size = coverage_and_size(1 - probabilities, truth, coverage)
        sets[str(coverage)] = {"mean_coverage": held, "mean_classes": size, "holds": abs(held - coverage) <= LARGEST_GAP}
    return {
        "test_images": len(truth),
        "calibration": runs["auto"]["calibration"],
        "test": {name: {"ece": calibration_error(*tables[name]), "loss": runs[name]["test"]["loss"],
                        "accuracy": runs[name]["test"]["accuracy"]} for name in runs},
        "sets": sets,
    }


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--out", type=Path)
    parser.add_argument("data", type=Path, nargs="+")
    options = parser.parse_args()
    results = {}
    for data in options.data:
        with tempfile.TemporaryDirectory() as name:
            results[data.name] = measure(data, Path(name))
    holds = all(entry["holds"] for result in results.values() for entry in result["sets"].values())
    text = json.dumps({**describe(), "data": results, "holds": holds}, indent=2) + "\n"
    if options.out:
        options.out.write_text(text)
    print(text)
    return 0 if holds else 1


if __name__ == "__main__":
    sys.exit(main())
