"""Exports every architecture as ONNX: `transfer export` compares each file with the network by ONNX Runtime.

Usage: onnx_files.py --transfer BINARY [--folder DIR] [NAME...]
The scripted and the traced file of tests/architectures/export.py are given the metadata of a model that `transfer`
trained, which is quicker than training one. Exit status: number of files that could not be exported.
"""

import argparse
import json
import subprocess
import sys
import tempfile
from pathlib import Path

import torch

ROOT = Path(__file__).resolve().parents[2]
if str(ROOT) not in sys.path:
    sys.path.insert(0, str(ROOT))

from tests.architectures.export import ARCHITECTURES, CLASSES  # noqa: E402


def write_model(network: Path, golden: Path, model: Path) -> None:
    """Writes the network again as a classifier of CLASSES classes."""
    _, channels, height, width = torch.load(golden, weights_only=True)["input"].shape
    metadata = {
        "format_version": 3, "kind": "classifier", "name": network.name, "source": "", "source_version": "", "license": "",
        "preprocessing": {"input_size": [height, width], "channels": "rgb", "resize": height, "resize_rule": "shorter_side",
                          "crop": "center", "interpolation": "area", "mean": [0.5] * channels, "std": [0.25] * channels},
        "classes": [f"class{i}" for i in range(CLASSES)], "stages": [], "task": "classification", "loss": "cross_entropy",
    }
    torch.jit.save(torch.jit.load(str(network)), str(model), _extra_files={"transfer.json": json.dumps(metadata)})


def check(binary: Path, folder: Path, name: str, kind: str) -> str:
    """What to print of one file, which begins with "ok" where it is exported."""
    with tempfile.TemporaryDirectory(dir=folder) as place:
        model, output = Path(place) / "model.pt", Path(place) / "model.onnx"
        write_model(folder / f"{name}.{kind}.pt", folder / f"{name}.golden.pt", model)
        command = [str(binary), "export", "--model", str(model), "--to", "onnx", "--output", str(output), "--json", "--trust", "always"]
        done = subprocess.run(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    if done.returncode != 0:
        return "failed: " + done.stderr.strip().rpartition("transfer: ")[2]
    report = json.loads(done.stdout)
    return f"ok, {report['nodes']} nodes, difference {report['check']['difference']:.1e}"


def main() -> int:
    parser = argparse.ArgumentParser(description="Export torchvision's architectures as ONNX.")
    parser.add_argument("names", nargs="*", metavar="NAME", help="default: all of three colours")
    parser.add_argument("--transfer", type=Path, required=True, help="the program")
    parser.add_argument("--folder", type=Path, default=ROOT / "build/architectures")
    options = parser.parse_args()
    options.folder.mkdir(parents=True, exist_ok=True)
    names = options.names or [name for name, each in ARCHITECTURES.items() if each.channels == 3]
    failures = 0
    for name in names:
        exporter = [sys.executable, str(Path(__file__).with_name("export.py")), str(options.folder), name]
        subprocess.run(exporter, check=True, stderr=subprocess.DEVNULL)
        for kind in ("scripted", "traced"):
            result = check(options.transfer, options.folder, name, kind)
            failures += not result.startswith("ok")
            print(f"{name} {kind}: {result}", flush=True)
    return min(failures, 100)


if __name__ == "__main__":
    sys.exit(main())
