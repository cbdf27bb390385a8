"""Peak memory and seconds of fine-tuning every layer, compared with a Python loop: same model, batches and augmentation.

The peer is fine_tune_vs_pytorch.py's: eager PyTorch, channels-last, AdamW, a DataLoader with 2 workers, whose own memory
is not counted. Ours is the whole process. Both train for two epochs with batches of 32.

Usage: .venv/bin/python bench/fine_tune_memory.py DATA [--models lite0 resnet18] [--out FILE.json]
"""

import argparse
import json
import multiprocessing
import resource
from pathlib import Path

from fine_tune_vs_pytorch import BATCH, python_loader, python_model, run_ours, train_epoch
from machine import describe

EPOCHS = 2
BACKBONES = {"lite0": "efficientnet-lite0", "resnet18": "torchvision-resnet18"}


def measure_python(name: str, data: Path, results) -> None:
    """Runs in a process of its own, whose peak is then of this network alone."""
    import torch

    loader = python_loader(data)
    model = python_model(name)
    optimizer = torch.optim.AdamW(model.parameters(), lr=1e-4)
    seconds = sum(train_epoch(model, optimizer, loader)[0] for _ in range(EPOCHS))
    results.put({"peak_memory_mb": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024, "seconds": seconds})


def run_python(name: str, data: Path) -> dict:
    context = multiprocessing.get_context("spawn")
    results = context.Queue()
    process = context.Process(target=measure_python, args=(name, data, results))
    process.start()
    result = results.get()
    process.join()
    return result


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("data", type=Path)
    parser.add_argument("--models", nargs="+", default=["lite0", "resnet18"])
    parser.add_argument("--out", type=Path)
    arguments = parser.parse_args()
    result = {"command": f"bench/fine_tune_memory.py {arguments.data.name}", "machine": describe(),
              "batch_size": BATCH, "models": {}}
    for name in arguments.models:
        python = run_python(name, arguments.data)
        _, summary = run_ours(BACKBONES[name], arguments.data, "train.batch_norm=train", "train.replicas=1", epochs=EPOCHS)
        result["models"][name] = {
            "python": python,
            "ours": {"peak_memory_mb": summary["peak_memory_mb"], "seconds": summary["seconds"]["train"]},
            "ours_over_python": summary["peak_memory_mb"] / python["peak_memory_mb"],
        }
    print(json.dumps(result, indent=2))
    if arguments.out:
        arguments.out.write_text(json.dumps(result, indent=2) + "\n")


if __name__ == "__main__":
    main()
