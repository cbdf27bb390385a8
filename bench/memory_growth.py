"""Peak memory of freeze-conv on 2,000 and on 20,000 generated images with the same cache limit.

Usage: .venv/bin/python bench/memory_growth.py [--backbone NAME] [--limit-mb N] [--out FILE.json]
"""

import argparse
import json
import subprocess
import tempfile
from pathlib import Path

import numpy as np
from PIL import Image

from machine import BINARY, describe


def write_images(folder: Path, count: int) -> None:
    """Two classes of noise around two colours, a tenth of the images for validation."""
    generator = np.random.default_rng(0)
    for i in range(count):
        colour = np.array([180, 60, 60] if i % 2 else [60, 60, 180])
        pixels = np.clip(colour + generator.integers(-60, 60, (64, 64, 3)), 0, 255).astype(np.uint8)
        path = folder / ("val" if i % 20 < 2 else "train") / ("red" if i % 2 else "blue") / f"{i}.jpg"
        path.parent.mkdir(parents=True, exist_ok=True)
        Image.fromarray(pixels).save(path)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--backbone", default="efficientnet-lite0")
    parser.add_argument("--limit-mb", default="4")
    parser.add_argument("--out", type=Path)
    arguments = parser.parse_args()
    result = {"machine": describe(), "backbone": arguments.backbone, "cache_memory_mb": arguments.limit_mb,
              "peak_memory_mb": {}}
    for count in (2000, 20000):
        with tempfile.TemporaryDirectory() as folder:
            write_images(Path(folder) / "data", count)
            subprocess.run(
                [BINARY, "--data", f"{folder}/data", "--backbone", arguments.backbone, "--out", f"{folder}/run",
                 "--set", f"cache.memory_mb={arguments.limit_mb}"], check=True, capture_output=True)
            summary = json.loads((Path(folder) / "run/summary.json").read_text())
            result["peak_memory_mb"][count] = summary["peak_memory_mb"]
    print(json.dumps(result, indent=2))
    if arguments.out:
        arguments.out.write_text(json.dumps(result, indent=2) + "\n")


if __name__ == "__main__":
    main()
