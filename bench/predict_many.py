"""`predict` on very many small images: peak memory, milliseconds an image, and how much longer than the bare network
(build/frozen_pass) on as many streams.

Usage: .venv/bin/python bench/predict_many.py [--images 100000] [--out FILE.json] MODEL BACKBONE.pt
  MODEL    a run, or its model.pt
  BACKBONE the TorchScript file that it was trained from
"""

import argparse
import json
import os
import random
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from PIL import Image

from machine import BINARY, ROOT, describe

SIDE = 64
MOST_MEGABYTES = 600
MOST_OVER_BARE = 1.2
STREAMS = len(os.sched_getaffinity(0))


def make_images(folder: Path, count: int) -> None:
    """Some hundred different images, the others as further names of them."""
    generator = random.Random(0)
    for i in range(min(count, 500)):
        Image.frombytes("RGB", (SIDE, SIDE), generator.randbytes(3 * SIDE * SIDE)).save(folder / f"{i:06}.png")
    for i in range(500, count):
        os.link(folder / f"{i % 500:06}.png", folder / f"{i:06}.png")


def bare_milliseconds(backbone: Path, images: int) -> float:
    done = subprocess.run([ROOT / "build/frozen_pass", backbone, str(STREAMS), str(images), "3", "auto"], check=True,
                          capture_output=True, text=True)
    return min(map(float, done.stdout.split()))


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--images", type=int, default=100_000)
    parser.add_argument("--out", type=Path)
    parser.add_argument("model", type=Path)
    parser.add_argument("backbone", type=Path)
    options = parser.parse_args()
    subprocess.run(["cmake", "--build", str(ROOT / "build"), "--target", "frozen_pass"], check=True, stdout=sys.stderr)
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        (folder / "images").mkdir()
        make_images(folder / "images", options.images)
        before = bare_milliseconds(options.backbone, 256)
        begin = time.perf_counter()
        process = subprocess.Popen([BINARY, "predict", "--model", options.model, folder / "images", "--output",
                                    folder / "rows.csv"], stderr=subprocess.DEVNULL)
        _, status, usage = os.wait4(process.pid, 0)
        seconds = time.perf_counter() - begin
        after = bare_milliseconds(options.backbone, 256)
        if status != 0:
            sys.exit(f"predict ended with {status}")
        paths = [line.split(",")[0] for line in (folder / "rows.csv").read_text().splitlines()[1:]]
        in_order = paths == [str(folder / "images" / f"{i:06}.png") for i in range(options.images)]
    bare = (before + after) / 2
    result = {**describe(), "command": f"predict_many.py --images {options.images}", "images": options.images,
              "seconds": seconds, "milliseconds_per_image": seconds * 1000 / options.images,
              "bare_milliseconds_per_image": bare, "over_bare": seconds * 1000 / options.images / bare,
              "peak_megabytes": usage.ru_maxrss / 1024, "rows_in_order": in_order}
    result["holds"] = in_order and result["peak_megabytes"] <= MOST_MEGABYTES and result["over_bare"] <= MOST_OVER_BARE
    text = json.dumps(result, indent=2) + "\n"
    if options.out:
        options.out.write_text(text)
    print(text)
    return 0 if result["holds"] else 1


if __name__ == "__main__":
    sys.exit(main())
