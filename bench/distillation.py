"""A small student alone and taught by an ensemble, fine-tuned alike.

Usage: .venv/bin/python bench/distillation.py [--seeds 0 1 2] [--epochs 5] [--lr 3e-4] [--augment none] [--out FILE.json]

Data: flowers_subset from $TRANSFER_DATA. The seed divides its training images into 600 for training and 150 that choose
the epoch; its 200 validation images are the test that is measured, and choose nothing. The student is efficientnet-lite0
at 96 pixels with the preset fine-tune but for these flags. Its teacher, trained on the same 600 images, is an ensemble of all-features and
freeze-conv at 224 pixels. Weight and temperature of the teacher are the defaults. Both sides run one after the other.
"""

import argparse
import csv
import json
import os
import random
import statistics
import subprocess
import tempfile
import time
from pathlib import Path

from machine import BINARY, ROOT, describe

FLOWERS = Path(os.environ.get("TRANSFER_DATA", ROOT.parent / "shared/data")) / "flowers_subset"
STUDENT_SIZE = 96
VALIDATION_SHARE = 0.2


def images_under(folder: Path) -> dict:
    return {group.name: sorted(group.iterdir()) for group in sorted(folder.iterdir()) if group.is_dir()}


def write_data(file: Path, seed: int) -> None:
    generator = random.Random(seed)
    with file.open("w", newline="") as stream:
        writer = csv.writer(stream)
        writer.writerow(("path", "label", "split"))
        for label, paths in images_under(FLOWERS / "train").items():
            chosen = set(generator.sample(paths, round(VALIDATION_SHARE * len(paths))))
            writer.writerows((path, label, "val" if path in chosen else "train") for path in paths)
        for label, paths in images_under(FLOWERS / "val").items():
            writer.writerows((path, label, "test") for path in paths)


def transfer(*arguments) -> str:
    quiet = ("--set", "report.html=false", "--set", "report.pictures=false") if "--data" in arguments[:1] else ()
    return subprocess.run([BINARY, *map(str, arguments), *quiet], check=True, capture_output=True, text=True).stdout


def train(data: Path, seed: int, out: Path, *flags) -> dict:
    begin = time.perf_counter()
    transfer("--data", data, "--seed", seed, "--output", out, "--set", "data.allow_leakage=true", *flags)
    summary = json.loads((out / "summary.json").read_text())
    return {"test_accuracy": summary["test"]["accuracy"], "test_loss": summary["test"]["loss"],
            "val_accuracy": summary["val"]["accuracy"], "best_epoch": summary["best_epoch"],
            "seconds": time.perf_counter() - begin}


def compare(seed: int, folder: Path, store: Path, arguments: argparse.Namespace) -> dict:
    data, teacher = folder / "flowers.csv", folder / "teacher.pt"
    write_data(data, seed)
    for strategy in ("all-features", "freeze-conv"):
        train(data, seed, folder / strategy, "--strategy", strategy, "--set", "cache.share=true", "--set", f"cache.dir={store}")
    transfer("ensemble", folder / "all-features", folder / "freeze-conv", "--output", teacher)
    measured = json.loads(transfer("evaluate", "--model", teacher, "--data", data, "--split", "test", "--json"))
    student = ("--strategy", "fine-tune", "--image-size", STUDENT_SIZE, "--epochs", arguments.epochs, "--lr", arguments.lr,
               "--augment", arguments.augment, "--set", "train.patience=0", "--set", "train.monitor=accuracy")
    return {"teacher": {"test_accuracy": measured["accuracy"], "test_loss": measured["loss"]},
            "alone": train(data, seed, folder / "alone", *student),
            "taught": train(data, seed, folder / "taught", *student, "--teacher", teacher)}


def show(results: dict) -> None:
    print("| | test accuracy | test loss | seconds |")
    print("|---|---|---|---|")
    for side in ("teacher", "alone", "taught"):
        runs = [result[side] for result in results.values()]
        accuracies, losses = [100 * run["test_accuracy"] for run in runs], [run["test_loss"] for run in runs]
        spread = statistics.stdev(accuracies) if len(runs) > 1 else 0
        seconds = f"{statistics.mean(run['seconds'] for run in runs):.0f}" if "seconds" in runs[0] else ""
        print(f"| {side} | {statistics.mean(accuracies):.2f} ± {spread:.2f} % | {statistics.mean(losses):.3f} | {seconds} |")
    gains = [100 * (result["taught"]["test_accuracy"] - result["alone"]["test_accuracy"]) for result in results.values()]
    print("gain by seed, in points:", ", ".join(f"{gain:+.1f}" for gain in gains))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seeds", type=int, nargs="+", default=[0, 1, 2])
    parser.add_argument("--epochs", type=int, default=5)
    parser.add_argument("--lr", type=float, default=3e-4)
    parser.add_argument("--augment", default="none")
    parser.add_argument("--out", type=Path)
    arguments = parser.parse_args()
    results = {}
    scratch = tempfile.TemporaryDirectory()
    for seed in arguments.seeds:
        folder = Path(scratch.name) / str(seed)
        folder.mkdir()
        results[str(seed)] = compare(seed, folder, Path(scratch.name) / "store", arguments)
        print(seed, json.dumps(results[str(seed)]), flush=True)
        if arguments.out:
            settings = {"epochs": arguments.epochs, "lr": arguments.lr, "augment": arguments.augment, "student_size": STUDENT_SIZE}
            arguments.out.write_text(json.dumps({"machine": describe(), "settings": settings, "results": results}, indent=1) + "\n")
    show(results)


if __name__ == "__main__":
    main()
