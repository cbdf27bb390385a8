"""Fine-tuning throughput in images per second compared with a Python loop: same model, batch size and augmentation.

The peer is eager PyTorch, channels-last, with torchvision's RandomResizedCrop and flip, a DataLoader with 2 workers,
and AdamW. Both sides train every layer, with BatchNorm in training mode, for three epochs; the best of the last two
counts. Also measured: the bare steps of both sides on tensors in memory (ours: bench/bare_steps.cpp), and ours with
folded BatchNorm.

Usage: .venv/bin/python bench/fine_tune_vs_pytorch.py DATA [--models lite0 resnet18] [--out FILE.json]
"""

import argparse
import json
import re
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import torch

from machine import BINARY, ROOT, describe
from torchvision_beside_cpu_torch import datasets, transforms

sys.path.insert(0, str(ROOT))
from models.export.sources import SOURCES  # noqa: E402
from models.export.torchvision_beside_cpu_torch import import_torchvision  # noqa: E402

torchvision_models = import_torchvision().models

BATCH = 32
EPOCHS = 3


def python_model(name: str) -> torch.nn.Module:
    if name == "lite0":
        source = SOURCES["efficientnet-lite0"]
        model = source.build(source).module
    else:
        model = getattr(torchvision_models, name)()
    return model.to(memory_format=torch.channels_last).train()


def train_epoch(model, optimizer, batches) -> tuple:
    """Seconds and images of one epoch."""
    start, count = time.perf_counter(), 0
    for images, labels in batches:
        loss = torch.nn.functional.cross_entropy(model(images.to(memory_format=torch.channels_last)), labels)
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        count += len(labels)
    return time.perf_counter() - start, count


def mean_rate(epochs: list) -> float:
    return sum(images for _, images in epochs[1:]) / sum(seconds for seconds, _ in epochs[1:])


def best_rate(epochs: list) -> float:
    return max(images / seconds for seconds, images in epochs[1:])


def python_loader(data: Path) -> torch.utils.data.DataLoader:
    transform = transforms.Compose([
        transforms.RandomResizedCrop(224, scale=(0.7, 1.0)), transforms.RandomHorizontalFlip(), transforms.ToTensor(),
        transforms.Normalize([0.485, 0.456, 0.406], [0.229, 0.224, 0.225]),
    ])
    return torch.utils.data.DataLoader(
        datasets.ImageFolder(str(data / "train"), transform), batch_size=BATCH, shuffle=True, num_workers=2)


def run_python(name: str, data: Path, epochs: int = EPOCHS) -> dict:
    loader = python_loader(data)
    model = python_model(name)
    optimizer = torch.optim.AdamW(model.parameters(), lr=1e-4)
    end_to_end = best_rate([train_epoch(model, optimizer, loader) for _ in range(epochs)])
    in_memory = list(loader)
    bare = best_rate([train_epoch(model, optimizer, in_memory) for _ in range(epochs)])
    return {"end_to_end": end_to_end, "bare_steps": bare}


def run_ours(backbone: str, data: Path, *settings: str, epochs: int = EPOCHS, mean: bool = False,
             preset: bool = False) -> tuple:
    """Images per second in the best of the later epochs, or over all of them, and the run's summary.

    Learning rates are the preset's if `preset`, otherwise the peer's.
    """
    common = [f"train.epochs={epochs}", f"train.batch_size={BATCH}"]
    if not preset:
        common += ["augment.preset=light", "head.start=random", "train.lr=0.0001", "train.ema=0", "train.clip_norm=0",
                   "train.patience=0"]
    with tempfile.TemporaryDirectory() as folder:
        done = subprocess.run(
            [BINARY, "--strategy", "fine-tune", "--data", data, "--backbone", backbone, "--out", f"{folder}/run",
             "--json", "--verbose", *[word for key in (*common, *settings) for word in ("--set", key)]],
            capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    times = re.findall(r"epoch \d+ of \d+: (\d+) images in ([\d.]+) s", done.stderr)
    assert preset or len(times) == epochs, done.stderr
    rate = (mean_rate if mean else best_rate)([(float(seconds), int(images)) for images, seconds in times])
    return rate, json.loads(done.stdout)


def run_bare_steps(backbone: str, data: Path, epochs: int = EPOCHS) -> float:
    """Images per second of the bare C++ steps, in the best of the epochs with as many images."""
    subprocess.run(["cmake", "--build", BINARY.parent, "--target", "bare_steps"], check=True, stdout=subprocess.DEVNULL)
    images = sum(1 for path in (data / "train").rglob("*") if path.is_file())
    done = subprocess.run(
        [BINARY.parent / "bare_steps", ROOT / f"models/pretrained/{backbone}.pt", str(BATCH), str(images // BATCH),
         str(epochs), str(torch.get_num_threads())], check=True, capture_output=True, text=True)
    return float(done.stdout)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("data", type=Path)
    parser.add_argument("--models", nargs="+", default=["lite0", "resnet18"])
    parser.add_argument("--out", type=Path)
    arguments = parser.parse_args()
    backbones = {"lite0": "efficientnet-lite0", "resnet18": "torchvision-resnet18"}
    result = {"command": f"bench/fine_tune_vs_pytorch.py {arguments.data.name}", "machine": describe(),
              "images_a_second": {}}
    for name in arguments.models:
        python = run_python(name, arguments.data)
        ours = {mode: run_ours(backbones[name], arguments.data, f"train.batch_norm={mode}", "train.replicas=1")[0]
                for mode in ("train", "folded")}
        ours["bare_steps"] = run_bare_steps(backbones[name], arguments.data)
        result["images_a_second"][name] = {
            "python": python, "ours": ours,
            "ours_over_python": ours["train"] / python["end_to_end"],
            "folded_over_python": ours["folded"] / python["end_to_end"],
            "epoch_over_bare_steps": ours["bare_steps"] / ours["train"],
            "epoch_over_python_bare_steps": python["bare_steps"] / ours["train"],
        }
    print(json.dumps(result, indent=2))
    if arguments.out:
        arguments.out.write_text(json.dumps(result, indent=2) + "\n")


if __name__ == "__main__":
    main()
