"""Compares a whole freeze-conv command with the PyTorch tutorial's loop: same backbone, same machine, one run.

The tutorial trains for 25 epochs; 2 are measured and scaled: set-up + 25 × mean epoch. Also measured: our feature
extraction compared with a bare Python loop of frozen channels-last forward passes over batches in memory.

Usage: .venv/bin/python bench/freeze_conv_vs_tutorial.py DATA [--out FILE.json]
"""

import argparse
import json
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import torch

from machine import BINARY, ROOT, describe

EPOCHS = 25
MEASURED_EPOCHS = 2
SEEDS = range(5)


def run_ours(data: Path, folder: Path) -> list:
    runs = []
    for seed in SEEDS:
        out = folder / f"seed{seed}"
        begin = time.perf_counter()
        subprocess.run(
            [BINARY, "--strategy", "freeze-conv", "--data", data, "--seed", str(seed), "--out", out],
            check=True, capture_output=True)
        wall = time.perf_counter() - begin
        summary = json.loads((out / "summary.json").read_text())
        images = summary["train_images"] + summary["val"]["images"]
        runs.append({"seed": seed, "wall_seconds": wall, "val_accuracy": summary["val"]["accuracy"],
                     "extract_seconds_per_image": summary["seconds"]["extract"] / images,
                     "images": images, "weight_decay": summary["weight_decay"]})
    return runs


def bare_loop_seconds_per_image(batches: int = 12, size: int = 32) -> float:
    """Frozen channels-last forward passes of the default backbone over one batch in memory, with all threads."""
    module = torch.jit.load(str(ROOT / "models/pretrained/efficientnet-lite0.pt")).eval()
    module = torch.jit.freeze(module.to(memory_format=torch.channels_last))
    images = torch.randn(size, 3, 224, 224).to(memory_format=torch.channels_last)
    with torch.inference_mode():
        for _ in range(3):
            module(images)
        begin = time.perf_counter()
        for _ in range(batches):
            module(images)
        return (time.perf_counter() - begin) / (batches * size)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("data", type=Path)
    parser.add_argument("--out", type=Path)
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        ours = run_ours(arguments.data, Path(folder))
    bare = bare_loop_seconds_per_image()
    peer = json.loads(subprocess.run(
        [sys.executable, ROOT / "bench/tutorial_loop.py", arguments.data, str(MEASURED_EPOCHS)],
        check=True, capture_output=True, text=True).stdout.splitlines()[-1])  # after the package's own output
    tutorial = peer["setup_seconds"] + EPOCHS * statistics.mean(peer["epoch_seconds"])
    wall = statistics.median(run["wall_seconds"] for run in ours)
    extract = statistics.median(run["extract_seconds_per_image"] for run in ours)
    result = {
        "command": "bench/freeze_conv_vs_tutorial.py " + arguments.data.name,
        "machine": describe(),
        "ours": ours,
        "ours_median_wall_seconds": wall,
        "ours_mean_val_accuracy": statistics.mean(run["val_accuracy"] for run in ours),
        "tutorial_measured": peer,
        "tutorial_scaled_to_25_epochs_seconds": tutorial,
        "times_less_wall_time": tutorial / wall,
        "bare_loop_seconds_per_image": bare,
        "extraction_over_bare_loop": extract / bare,
    }
    text = json.dumps(result, indent=2)
    print(text)
    if arguments.out:
        arguments.out.write_text(text + "\n")


if __name__ == "__main__":
    main()
