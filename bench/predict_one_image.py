"""Wall time of `transfer predict` on one image, from process start to answer, compared with the same in Python.

Usage: .venv/bin/python bench/predict_one_image.py MODEL.pt IMAGE [--out FILE.json]
"""

import argparse
import json
import statistics
import subprocess
import sys
import time
from pathlib import Path

from machine import BINARY, ROOT, describe

REPEATS = 7
PYTHON_JOB = """
import sys
sys.path.insert(0, sys.argv[3])
import torch
from PIL import Image
from torchvision_beside_cpu_torch import transforms
model = torch.jit.load(sys.argv[1]).eval()
prepare = transforms.Compose([transforms.Resize(256), transforms.CenterCrop(224), transforms.ToTensor(),
                              transforms.Normalize([127 / 255] * 3, [128 / 255] * 3)])
with torch.inference_mode():
    print(model.predict(prepare(Image.open(sys.argv[2]).convert("RGB")).unsqueeze(0)).tolist())
"""


def median_seconds(command: list) -> float:
    seconds = []
    for _ in range(REPEATS):
        begin = time.perf_counter()
        subprocess.run(command, check=True, capture_output=True)
        seconds.append(time.perf_counter() - begin)
    return statistics.median(seconds)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("model")
    parser.add_argument("image")
    parser.add_argument("--out", type=Path)
    arguments = parser.parse_args()
    ours = median_seconds([BINARY, "predict", "--model", arguments.model, arguments.image])
    python = median_seconds(
        [sys.executable, "-c", PYTHON_JOB, arguments.model, arguments.image, str(ROOT / "bench")])
    result = {"machine": describe(), "repeats": REPEATS, "ours_median_seconds": ours,
              "python_median_seconds": python, "ours_over_python": ours / python}
    print(json.dumps(result, indent=2))
    if arguments.out:
        arguments.out.write_text(json.dumps(result, indent=2) + "\n")


if __name__ == "__main__":
    main()
