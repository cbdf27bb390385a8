"""Compares `--strategy auto` with the four strategies and all-features on five data sets of at most 300 + 300 images.

For every data set and seed it runs these strategies for 6 epochs, and `auto`, whose predictions must equal those of
the strategy it picked. All runs use one replica of the network, since the number of replicas is otherwise chosen by
timing and changes the last digits. It also measures the time of `advise` relative to one pass of feature extraction.
Finished runs stay in the JSON file, so the script can be stopped and started again; --again NAME… repeats those of these
strategies, after a change to them.

Data: hymenoptera, flowers and steel from $TRANSFER_DATA, ELPV from datasets/demo (written by `make demo`),
Fashion-MNIST's IDX files from --fashion-mnist. The seed draws the images, every class in proportion; steel gets a new
split. Strategies are compared on the same images, so their gap has a paired standard error.

Usage: .venv/bin/python bench/auto_vs_four_strategies.py [--datasets hymenoptera steel] [--seeds 0 1 2 3 4]
       [--again fine-tune auto advise] [--out FILE.json]
"""

import argparse
import csv
import gzip
import json
import os
import random
import statistics
import struct
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from PIL import Image

from machine import BINARY, ROOT, describe

STRATEGIES = ("freeze-conv", "early-features", "all-features", "fine-tune", "retrain")
MOST_IMAGES = 300
EPOCHS = 6
SHARED = Path(os.environ.get("TRANSFER_DATA", ROOT / "../shared/data"))


def images_under(folder: Path) -> dict:
    """Sorted image paths by class name."""
    endings = {".jpg", ".jpeg", ".png", ".bmp"}
    return {
        entry.name: sorted(path for path in entry.iterdir() if path.suffix.lower() in endings)
        for entry in sorted(folder.iterdir()) if entry.is_dir()
    }


def drawn(pool: dict, most: int, generator: random.Random) -> dict:
    """At most `most` images of the pool, every class in proportion."""
    total = sum(map(len, pool.values()))
    part = min(1.0, most / total)
    return {name: generator.sample(paths, int(len(paths) * part)) for name, paths in pool.items()}


def split_apart(pool: dict, generator: random.Random) -> tuple:
    """Disjoint training and validation images from one pool."""
    both = drawn(pool, 2 * MOST_IMAGES, generator)
    return ({name: paths[: len(paths) // 2] for name, paths in both.items()},
            {name: paths[len(paths) // 2:] for name, paths in both.items()})


def train_and_val(root: Path, generator: random.Random) -> tuple:
    return tuple(drawn(images_under(root / part), MOST_IMAGES, generator) for part in ("train", "val"))


def steel(generator: random.Random) -> tuple:
    pool = {}
    for part in ("train", "val"):
        for name, paths in images_under(SHARED / "neu_surface_defects" / part).items():
            pool.setdefault(name, []).extend(paths)
    return split_apart(pool, generator)


def read_idx(file: Path) -> bytes:
    """The contents of an IDX file after its header."""
    with gzip.open(file) as stream:
        dimensions = struct.unpack(">BBBB", stream.read(4))[3]
        stream.read(4 * dimensions)
        return stream.read()


def fashion(folder: Path, scratch: Path, generator: random.Random) -> tuple:
    """Images of the training file, written as PNG."""
    pixels = read_idx(folder / "train-images-idx3-ubyte.gz")
    labels = read_idx(folder / "train-labels-idx1-ubyte.gz")
    pool = {}
    for position, label in enumerate(labels):
        pool.setdefault(str(label), []).append(position)
    parts = split_apart(pool, generator)
    side = 28
    for part in parts:
        for label, positions in part.items():
            for i, position in enumerate(positions):
                path = scratch / f"{label}-{position}.png"
                start = position * side * side
                Image.frombytes("L", (side, side), pixels[start:start + side * side]).save(path)
                positions[i] = path
    return parts


def write_csv(parts: tuple, file: Path) -> None:
    with file.open("w", newline="") as stream:
        writer = csv.writer(stream)
        writer.writerow(("path", "label", "split"))
        for split, classes in zip(("train", "val"), parts):
            for name, paths in classes.items():
                writer.writerows((path, name, split) for path in paths)


def write_data(name: str, seed: int, scratch: Path, fashion_folder: Path) -> Path:
    generator = random.Random(f"{name} {seed}")
    if name == "hymenoptera":
        parts = train_and_val(SHARED / "hymenoptera_data", generator)
    elif name == "flowers":
        parts = train_and_val(SHARED / "flowers_subset", generator)
    elif name == "elpv":
        parts = train_and_val(ROOT / "datasets/demo/elpv", generator)
    elif name == "steel":
        parts = steel(generator)
    else:
        parts = fashion(fashion_folder, scratch, generator)
    write_csv(parts, scratch / f"{name}.csv")
    return scratch / f"{name}.csv"


def run(binary: Path, data: Path, seed: int, strategy: str, out: Path) -> dict:
    """One run: its validation accuracy, which images are right, its time and its choices."""
    begin = time.perf_counter()
    subprocess.run([binary, "--data", data, "--strategy", strategy, "--seed", str(seed), "--out", out, "--overwrite",
                    "--set", f"train.epochs={EPOCHS}", "--set", "train.replicas=1"], check=True, capture_output=True)
    seconds = time.perf_counter() - begin
    summary = json.loads((out / "summary.json").read_text())
    with (out / "predictions_val.csv").open() as stream:
        rows = list(csv.DictReader(stream))
    return {"strategy": summary["strategy"], "cut": summary.get("cut", ""), "accuracy": summary["val"]["accuracy"],
            "loss": summary["val"]["loss"], "best_epoch": summary["best_epoch"],
            "right": "".join(row["correct"] for row in rows), "seconds": seconds,
            "extract_seconds": summary["seconds"]["extract"], "train_images": summary["train_images"],
            "advice": summary.get("advice"), "machine": describe()}


def advise(binary: Path, data: Path, seed: int) -> dict:
    begin = time.perf_counter()
    done = subprocess.run([binary, "advise", "--data", data, "--seed", str(seed), "--json",
                           "--set", f"train.epochs={EPOCHS}"], check=True, capture_output=True, text=True)
    return {"seconds": time.perf_counter() - begin, "advice": json.loads(done.stdout)}


def measure(binary: Path, name: str, seed: int, fashion_folder: Path, row: dict, save) -> None:
    """Adds the runs that `row` still lacks; calls `save` after each."""
    with tempfile.TemporaryDirectory() as scratch:
        data = write_data(name, seed, Path(scratch), fashion_folder)
        for strategy in (*STRATEGIES, "auto"):
            if strategy in row["runs"]:
                continue
            row["runs"][strategy] = run(binary, data, seed, strategy, Path(scratch) / "run")
            print(f"{name} seed {seed} {strategy}: {100 * row['runs'][strategy]['accuracy']:.2f} % in "
                  f"{row['runs'][strategy]['seconds']:.1f} s", file=sys.stderr)
            save()
        if "advise" not in row:
            row["advise"] = advise(binary, data, seed)
            save()
    auto = row["runs"]["auto"]
    same = row["runs"][auto["strategy"]]
    if auto["right"] != same["right"] or auto["accuracy"] != same["accuracy"]:
        sys.exit(f"{name} seed {seed}: auto chose {auto['strategy']}, but its predictions differ from that strategy's")


def paired_gap(best: list, mine: list) -> tuple:
    """Mean difference of two accuracies over all images of all seeds, and its standard error."""
    differences = [int(a) - int(b) for one, other in zip(best, mine) for a, b in zip(one, other)]
    return statistics.mean(differences), statistics.pstdev(differences) / len(differences) ** 0.5


def advise_over_one_pass(row: dict) -> float:
    """Time of advise without reading the data, relative to freeze-conv's extraction of as many images."""
    alone = row["runs"]["freeze-conv"]
    images = alone["train_images"] + len(alone["right"])
    one_pass = alone["extract_seconds"] * row["advise"]["advice"]["data"]["probed"] / images
    return row["advise"]["advice"]["seconds"]["total"] / one_pass


def estimate_over_run(row: dict, strategy: str) -> float:
    estimates = row["advise"]["advice"]["estimated_seconds"]
    estimate = next(e for e in estimates if e["strategy"] == strategy and "freeze_stages" not in e["settings"])
    return estimate["seconds"] / row["runs"][strategy]["seconds"]


def summary_row(name: str, rows: list) -> dict:
    """One row of the table: all seeds of one data set."""
    accuracy = {s: [row["runs"][s]["accuracy"] for row in rows] for s in (*STRATEGIES, "auto")}
    mean = {s: statistics.mean(values) for s, values in accuracy.items()}
    best = max(STRATEGIES, key=mean.get)
    autos = [row["runs"]["auto"] for row in rows]
    gap, error = paired_gap([row["runs"][best]["right"] for row in rows], [auto["right"] for auto in autos])
    return {
        "data": name,
        "seeds": len(rows),
        "accuracy": {s: {"mean": mean[s], "standard_deviation": statistics.stdev(v) if len(v) > 1 else 0.0}
                     for s, v in accuracy.items()},
        "best": best,
        "auto_picks": [f"{auto['strategy']} {auto['cut']}".strip() for auto in autos],
        "gap": gap,
        "paired_standard_error": error,
        "holds": gap <= max(0.01, error),
        "advise_over_one_pass": statistics.median(map(advise_over_one_pass, rows)),
        "auto_over_its_choice_alone": statistics.median(
            auto["seconds"] / row["runs"][auto["strategy"]]["seconds"] for auto, row in zip(autos, rows)),
        "estimate_over_run": {s: statistics.median(estimate_over_run(row, s) for row in rows) for s in STRATEGIES},
    }


def table(lines: list) -> str:
    text = ("| data | " + " | ".join(STRATEGIES) + " | auto picks | gap to the best (paired standard error) | "
            "advise / one pass | auto / its choice |\n")
    text += "|---" * (len(STRATEGIES) + 5) + "|\n"
    for line in lines:
        cells = [f"{100 * line['accuracy'][s]['mean']:.1f} ± {100 * line['accuracy'][s]['standard_deviation']:.1f}"
                 for s in STRATEGIES]
        picks = ", ".join(f"{p} ×{line['auto_picks'].count(p)}" for p in dict.fromkeys(line["auto_picks"]))
        text += (f"| {line['data']} | " + " | ".join(cells) + f" | {picks} | {100 * line['gap']:.1f} "
                 f"({100 * line['paired_standard_error']:.1f}) | {line['advise_over_one_pass']:.2f}× | "
                 f"{line['auto_over_its_choice_alone']:.2f}× |\n")
    return text


def main() -> None:
    names = ("hymenoptera", "flowers", "steel", "elpv", "fashion")
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--datasets", nargs="+", choices=names, default=names)
    parser.add_argument("--seeds", nargs="+", type=int, default=range(5))
    parser.add_argument("--fashion-mnist", type=Path, default=Path("/usr/share/datasets/fashion-mnist"))
    parser.add_argument("--again", nargs="+", choices=(*STRATEGIES, "auto", "advise"), default=[])
    parser.add_argument("--out", type=Path, default=ROOT / "bench/results/auto_vs_four_strategies.json")
    parser.add_argument("--binary", type=Path, default=BINARY)
    arguments = parser.parse_args()
    result = {"command": "bench/auto_vs_four_strategies.py --seeds " + " ".join(map(str, arguments.seeds)),
              "rows": [], "lines": []}
    if arguments.out.exists():
        result = json.loads(arguments.out.read_text())

    def save() -> None:
        temporary = arguments.out.with_suffix(".tmp")
        temporary.write_text(json.dumps(result, indent=1) + "\n")
        temporary.replace(arguments.out)

    for seed in arguments.seeds:
        for name in arguments.datasets:
            row = next((r for r in result["rows"] if (r["data"], r["seed"]) == (name, seed)), None)
            if row is None:
                row = {"data": name, "seed": seed, "runs": {}}
                result["rows"].append(row)
            for again in arguments.again:
                row["runs"].pop(again, None)
                row.pop(again, None)
            measure(arguments.binary, name, seed, arguments.fashion_mnist, row, save)
    finished = {}
    for row in result["rows"]:
        if "advise" in row:
            finished.setdefault(row["data"], []).append(row)
    result["lines"] = [summary_row(name, finished[name]) for name in names if name in finished]
    save()
    print(table(result["lines"]))


if __name__ == "__main__":
    main()
