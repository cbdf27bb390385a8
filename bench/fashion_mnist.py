"""Fashion-MNIST by softmax regression on pixels, by a multi-layer perceptron, and by a fine-tuned CNN.

Each row is one run on the 60,000 training images, a tenth of which decide when to stop. Accuracy is that of the 10,000
test images, which are evaluated once, at the end. The CNN trains for as many epochs as fit into `--minutes` at the speed
of a short trial; if not even one fits, on as many images.

Usage: .venv/bin/python bench/fashion_mnist.py [DATA] [--rows logistic mlp cnn] [--minutes 40] [--out FILE.json]
DATA is a folder with the four IDX files (Debian's package dataset-fashion-mnist). Rows that FILE already has are kept.
"""

import argparse
import json
import subprocess
import tempfile
import time
from pathlib import Path

from machine import BINARY, ROOT, describe

DATA = Path("/usr/share/datasets/fashion-mnist")
RESULTS = ROOT / "bench/results/fashion_mnist.json"
CLASSES, TRAIN_IMAGES, VAL_IMAGES, TEST_IMAGES = 10, 54000, 6000, 10000
MOST_EPOCHS = 6
TRIAL_PER_CLASS = 128
# Time of a forward pass relative to a training step.
EVALUATION_COST = 1 / 3
# Share of the minutes to plan for, since machines slow down.
PLANNED = 0.85

FLATTEN = ["--backbone", "flatten"]
CNN = [
    "--backbone", "efficientnet-lite0", "--strategy", "fine-tune", "--augment", "none",
    *(argument for setting in (
        "data.input_size=64", "head.start=random", "train.batch_norm=train", "train.lr=0.001", "train.lr_decay=1",
        "train.batch_size=128", "augment.flip_horizontal=0.5", "augment.translate=0.5",
        "augment.translate_fraction=[-0.07, 0.07]",
    ) for argument in ("--set", setting)),
]
ROWS = {
    "logistic": ("softmax regression on 784 pixels", FLATTEN),
    "mlp": ("hidden layers of 512 and 256 ReLUs", [*FLATTEN, "--set", "head.hidden=[512, 256]"]),
    "cnn": ("EfficientNet-Lite0, fine-tuned at 64×64", CNN),
}


def run(data: Path, flags: list) -> dict:
    """One run: its summary, the seconds of the whole command and of each epoch."""
    with tempfile.TemporaryDirectory() as folder:
        out = Path(folder) / "run"
        start = time.monotonic()
        subprocess.run([BINARY, "--data", data, "--seed", "0", "--set", "data.val_fraction=0.1", "--out", out, *flags],
                       check=True, stdout=subprocess.DEVNULL)
        seconds = time.monotonic() - start
        lines = [json.loads(line) for line in (out / "metrics.jsonl").read_text().splitlines()]
        lines = [line for line in lines if line["epoch"] > 0]
        return {"summary": json.loads((out / "summary.json").read_text()), "seconds": seconds, "epochs": lines}


def plan_cnn(data: Path, minutes: float) -> list:
    """Flags for as many epochs and images as fit into `minutes`."""
    trial = run(data, [*CNN, "--set", f"data.max_per_class={TRIAL_PER_CLASS}", "--set", "train.epochs=1"])
    images = CLASSES * TRIAL_PER_CLASS * (1 + EVALUATION_COST) + TEST_IMAGES * EVALUATION_COST
    rate = images / trial["seconds"]
    affordable = PLANNED * 60 * minutes * rate - TEST_IMAGES * EVALUATION_COST
    epoch = TRAIN_IMAGES + VAL_IMAGES * EVALUATION_COST
    epochs = max(1, min(MOST_EPOCHS, int(affordable / epoch)))
    flags = ["--set", f"train.epochs={epochs}"]
    if affordable < epoch:
        flags += ["--set", f"data.max_per_class={max(1, int(affordable / (1 + EVALUATION_COST) / CLASSES))}"]
    print(f"cnn: {rate:.0f} images per second; {' '.join(flags[1::2])}", flush=True)
    return flags


def measure(name: str, data: Path, minutes: float) -> dict:
    title, flags = ROWS[name]
    result = run(data, [*flags, *(plan_cnn(data, minutes) if name == "cnn" else [])])
    summary = result["summary"]
    return {
        "title": title, "train_images": summary["train_images"], "epochs": summary["epochs"],
        "val_accuracy": summary["val"]["accuracy"], "test_accuracy": summary["test"]["accuracy"], "seconds": result["seconds"],
        "learning_curve": [{key: line[key] for key in ("epoch", "train_loss", "val_loss", "seconds")}
                           for line in result["epochs"]] if name != "logistic" else [],
        "machine": describe(),
    }


def print_table(rows: dict) -> None:
    print("| | training images | epochs | validation | test | whole command |\n|---|---|---|---|---|---|")
    for name in ROWS:
        if name not in rows:
            continue
        row = rows[name]
        print(f"| {row['title']} | {row['train_images']:,} | {row['epochs']} | {100 * row['val_accuracy']:.1f} % | "
              f"{100 * row['test_accuracy']:.2f} % | {row['seconds']:.0f} s |")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("data", type=Path, nargs="?", default=DATA)
    parser.add_argument("--rows", nargs="+", choices=list(ROWS), default=list(ROWS))
    parser.add_argument("--minutes", type=float, default=40)
    parser.add_argument("--out", type=Path, default=RESULTS)
    arguments = parser.parse_args()
    rows = json.loads(arguments.out.read_text())["rows"] if arguments.out.exists() else {}
    for name in arguments.rows:
        rows[name] = measure(name, arguments.data, arguments.minutes)
        result = {"command": "bench/fashion_mnist.py", "rows": {row: rows[row] for row in ROWS if row in rows}}
        arguments.out.write_text(json.dumps(result, indent=2) + "\n")
    print_table(rows)


if __name__ == "__main__":
    main()
