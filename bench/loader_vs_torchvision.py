"""Reading, resizing and normalising images alone: images a second on one core, against torchvision's transforms on
Pillow images; and a whole pass against the sum of its two parts, the bare network and the loader.

Usage: .venv/bin/python bench/loader_vs_torchvision.py [--out FILE.json] DATA
"""

import argparse
import json
import os
import re
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import torch
from PIL import Image
from torchvision_beside_cpu_torch import transforms

from machine import BINARY, ROOT, describe

BACKBONE = ROOT / "models/pretrained/efficientnet-lite0.pt"
ROUNDS = 3
STREAMS = len(os.sched_getaffinity(0))
MOST_OVER_PARTS = 1.1


def ours(data: Path, workers: int) -> float:
    """Seconds of the best round, and images."""
    done = subprocess.run([ROOT / "build/loader_alone", BACKBONE, data, str(workers), str(ROUNDS)], check=True,
                          capture_output=True, text=True)
    rounds = [line.split() for line in done.stdout.splitlines()]
    return min(float(seconds) for _, seconds in rounds), int(rounds[0][0])


def torchvision(data: Path) -> float:
    torch.set_num_threads(1)
    prepare = transforms.Compose([transforms.Resize(256), transforms.CenterCrop(224), transforms.ToTensor(),
                                  transforms.Normalize([127 / 255] * 3, [128 / 255] * 3)])
    files = sorted(path for path in data.rglob("*") if path.suffix.lower() in (".jpg", ".jpeg", ".png"))
    best = float("inf")
    for _ in range(ROUNDS):
        begin = time.perf_counter()
        for file in files:
            prepare(Image.open(file).convert("RGB"))
        best = min(best, time.perf_counter() - begin)
    return best


def whole_pass(data: Path) -> tuple:
    """Seconds an image of the best of some runs, and the part of the time that it waited for images."""
    best = (float("inf"), 0.0)
    for _ in range(ROUNDS):
        with tempfile.TemporaryDirectory() as folder:
            done = subprocess.run([BINARY, "--data", data, "--strategy", "freeze-conv", "--backbone", BACKBONE, "--out",
                                   Path(folder) / "run", "--verbose"], check=True, capture_output=True, text=True)
            summary = json.loads((Path(folder) / "run/summary.json").read_text())
        images = summary["train_images"] + summary["val"]["images"]
        waits = [float(share) for share in re.findall(r"waited for images ([0-9.]+) %", done.stderr)]
        best = min(best, (summary["seconds"]["extract"] / images, max(waits) / 100))
    return best


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--out", type=Path)
    parser.add_argument("data", type=Path)
    options = parser.parse_args()
    subprocess.run(["cmake", "--build", str(ROOT / "build"), "--target", "loader_alone", "frozen_pass"], check=True,
                   stdout=sys.stderr)
    alone, images = ours(options.data, 1)
    all_cores, _ = ours(options.data, STREAMS)
    peer = torchvision(options.data)
    bare = subprocess.run([ROOT / "build/frozen_pass", BACKBONE, str(STREAMS), "256", str(ROUNDS), "auto"], check=True,
                          capture_output=True, text=True).stdout.split()
    network = min(map(float, bare)) / 1000
    whole, waits = whole_pass(options.data)
    result = {**describe(), "command": f"loader_vs_torchvision.py {options.data.name}", "images": images,
              "images_per_second_on_one_core": images / alone, "torchvision_images_per_second_on_one_core": images / peer,
              "loader_milliseconds_per_image_on_all_cores": all_cores / images * 1000,
              "network_milliseconds_per_image": network * 1000, "pass_milliseconds_per_image": whole * 1000,
              "pass_over_its_parts": whole / (network + all_cores / images), "part_of_time_waiting_for_images": waits}
    result["holds"] = result["pass_over_its_parts"] <= MOST_OVER_PARTS
    text = json.dumps(result, indent=2) + "\n"
    if options.out:
        options.out.write_text(text)
    print(text)
    return 0 if result["holds"] else 1


if __name__ == "__main__":
    sys.exit(main())
