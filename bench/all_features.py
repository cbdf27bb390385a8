"""`all-features` against the other two frozen strategies on data unlike the pretraining's, with few training images.

Usage: .venv/bin/python bench/all_features.py [--seeds 0 1 2 3 4] [--sets NAME…] [--draft] [--out FILE.json]

Sets: omniglot (12 training images of each of 136 characters), steel and elpv with 10 and 20 training images a class,
fashion (300 training images of Fashion-MNIST at 64 pixels). The seed draws the training images, and with omniglot only
the folds. omniglot and steel come from $TRANSFER_DATA, ELPV from datasets/demo (`make demo`), Fashion-MNIST from
Debian's package dataset-fashion-mnist. The images that are measured decide nothing. With --draft others are measured
than without, so that a rule can be shaped without a look at the ones that count.
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
import tempfile
import time
from pathlib import Path

from PIL import Image

from machine import BINARY, ROOT, describe

SHARED = Path(os.environ.get("TRANSFER_DATA", ROOT.parent / "shared/data"))
FASHION = Path("/usr/share/datasets/fashion-mnist")
SETS = ("omniglot", "steel-10", "steel-20", "elpv-10", "elpv-20", "fashion")
STRATEGIES = ("freeze-conv", "early-features", "all-features")
MOST_MEASURED = 600


def images_under(folder: Path) -> dict:
    return {group.name: sorted(path for path in group.iterdir()) for group in sorted(folder.iterdir()) if group.is_dir()}


def drawn(pool: dict, per_class: int, generator: random.Random) -> dict:
    return {name: generator.sample(paths, min(per_class, len(paths))) for name, paths in pool.items()}


def without(pool: dict, taken: dict) -> dict:
    return {name: [path for path in paths if path not in set(taken[name])] for name, paths in pool.items()}


def fashion_pool(kind: str, scratch: Path, positions: range) -> dict:
    """These images of a Fashion-MNIST file, written as PNG."""
    contents = []
    for part in ("images-idx3", "labels-idx1"):
        with gzip.open(FASHION / f"{kind}-{part}-ubyte.gz") as stream:
            dimensions = struct.unpack(">BBBB", stream.read(4))[3]
            stream.read(4 * dimensions)
            contents.append(stream.read())
    pixels, labels = contents
    side = 28
    pool = {}
    for i in positions:
        path = scratch / f"{kind}-{i}.png"
        Image.frombytes("L", (side, side), pixels[i * side * side:(i + 1) * side * side]).save(path)
        pool.setdefault(str(labels[i]), []).append(path)
    return pool


def steel_pool() -> dict:
    """Each defect's images; every second one is for drafts."""
    pool = {}
    for part in ("train", "val"):
        for name, paths in images_under(SHARED / "neu_surface_defects" / part).items():
            pool.setdefault(name, []).extend(paths)
    return {name: sorted(paths, key=lambda path: path.name) for name, paths in pool.items()}


def parts_of(name: str, seed: int, draft: bool, scratch: Path) -> tuple:
    """Training images and those that are measured, by class."""
    generator = random.Random(f"{name} {seed}")
    if name == "omniglot":
        root = SHARED / "omniglot_small1"
        return images_under(root / "train"), images_under(root / ("val" if draft else "test"))
    kind, _, per_class = name.partition("-")
    if kind == "elpv":
        root = ROOT / "datasets/demo/elpv"
        return drawn(images_under(root / "train"), int(per_class), generator), images_under(root / ("val" if draft else "test"))
    if kind == "steel":
        pool = {label: paths[draft::2] for label, paths in steel_pool().items()}
        train = drawn(pool, int(per_class), generator)
        return train, without(pool, train)
    train = drawn(fashion_pool("train", scratch, range(5000)), 30, generator)
    measured = fashion_pool("train", scratch, range(50000, 51000)) if draft else fashion_pool("t10k", scratch, range(1000))
    return train, measured


def write_csv(train: dict, measured: dict, file: Path) -> None:
    with file.open("w", newline="") as stream:
        writer = csv.writer(stream)
        writer.writerow(("path", "label", "split"))
        for split, classes in (("train", train), ("val", measured)):
            for label, paths in classes.items():
                writer.writerows((path, label, split) for path in paths)


def run(data: Path, name: str, seed: int, strategy: str, store: Path, out: Path) -> dict:
    size = ["--set", "data.input_size=64"] if name == "fashion" else []
    begin = time.perf_counter()
    subprocess.run([BINARY, "--data", data, "--strategy", strategy, "--seed", str(seed), "--output", out, "--overwrite",
                    "--set", "cache.share=true", "--set", f"cache.dir={store}", "--set", "data.allow_leakage=true",
                    "--set", "report.html=false", *size], check=True, capture_output=True)
    summary = json.loads((out / "summary.json").read_text())
    result = {"accuracy": summary["val"]["accuracy"], "seconds": time.perf_counter() - begin,
              "seconds_fit": summary["seconds"]["train"], "cut": summary.get("cut", "")}
    if "feature_sets" in summary:
        result["features"] = summary.get("features", [])
        result["sets"] = summary["feature_sets"]
    return result


def show(results: dict) -> None:
    print("| data | " + " | ".join(STRATEGIES) + " | gain over the better of the two |")
    print("|---" * (len(STRATEGIES) + 2) + "|")
    gains = []
    for name, seeds in results.items():
        columns = [[100 * runs[strategy]["accuracy"] for runs in seeds.values()] for strategy in STRATEGIES]
        means = [statistics.mean(column) for column in columns]
        spreads = [statistics.stdev(column) if len(column) > 1 else 0 for column in columns]
        gains.append(means[2] - max(means[:2]))
        cells = [f"{mean:.1f} ± {spread:.1f}" for mean, spread in zip(means, spreads)]
        print(f"| {name} | " + " | ".join(cells) + f" | {gains[-1]:+.1f} |")
    print(f"mean gain {statistics.mean(gains):+.2f} points")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seeds", type=int, nargs="+", default=[0, 1, 2, 3, 4])
    parser.add_argument("--sets", nargs="+", choices=SETS, default=SETS)
    parser.add_argument("--draft", action="store_true")
    parser.add_argument("--store", type=Path, help="a feature store to keep")
    parser.add_argument("--out", type=Path)
    arguments = parser.parse_args()
    results = {}
    with tempfile.TemporaryDirectory() as folder:
        scratch = Path(folder)
        store = arguments.store or scratch / "store"
        for name in arguments.sets:
            for seed in arguments.seeds:
                data = scratch / f"{name}.csv"
                write_csv(*parts_of(name, seed, arguments.draft, scratch), data)
                runs = {strategy: run(data, name, seed, strategy, store, scratch / "run") for strategy in STRATEGIES}
                results.setdefault(name, {})[str(seed)] = runs
                print(name, seed, {key: f"{value['accuracy']:.4f} in {value['seconds']:.1f} s" for key, value in runs.items()},
                      runs["all-features"].get("features"), flush=True)
                if arguments.out:
                    arguments.out.write_text(json.dumps({"machine": describe(), "draft": arguments.draft, "results": results}, indent=1) + "\n")
    show(results)


if __name__ == "__main__":
    main()
