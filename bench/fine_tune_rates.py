"""Does fine-tuning gain over the fitted head that it starts from, and with which settings, on small sets?

Usage: .venv/bin/python bench/fine_tune_rates.py --out FILE.json [--runs "KEY=VALUE …" …] [--sets NAME…] [--seeds 0 1 2] [--test]
       .venv/bin/python bench/fine_tune_rates.py --out FILE.json --show [--test]

Each of --runs is a run of the preset `fine-tune` with these settings; "start" is the fitted head alone. Sets: fashion (300
training images of Fashion-MNIST), steel (20 a class) and elpv (100 a class) at 64 pixels, flowers (30 a class) at 96; where
--sets names them also flowers-224, elpv-224 and hymenoptera-224 (80 a class) at the network's own 224, and fashion-3000, a
larger set. The seed draws the training images and the validation images, at most 200 (of fashion-3000 1,000). Settings are chosen by the validation images: without --test the test
images are not read, and with it their accuracy is kept in FILE.json but only shown by --show --test. Patience is off, so that
every epoch is seen; FILE.json holds accuracy and loss of each. Results already there stay, and their runs are not repeated.
fashion comes from Debian's package dataset-fashion-mnist, ELPV from datasets/demo (`make demo`), the others from
$TRANSFER_DATA. $TRANSFER names another binary than build/transfer.
"""

import argparse
import csv
import json
import os
import random
import statistics
import subprocess
import tempfile
import time
from pathlib import Path

from all_features import SHARED, drawn, fashion_pool, images_under, steel_pool, without
from machine import BINARY, ROOT, describe

SIDES = {"fashion": 64, "flowers": 96, "steel": 64, "elpv": 64, "fashion-3000": 64, "flowers-224": 224, "elpv-224": 224, "hymenoptera-224": 224}
SMALL_SETS = ("fashion", "flowers", "steel", "elpv")
START = "start"
MOST_VALIDATED = 200
RATES = ("train.lr=0.00003", "train.lr=0.0001", "train.lr=0.0003", "train.lr=0.001")


def parts_of(name: str, seed: int, scratch: Path) -> dict:
    """Images of train, val and test by class. No image is in two of them; those of test are the same for every seed."""
    validated = MOST_VALIDATED if name != "fashion-3000" else 1000
    name = name.removesuffix("-224")
    generator = random.Random(f"{name} {seed}")
    if name == "hymenoptera":
        root = SHARED / "hymenoptera_data"
        pool, test = images_under(root / "train"), images_under(root / "val")
        per_class = 80
    elif name.startswith("fashion"):
        pool, test = fashion_pool("train", scratch, range(5000)), fashion_pool("t10k", scratch, range(1000))
        per_class = 30 if name == "fashion" else 300
    elif name == "elpv":
        root = ROOT / "datasets/demo/elpv"
        pool, test = images_under(root / "train"), images_under(root / "test")
        per_class = 100
    elif name == "steel":
        whole = steel_pool()
        pool = {label: paths[::2] for label, paths in whole.items()}
        test = {label: paths[1::2] for label, paths in whole.items()}
        per_class = 20
    else:
        root = SHARED / "flowers_subset"
        whole = images_under(root / "train")
        test = {label: images + whole[label][::3] for label, images in images_under(root / "val").items()}
        pool = without(whole, test)
        per_class = 30
    train = drawn(pool, per_class, generator)
    return {"train": train, "val": drawn(without(pool, train), validated // len(train), generator), "test": test}


def write_csv(parts: dict, with_test: bool, file: Path) -> None:
    with file.open("w", newline="") as stream:
        writer = csv.writer(stream)
        writer.writerow(("path", "label", "split"))
        for split, classes in parts.items():
            if split == "test" and not with_test:
                continue
            for label, paths in classes.items():
                writer.writerows((path, label, split) for path in paths)


def run(data: Path, name: str, seed: int, settings: str, store: Path, out: Path) -> dict:
    """Trains once. A network that the steps of a rate of 1e-12 leave as it is stands for the start."""
    given = "train.lr=1e-12 train.epochs=1 train.ema=0" if settings == START else settings
    sets = [flag for setting in given.split() for flag in ("--set", setting)]
    begin = time.perf_counter()
    binary = os.environ.get("TRANSFER", BINARY)
    done = subprocess.run(
        [binary, "--data", data, "--strategy", "fine-tune", "--seed", str(seed), "--output", out, "--overwrite",
         "--threads", "1", "--set", f"data.input_size={SIDES[name]}", "--set", "train.patience=0", "--set",
         "train.checkpoint_epochs=0", "--set", "cache.share=true", "--set", f"cache.dir={store}", "--set",
         "data.allow_leakage=true", "--set", "report.html=false", "--set", "train.known_images=0", *sets],
        capture_output=True, text=True)
    if done.returncode != 0:
        raise SystemExit(f"{name} {seed} {settings}: {done.stderr[-2000:]}")
    summary = json.loads((out / "summary.json").read_text())
    lines = [json.loads(line) for line in (out / "metrics.jsonl").read_text().splitlines()]
    result = {"epochs": [[line["val_accuracy"], line["val_loss"]] for line in lines if line.get("epoch", 0) > 0],
              "best_epoch": summary["best_epoch"], "val": summary["val"]["accuracy"], "val_loss": summary["val"]["loss"],
              "seconds": round(time.perf_counter() - begin, 1)}
    if "test" in summary:
        result["test"] = summary["test"]["accuracy"]
        result["test_loss"] = summary["test"]["loss"]
    return result


def cell(values: list) -> str:
    spread = f" ± {statistics.stdev(values):.1f}" if len(values) > 1 else ""
    return f"{statistics.mean(values):+.1f}{spread}" if values else ""


def gains_of(seeds: dict, settings: str, measure: str) -> list:
    """Points of accuracy over the start, for each seed that has both: of the validation images with the epoch of the best loss,
    with that of the best accuracy (the start counts as one) and with the last one, or of the test images with the model kept."""
    gains = []
    for runs in seeds.values():
        if settings not in runs or START not in runs:
            continue
        one, start = runs[settings], runs[START]
        if measure == "test":
            if "test" in one and "test" in start:
                gains.append(100 * (one["test"] - start["test"]))
            continue
        epochs = [start["epochs"][0], *one["epochs"]]
        chosen = {"best loss": min(epochs, key=lambda epoch: epoch[1]), "best accuracy": max(epochs, key=lambda epoch: epoch[0]),
                  "last epoch": epochs[-1]}[measure]
        gains.append(100 * (chosen[0] - epochs[0][0]))
    return gains


def show(results: dict, measures: tuple) -> None:
    runs = list(dict.fromkeys(settings for seeds in results.values() for by_run in seeds.values() for settings in by_run))
    print("| settings | measured | " + " | ".join(results) + " |")
    print("|---" * (len(results) + 2) + "|")
    for settings in runs:
        for measure in measures:
            cells = [cell(gains_of(seeds, settings, measure)) for seeds in results.values()]
            if settings != START and any(cells):
                print(f"| {settings} | {measure} | " + " | ".join(cells) + " |")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--runs", nargs="+", default=[START, *RATES])
    parser.add_argument("--sets", nargs="+", choices=SIDES, default=list(SMALL_SETS))
    parser.add_argument("--seeds", type=int, nargs="+", default=[0, 1, 2])
    parser.add_argument("--test", action="store_true", help="measure the test images too, or show them")
    parser.add_argument("--store", type=Path, help="a feature store to keep")
    parser.add_argument("--show", action="store_true", help="only print the tables of FILE.json")
    parser.add_argument("--out", type=Path, required=True)
    arguments = parser.parse_args()
    results = json.loads(arguments.out.read_text())["results"] if arguments.out.exists() else {}
    if arguments.show:
        return show(results, ("test",) if arguments.test else ("best loss", "best accuracy", "last epoch"))
    with tempfile.TemporaryDirectory() as folder:
        scratch = Path(folder)
        for settings in arguments.runs:
            for seed in arguments.seeds:
                for name in arguments.sets:
                    by_run = results.setdefault(name, {}).setdefault(str(seed), {})
                    if settings in by_run and not (arguments.test and "test" not in by_run[settings]):
                        continue
                    data = scratch / f"{name}.csv"
                    write_csv(parts_of(name, seed, scratch), arguments.test, data)
                    one = run(data, name, seed, settings, arguments.store or scratch / "store", scratch / "run")
                    by_run[settings] = one
                    print(name, seed, settings, f"best epoch {one['best_epoch']}, val {one['val']:.4f}, last "
                          f"{one['epochs'][-1][0]:.4f}, {one['seconds']} s", flush=True)
                    arguments.out.write_text(json.dumps({"machine": describe(), "results": results}) + "\n")


if __name__ == "__main__":
    main()
