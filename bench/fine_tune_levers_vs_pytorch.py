"""Speed-up by frozen first stages and by replicas of the network, compared with a Python loop in the same run.

Parts, each independent of the others:
  levers    EfficientNet-Lite0, every layer trains: folded BatchNorm and `train.replicas: auto`, images per second end
            to end, compared with the peer of fine_tune_vs_pytorch.py. Goal: 1.5 times.
  split     Training on cached activations (`train.freeze_stages`, no augmentation), images per second over all epochs
            except the first, compared with the peer's fine-tuning of every layer: its bare steps on images in memory,
            and end to end. Goal: 5 times the bare steps for Lite0 at blocks.10, 4 times for ResNet-18 at layer3. The
            pass that computes the activations (including those of the validation images) is reported separately and
            is included in `over_all_epochs`.
  accuracy  Validation accuracy on the same data over several seeds: plain, folded, folded with two replicas, split.

Usage: .venv/bin/python bench/fine_tune_levers_vs_pytorch.py DATA [--parts levers split accuracy] [--out FILE.json]
"""

import argparse
import json
import statistics
import subprocess
from pathlib import Path
from typing import Callable

from fine_tune_vs_pytorch import EPOCHS, run_ours, run_python
from machine import BINARY, describe

BACKBONES = {"lite0": "efficientnet-lite0", "resnet18": "torchvision-resnet18"}
CUTS = {"lite0": "blocks.10", "resnet18": "layer3"}
GOALS = {"levers": {"lite0": 1.5}, "split": {"lite0": 5.0, "resnet18": 4.0}}
# Every run's own settings come after these, which are the strategy's preset but for the epochs.
VARIANTS = {
    "plain": ("train.replicas=1",),
    "folded": ("train.replicas=1", "train.batch_norm=folded"),
    "folded, 2 copies": ("train.replicas=2", "train.batch_norm=folded"),
    "split": ("train.replicas=1", "train.batch_norm=folded", "augment.preset=none"),
    "split, 3 views": ("train.replicas=1", "train.batch_norm=folded", "augment.views=3"),
}


def frozen_stages(name: str) -> int:
    """Number of stages to freeze for this model's cut."""
    done = subprocess.run([BINARY, "inspect", "--backbone", BACKBONES[name], "--json"], check=True,
                          capture_output=True, text=True)
    stages = [stage["path"] for stage in json.loads(done.stdout)["stages"]]
    return stages.index(CUTS[name]) + 1


def levers(arguments: argparse.Namespace, python: Callable[[str], dict]) -> dict:
    few = f"data.max_per_class={arguments.max_per_class}"
    rate, summary = run_ours(BACKBONES["lite0"], arguments.data, "train.batch_norm=folded", few,
                             epochs=arguments.epochs)
    peer = python("lite0")
    return {"lite0": {
        "python": peer, "ours": rate, "copies": summary.get("replicas", 1),
        "ours_over_python": rate / peer["end_to_end"], "ours_over_bare_steps": rate / peer["bare_steps"],
        "goal": GOALS["levers"]["lite0"],
    }}


def split(arguments: argparse.Namespace, python: Callable[[str], dict]) -> dict:
    few = f"data.max_per_class={arguments.max_per_class}"
    result = {}
    for name in arguments.models:
        stages = frozen_stages(name)
        rate, summary = run_ours(
            BACKBONES[name], arguments.data, "train.batch_norm=folded", f"train.freeze_stages={stages}",
            "augment.preset=none", few, epochs=arguments.split_epochs, mean=True)
        assert summary["frozen_up_to"].endswith(CUTS[name]) and "activations" in summary, summary
        peer = python(name)
        images = summary["train_images"] * arguments.split_epochs
        extraction = summary["seconds"]["extract"]
        result[name] = {
            "python": peer, "ours": rate, "kept_as": summary["activations"], "copies": summary.get("replicas", 1),
            "extraction_seconds": extraction,
            "ours_over_bare_steps": rate / peer["bare_steps"], "ours_over_python": rate / peer["end_to_end"],
            "over_all_epochs": images / (images / rate + extraction) / peer["bare_steps"],
            "epochs": arguments.split_epochs, "goal": GOALS["split"][name],
        }
    return result


def accuracy(arguments: argparse.Namespace, _python: Callable[[str], dict]) -> dict:
    stages = frozen_stages("lite0")
    table = {}
    for variant, settings in VARIANTS.items():
        own = settings + ((f"train.freeze_stages={stages}",) if variant.startswith("split") else ())
        values = []
        for seed in range(arguments.seeds):
            _, summary = run_ours(
                BACKBONES["lite0"], arguments.data, *own, f"data.max_per_class={arguments.max_per_class}",
                f"seed={seed}", epochs=arguments.accuracy_epochs, preset=True)
            values.append(summary["val"]["accuracy"])
        table[variant] = {
            "val_accuracy": values, "mean": statistics.mean(values),
            "standard_deviation": statistics.stdev(values) if len(values) > 1 else None,
        }
    return table


class Peer:
    """The peer's rates, measured once per model."""

    def __init__(self, arguments: argparse.Namespace) -> None:
        self.arguments = arguments
        self.rates = {}

    def __call__(self, name: str) -> dict:
        if name not in self.rates:
            self.rates[name] = run_python(name, self.arguments.data, self.arguments.epochs)
        return self.rates[name]


def main() -> None:
    parts = {"levers": levers, "split": split, "accuracy": accuracy}
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("data", type=Path)
    parser.add_argument("--parts", nargs="+", choices=list(parts), default=list(parts))
    parser.add_argument("--models", nargs="+", choices=list(BACKBONES), default=list(BACKBONES), help="of `split`")
    parser.add_argument("--epochs", type=int, default=EPOCHS, help="of the peer and of `levers`, at least 2")
    parser.add_argument("--split-epochs", type=int, default=12)
    parser.add_argument("--accuracy-epochs", type=int, default=4)
    parser.add_argument("--seeds", type=int, default=3)
    parser.add_argument("--max-per-class", type=int, default=0, help="of our side, to try the script; 0 takes all")
    parser.add_argument("--out", type=Path)
    arguments = parser.parse_args()
    python = Peer(arguments)
    result = {"command": f"bench/fine_tune_levers_vs_pytorch.py {arguments.data.name}", "machine": describe()}
    for part in arguments.parts:
        result[part] = parts[part](arguments, python)
        print(json.dumps({part: result[part]}, indent=2), flush=True)
        if arguments.out:
            arguments.out.write_text(json.dumps(result, indent=2) + "\n")


if __name__ == "__main__":
    main()
