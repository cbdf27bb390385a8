"""`transfer check` against cleanvision and cleanlab on the same planted faults.

Faults are planted in a copy of a class folder: exact duplicates, near duplicates (saved anew, resized, cropped by 4 %), leaks
from train into val (exact and saved anew), dark, blurry and constant images, and labels flipped to a random other class. What is
found of each fault is counted, and the precision: the share of what was reported that was planted (the data's own faults count
as false). cleanlab gets what its users give it: out-of-fold probabilities of scikit-learn's logistic regression, on the same
frozen features. "At our precision" is the longest beginning of cleanlab's ranking that is at least as precise as our list.

Usage: .venv/bin/python bench/data_check_vs_cleanlab.py DATA --peers PYTHON [--seeds 3] [--out FILE.json]
PYTHON is that of an environment with bench/requirements-data-check.txt. DATA has train/ and val/ with class folders.
"""

import argparse
import csv
import json
import random
import resource
import shutil
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from machine import BINARY, ROOT, describe

RESULTS = ROOT / "bench/results/data_check_vs_cleanlab.json"
BACKBONE = "efficientnet-lite0"
FLIPPED = 0.05
EXACT, SAVED, RESIZED, CROPPED, LEAKS, SINGLE = 30, 20, 20, 10, 20, 10
# The names of our faults and of cleanvision's issues that report what was planted.
OURS = {"exact": ["exact_duplicate", "leak"], "near": ["near_duplicate", "leak"], "leak": ["leak"], "dark": ["dark"],
        "blurry": ["blurry"], "constant": ["one_shade"], "flipped": ["label_error"]}
THEIRS = {"exact": ["exact_duplicates"], "near": ["near_duplicates"], "dark": ["dark"], "blurry": ["blurry"],
          "constant": ["low_information"]}


def plant(folder: Path, seed: int) -> dict:
    """Plants the faults; returns for each the files (and for pairs the files that they copy), as paths below `folder`."""
    from PIL import Image, ImageFilter

    rng = random.Random(seed)
    files = {split: sorted(folder.glob(f"{split}/*/*.jpg")) for split in ("train", "val")}
    classes = sorted({path.parent.name for path in files["train"]})
    pool = files["train"][:]
    rng.shuffle(pool)
    below = lambda path: str(path.relative_to(folder))
    planted = {name: [] for name in OURS}
    planted["changed"] = []  # the dark and blurry copies with their originals: near duplicates too

    def copy_as(source, name, split="train", change=None, quality=90):
        target = folder / split / source.parent.name / name
        if change is None:
            shutil.copy(source, target)
        else:
            change(Image.open(source).convert("RGB")).save(target, quality=quality)
        return below(target)

    def scaled(image):
        factor = rng.uniform(0.4, 0.8)
        return image.resize((int(image.width * factor), int(image.height * factor)), Image.LANCZOS)

    def cropped(image):
        x, y = image.width // 50, image.height // 50
        return image.crop((x, y, image.width - x, image.height - y))

    for i in range(EXACT):
        planted["exact"].append([copy_as(source := pool.pop(), f"copy{i}.jpg"), below(source)])
    for count, change, quality in ((SAVED, lambda image: image, 50), (RESIZED, scaled, 85), (CROPPED, cropped, 90)):
        for _ in range(count):
            name = f"near{len(planted['near'])}.jpg"
            planted["near"].append([copy_as(source := pool.pop(), name, change=change, quality=quality), below(source)])
    for i in range(LEAKS):
        change = None if i % 2 == 0 else scaled
        planted["leak"].append([copy_as(source := pool.pop(), f"leak{i}.jpg", "val", change), below(source)])
    for i in range(SINGLE):
        radius, light = rng.uniform(4, 8), rng.uniform(0.05, 0.15)
        soft = ImageFilter.GaussianBlur(radius)
        planted["blurry"].append(copy_as(source := pool.pop(), f"blurry{i}.jpg", change=lambda im: im.filter(soft)))
        planted["changed"].append([planted["blurry"][-1], below(source)])
        dimmed = lambda im: im.point(lambda v: int(v * light))
        planted["dark"].append(copy_as(source := pool.pop(), f"dark{i}.jpg", change=dimmed))
        planted["changed"].append([planted["dark"][-1], below(source)])
        planted["constant"].append(copy_as(pool.pop(), f"plain{i}.jpg", change=lambda im: Image.new(
            "RGB", im.size, tuple(rng.randrange(256) for _ in range(3)))))
    flips = rng.sample(pool, round(FLIPPED * len(files["train"] + files["val"])))
    for i, path in enumerate(flips):
        wrong = rng.choice([name for name in classes if name != path.parent.name])
        target = folder / "train" / wrong / f"flip{i}_{path.name}"
        path.rename(target)
        planted["flipped"].append(below(target))
    return planted


def ours(folder: Path, scratch: Path) -> dict:
    """Our findings, by fault, each a list of [path, other path or None], the worst first."""
    start = time.monotonic()
    done = subprocess.run([BINARY, "check", "--data", folder, "--backbone", BACKBONE, "--json",
                           "--set", f"cache.dir={scratch / 'store'}"], check=True, capture_output=True, text=True)
    seconds = time.monotonic() - start
    found = {}
    below = lambda path: str(Path(path).relative_to(folder)) if path else None
    for finding in json.loads(done.stdout)["findings"]:
        found.setdefault(finding["fault"], []).append([below(finding["path"]), below(finding.get("other"))])
    return {"seconds": seconds, "found": found}


def as_peer(folder: Path, features: Path) -> dict:
    """What cleanvision and cleanlab find; runs in their environment."""
    import numpy as np
    from cleanlab.filter import find_label_issues
    from cleanlab.rank import get_label_quality_scores
    from cleanvision import Imagelab
    from sklearn.linear_model import LogisticRegression
    from sklearn.model_selection import cross_val_predict
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import StandardScaler

    below = lambda path: str(Path(path).relative_to(folder))
    start = time.monotonic()
    lab = Imagelab(data_path=str(folder))
    lab.find_issues(dict.fromkeys(("exact_duplicates", "near_duplicates", "dark", "blurry", "low_information"), {}), n_jobs=2,
                    verbose=False)
    vision_seconds = time.monotonic() - start
    found = {}
    for name in ("dark", "blurry", "low_information"):
        rows = lab.issues[lab.issues[f"is_{name}_issue"]].sort_values(f"{name}_score")
        found[name] = [[below(path), None] for path in rows.index]
    for name in ("exact_duplicates", "near_duplicates"):
        found[name] = [[below(path), below(members[0])] for members in lab.info[name]["sets"] for path in members[1:]]
    start = time.monotonic()
    table = np.load(features)
    paths = [row[0] for row in csv.reader(open(features.with_suffix(".paths.csv")))][1:]
    classes = sorted({Path(path).parent.name for path in paths})
    labels = np.array([classes.index(Path(path).parent.name) for path in paths])
    model = make_pipeline(StandardScaler(), LogisticRegression(C=0.01, max_iter=200))
    probabilities = cross_val_predict(model, table, labels, cv=5, method="predict_proba")
    issues = find_label_issues(labels, probabilities, return_indices_ranked_by="self_confidence")
    ranking = np.argsort(get_label_quality_scores(labels, probabilities))
    return {"vision_seconds": vision_seconds, "label_seconds": time.monotonic() - start, "found": found,
            "label_issues": [below(paths[i]) for i in issues], "label_ranking": [below(paths[i]) for i in ranking]}


def cpu_seconds() -> float:
    """Of the child processes that have ended: what other work on the machine hardly changes."""
    usage = resource.getrusage(resource.RUSAGE_CHILDREN)
    return usage.ru_utime + usage.ru_stime


def names(pair) -> tuple:
    return tuple(sorted(pair)) if pair[1] else (pair[0],)


def score(found: list, planted: list, others: list) -> dict:
    """Recall and precision; `others` are planted faults of another kind that the list rightly holds too."""
    wanted = {names(pair) if isinstance(pair, list) else (pair,) for pair in planted}
    reported = {names(pair) if isinstance(planted[0], list) else (pair[0],) for pair in found}
    allowed = {names(pair) for pair in others}
    hits = len(wanted & reported)
    false = len(reported - wanted - allowed)
    return {"planted": len(wanted), "found": hits, "recall": round(hits / len(wanted), 4),
            "precision": round(hits / (hits + false), 4) if hits + false else None}


def longest_at_precision(ranking: list, planted: set, precision: float) -> int:
    """How many planted faults the longest beginning of a ranking holds that is at least so precise."""
    hits = best = 0
    for count, path in enumerate(ranking, 1):
        hits += path in planted
        if hits / count >= precision:
            best = hits
    return best


def compare(data: Path, peers: str, seed: int) -> dict:
    with tempfile.TemporaryDirectory() as scratch:
        scratch = Path(scratch).resolve()
        folder = scratch / "data"
        shutil.copytree(data, folder)
        planted = plant(folder, seed)
        check = ours(folder, scratch)
        features = scratch / "features.npy"
        subprocess.run([BINARY, "embed", "--backbone", BACKBONE, folder, "--output", features], check=True, capture_output=True)
        theirs = json.loads(subprocess.run([peers, __file__, folder, "--as-peer", features], check=True, capture_output=True,
                                           text=True).stdout.splitlines()[-1])
        rows = {}
        pairs = planted["exact"] + planted["near"] + planted["leak"] + planted["changed"]
        for fault, keys in OURS.items():
            others = pairs if fault in ("exact", "near") else []
            row = {"ours": score([f for key in keys for f in check["found"].get(key, [])], planted[fault], others)}
            if fault in THEIRS:
                row["theirs"] = score([f for key in THEIRS[fault] for f in theirs["found"][key]], planted[fault], others)
            rows[fault] = row
        flipped = set(planted["flipped"])
        rows["flipped"]["theirs"] = score([[path, None] for path in theirs["label_issues"]], planted["flipped"], [])
        rows["flipped"]["theirs_at_our_precision"] = longest_at_precision(
            theirs["label_ranking"], flipped, rows["flipped"]["ours"]["precision"])
        rows["flipped"]["ours_at_their_precision"] = longest_at_precision(
            [path for path, _ in check["found"].get("label_error", [])], flipped, rows["flipped"]["theirs"]["precision"])
        start, used = time.monotonic(), cpu_seconds()
        subprocess.run([BINARY, "check", "--data", folder, "--no-features", "--json"], check=True, capture_output=True)
        seconds, used = time.monotonic() - start, cpu_seconds() - used
        images = sum(1 for path in folder.rglob("*") if path.is_file())
        return {"seed": seed, "images": images, "faults": rows, "check_seconds": round(check["seconds"], 1),
                "hash_part_images_per_minute": round(60 * images / seconds), "hash_part_cpu_seconds": round(used, 2),
                "cleanvision_seconds": round(theirs["vision_seconds"], 1), "cleanlab_seconds": round(theirs["label_seconds"], 1)}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("data", type=Path)
    parser.add_argument("--peers", help="Python with bench/requirements-data-check.txt")
    parser.add_argument("--seeds", type=int, default=3)
    parser.add_argument("--out", type=Path, default=RESULTS)
    parser.add_argument("--as-peer", type=Path, help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    if arguments.as_peer:
        print(json.dumps(as_peer(arguments.data, arguments.as_peer)))
        return
    runs = []
    for seed in range(arguments.seeds):
        runs.append(compare(arguments.data.resolve(), arguments.peers, seed))
        print(json.dumps(runs[-1]), file=sys.stderr)
    result = {"machine": describe(), "data": arguments.data.name, "backbone": BACKBONE,
              "peers": {"cleanlab": "2.9.0, Apache-2.0", "cleanvision": "0.3.7, Apache-2.0"}, "runs": runs}
    arguments.out.write_text(json.dumps(result, indent=2) + "\n")
    for fault in OURS:
        for who in ("ours", "theirs"):
            rows = [run["faults"][fault][who] for run in runs if who in run["faults"][fault]]
            if rows:
                print(f"{fault:9} {who:7} found {sum(row['found'] for row in rows)} of {sum(row['planted'] for row in rows)}, "
                      f"precision {[row['precision'] for row in rows]}")
    for key in ("theirs_at_our_precision", "ours_at_their_precision"):
        print(f"flipped, {key}: {[run['faults']['flipped'][key] for run in runs]}")
    for key in ("hash_part_images_per_minute", "hash_part_cpu_seconds", "check_seconds", "cleanvision_seconds", "cleanlab_seconds"):
        print(f"{key}: {[run[key] for run in runs]}")


if __name__ == "__main__":
    main()
