"""The frozen network alone, as the program's passes run it, against ONNX Runtime and OpenVINO: float32, the same threads
(as many streams of one thread as cores), random images in memory, each engine at its best batch. The sides take turns.

Usage: .venv/bin/python bench/extraction_vs_engines.py [--engines PYTHON] [--rounds N] [--out FILE.json] [BACKBONE...]
  --engines  a Python with onnx, onnxruntime, openvino and numpy (bench/requirements-engines.txt)
"""

import argparse
import json
import os
import statistics
import subprocess
import sys
import tempfile
from pathlib import Path

from machine import BINARY, ROOT, describe

BACKBONES = ["efficientnet-lite0", "torchvision:mobilenet_v2", "torchvision:resnet18", "torchvision:resnet50"]
BATCHES = [1, 4, 16]
STREAMS = len(os.sched_getaffinity(0))
# Against the better of the two engines.
MOST = {"efficientnet-lite0": 1.35, "torchvision:mobilenet_v2": 1.35, "torchvision:resnet18": 1.15,
        "torchvision:resnet50": 1.15}

EXPORT = """
import sys
import torch
network = torch.jit.load(sys.argv[1]).eval()
torch.onnx.export(network, (torch.rand(1, 3, 224, 224),), sys.argv[2], dynamo=False, opset_version=17,
                  input_names=["images"], output_names=["outputs"], dynamic_axes={"images": {0: "n"}, "outputs": {0: "n"}})
"""

ENGINE = """
import sys
import threading
import time
import numpy
engine, file, streams, batch, images = sys.argv[1], sys.argv[2], *map(int, sys.argv[3:6])
data = numpy.random.default_rng(0).standard_normal((batch, 3, 224, 224), dtype=numpy.float32)
if engine == "onnxruntime":
    import onnxruntime
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = options.inter_op_num_threads = 1
    session = onnxruntime.InferenceSession(file, options, providers=["CPUExecutionProvider"])
    make = lambda: lambda: session.run(None, {"images": data})
else:
    import openvino
    core = openvino.Core()
    model = core.read_model(file)
    model.reshape([batch, 3, 224, 224])
    compiled = core.compile_model(model, "CPU", {"INFERENCE_NUM_THREADS": streams, "NUM_STREAMS": streams,
                                                 "INFERENCE_PRECISION_HINT": "f32"})
    def make():
        request = compiled.create_infer_request()
        return lambda: request.infer([data])
runs = [make() for _ in range(streams)]
for run in runs:
    run()
repeats = max(images // streams // batch, 1)
def work(run):
    for _ in range(repeats):
        run()
threads = [threading.Thread(target=work, args=(run,)) for run in runs]
begin = time.perf_counter()
for thread in threads:
    thread.start()
for thread in threads:
    thread.join()
print((time.perf_counter() - begin) / (repeats * batch * streams) * 1000)
"""


def file_of(backbone: str) -> Path:
    """The TorchScript file; exported with random weights where it is missing, which changes no time."""
    if ":" not in backbone:
        return ROOT / "models/pretrained" / f"{backbone}.pt"
    folder = ROOT / "build/networks"
    file = folder / (backbone.replace(":", "-") + ".pt")
    if not file.exists():
        folder.mkdir(exist_ok=True)
        subprocess.run([sys.executable, ROOT / "models/export/export.py", backbone, "--random", "--out", folder], check=True)
    return file


def milliseconds(command: list, environment: dict | None = None) -> float:
    output = subprocess.run([str(word) for word in command], check=True, capture_output=True, text=True,
                            env={**os.environ, **(environment or {})}).stdout
    return statistics.median(float(line) for line in output.split())


def allocator_of_program() -> dict:
    """The allocator that the program is linked with, for the benchmark's own binary."""
    for line in subprocess.run(["ldd", BINARY], check=True, capture_output=True, text=True).stdout.splitlines():
        if "tcmalloc" in line:
            return {"LD_PRELOAD": line.split()[2]}
    return {}


def measure(backbone: str, engines: str, rounds: int, images: int, folder: Path) -> dict:
    file = file_of(backbone)
    onnx = folder / "network.onnx"
    subprocess.run([sys.executable, "-c", EXPORT, file, onnx], check=True, capture_output=True,
                   env={**os.environ, "PYTHONPATH": site_packages(engines)})
    allocator = allocator_of_program()
    sides = {f"ours, fusion {fusion}": lambda fusion=fusion: milliseconds(
        [BINARY.parent / "frozen_pass", file, STREAMS, images, 3, fusion], allocator) for fusion in ("auto", "off")}
    for engine in ("onnxruntime", "openvino"):
        for batch in BATCHES:
            sides[f"{engine}, batch {batch}"] = lambda engine=engine, batch=batch: milliseconds(
                [engines, "-c", ENGINE, engine, onnx, STREAMS, batch, images])
    times = {name: [] for name in sides}
    for _ in range(rounds):
        for name, run in sides.items():
            times[name].append(run())
    medians = {name: statistics.median(values) for name, values in times.items()}
    best = min((name for name in medians if not name.startswith("ours")), key=medians.get)
    ratio = medians["ours, fusion auto"] / medians[best]
    return {"milliseconds_per_image": medians, "best_engine": best, "ours_over_best_engine": ratio,
            "most": MOST.get(backbone), "is_met": backbone not in MOST or ratio <= MOST[backbone]}


def site_packages(python: str) -> str:
    """Where that Python's packages lie: the exporter needs onnx beside the project's torch."""
    return subprocess.run([python, "-c", "import onnx, pathlib; print(pathlib.Path(onnx.__file__).parents[1])"],
                          check=True, capture_output=True, text=True).stdout.strip()


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("backbones", nargs="*", default=BACKBONES)
    parser.add_argument("--engines", default=sys.executable)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--images", type=int, default=96)
    parser.add_argument("--out", type=Path)
    arguments = parser.parse_args()
    subprocess.run(["cmake", "--build", BINARY.parent, "--target", "frozen_pass"], check=True, stdout=subprocess.DEVNULL)
    result = {"machine": describe(), "streams": STREAMS, "rounds": arguments.rounds, "backbones": {}}
    with tempfile.TemporaryDirectory() as folder:
        for backbone in arguments.backbones:
            result["backbones"][backbone] = measure(backbone, arguments.engines, arguments.rounds, arguments.images,
                                                    Path(folder))
            print(backbone, json.dumps(result["backbones"][backbone], indent=2), flush=True)
    if arguments.out:
        arguments.out.write_text(json.dumps(result, indent=2) + "\n")


if __name__ == "__main__":
    main()
