"""A whole freeze-conv command against bench/python_features.py, the way of a careful Python user: from process start to
a saved model, in turn, with the same network, images and cores. Wall time, CPU time, peak memory and accuracy.

Usage: .venv/bin/python bench/freeze_conv_vs_python_features.py --peer PYTHON [--rounds 3] [--out FILE.json] DATA...
  --peer  a Python with bench/requirements-engines.txt
"""

import argparse
import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from machine import BINARY, ROOT, describe

BACKBONE = ROOT / "models/pretrained/efficientnet-lite0.pt"
FEWER = 1.5  # times less wall time
MOST_MEGABYTES = 400


# Leaves the network up to its classifier, which is the last fully connected layer.
CUT = """
import sys
import onnx
graph = onnx.load(sys.argv[1]).graph
last = [node for node in graph.node if node.op_type == "Gemm"][-1]
onnx.utils.extract_model(sys.argv[1], sys.argv[2], ["images"], [last.input[0]])
"""


# In a process of its own, so that this one stays small: what it holds counts as a child's memory until the child begins.
EXPORT = """
import sys
import torch
network = torch.jit.load(sys.argv[1]).eval()
torch.onnx.export(network, (torch.rand(1, 3, 224, 224),), sys.argv[2], dynamo=False, opset_version=17,
                  input_names=["images"], output_names=["logits"], dynamic_axes={"images": {0: "n"}, "logits": {0: "n"}})
"""


def export(folder: Path, peer: str) -> list:
    subprocess.run([sys.executable, "-W", "ignore", "-c", EXPORT, BACKBONE, folder / "whole.onnx"], check=True)
    subprocess.run([peer, "-c", CUT, folder / "whole.onnx", folder / "features.onnx"], check=True)
    shown = subprocess.run([BINARY, "inspect", "--backbone", BACKBONE, "--json"], check=True, capture_output=True, text=True)
    p = json.loads(shown.stdout)["metadata"]["preprocessing"]
    height, width = p["input_size"]
    (folder / "preprocessing.json").write_text(json.dumps(
        {"resize": p["resize"], "height": height, "width": width, "mean": p["mean"], "std": p["std"]}))
    return [folder / "features.onnx", folder / "preprocessing.json"]


def measure(command: list, output: Path) -> dict:
    begin = time.perf_counter()
    with output.open("w") as stdout:
        process = subprocess.Popen(list(map(str, command)), stdout=stdout, stderr=subprocess.PIPE, text=True)
        text = process.stderr.read()
        _, status, usage = os.wait4(process.pid, 0)
    if status != 0:
        sys.exit(text)
    return {"wall_seconds": time.perf_counter() - begin, "cpu_seconds": usage.ru_utime + usage.ru_stime,
            "peak_megabytes": usage.ru_maxrss / 1024}


def ours(data: Path, folder: Path) -> dict:
    run = folder / "run"
    result = measure([BINARY, "--strategy", "freeze-conv", "--data", data, "--backbone", BACKBONE, "--out", run, "--overwrite"],
                     folder / "stdout")
    return {**result, "val_accuracy": json.loads((run / "summary.json").read_text())["val"]["accuracy"]}


def theirs(peer: str, files: list, data: Path, folder: Path) -> dict:
    result = measure([peer, ROOT / "bench/python_features.py", *files, data, folder / "model.joblib"], folder / "stdout")
    return {**result, **json.loads((folder / "stdout").read_text())}


def medians(runs: list) -> dict:
    return {key: statistics.median(run[key] for run in runs) for key in runs[0]}


def compare(data: Path, peer: str, files: list, rounds: int, folder: Path) -> dict:
    sides = {"transfer": [], "python": []}
    for _ in range(rounds):
        sides["transfer"].append(ours(data, folder))
        sides["python"].append(theirs(peer, files, data, folder))
    result = {"data": data.name, **{name: medians(runs) for name, runs in sides.items()}, "runs": sides}
    mine, other = result["transfer"], result["python"]
    result["times_less_wall_time"] = other["wall_seconds"] / mine["wall_seconds"]
    result["holds"] = (result["times_less_wall_time"] >= FEWER and mine["peak_megabytes"] <= MOST_MEGABYTES and
                       mine["val_accuracy"] >= other["val_accuracy"])
    return result


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--peer", required=True)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--out", type=Path)
    parser.add_argument("data", type=Path, nargs="+")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        files = export(folder, options.peer)
        results = [compare(data, options.peer, files, options.rounds, folder) for data in options.data]
    result = {**describe(), "command": "freeze_conv_vs_python_features.py " + " ".join(data.name for data in options.data),
              "results": results}
    text = json.dumps(result, indent=2) + "\n"
    if options.out:
        options.out.write_text(text)
    print(text)
    return 0 if all(one["holds"] for one in results) else 1


if __name__ == "__main__":
    sys.exit(main())
