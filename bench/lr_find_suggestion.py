"""Is the suggestion of `transfer lr-find` within one point of the best of {0.1, 0.3, 1, 3, 10} times itself?

    .venv/bin/python bench/lr_find_suggestion.py DATA... [--images 240] [--epochs 3] [--size 224]

Each DATA is a folder of class folders or of train and val. At most `--images` training images are taken, equally many per
class; Lite0 is fine-tuned with the preset's settings but for the epochs and the learning rate. Scored is the network after its
last epoch: the one that is kept is the best, often the start with its fitted head, whatever the rate. Prints one line per rate
and a verdict per data set; the exit status is 1 where a suggestion is more than one point worse than the best.
"""

import argparse
import json
import os
import subprocess
import sys
import tempfile
from pathlib import Path

FACTORS = (0.1, 0.3, 1, 3, 10)


def run(binary, *arguments):
    done = subprocess.run([binary, *map(str, arguments)], capture_output=True, text=True)
    if done.returncode != 0:
        sys.exit(f"{' '.join(map(str, arguments))}\n{done.stderr}")
    return json.loads(done.stdout)


def classes_of(data):
    folder = data / "train" if (data / "train").is_dir() else data
    return sum(1 for entry in folder.iterdir() if entry.is_dir())


def measure(binary, data, options, folder):
    """The suggestion and the validation accuracy at each multiple of it."""
    flags = ["--data", data, "--strategy", "fine-tune", "--set", f"train.epochs={options.epochs}", "--set",
             f"data.max_per_class={max(options.images // classes_of(data), 2)}", "--set",
             f"data.input_size={options.size}", "--set", "train.patience=0", "--set",
             f"cache.dir={folder / 'store'}"]
    suggestion = run(binary, "lr-find", *flags, "--steps", options.steps, "--file", folder / "lr-find",
                     "--json")["suggestion"]
    if suggestion is None:
        return None, {}
    scores = {}
    for factor in FACTORS:
        out = folder / f"x{factor}"
        summary = run(binary, *flags, "--set", f"train.lr={suggestion * factor}", "--out", out, "--json")
        last = json.loads((out / "metrics.jsonl").read_text().splitlines()[-1])
        scores[factor] = last["val_accuracy"]
        print(f"{data.name}: {factor:>4} x {suggestion:.2g}: accuracy {last['val_accuracy']:.4f}, loss {last['val_loss']:.4f} "
              f"after the last epoch; {summary['val']['accuracy']:.4f} in the model kept", flush=True)
    return suggestion, scores


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("data", nargs="+", type=Path)
    parser.add_argument("--images", type=int, default=240)
    parser.add_argument("--epochs", type=int, default=3)
    parser.add_argument("--size", type=int, default=224)
    parser.add_argument("--steps", type=int, default=60)
    options = parser.parse_args()
    binary = str(Path(os.environ.get("TRANSFER", "build/transfer")).resolve())
    worse = 0
    for data in options.data:
        with tempfile.TemporaryDirectory() as folder:
            suggestion, scores = measure(binary, data.resolve(), options, Path(folder))
        if suggestion is None:
            print(f"{data.name}: no suggestion")
            worse += 1
            continue
        gap = 100 * (max(scores.values()) - scores[1])
        worse += gap > 1
        print(f"{data.name}: suggestion {suggestion:.2g}, {gap:.1f} points below the best", flush=True)
    sys.exit(1 if worse else 0)


if __name__ == "__main__":
    main()
