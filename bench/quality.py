"""What `--quality best` reaches on four data sets, by recipes that were committed before the images that count were looked at.

Usage: .venv/bin/python bench/quality.py [--sets hymenoptera steel elpv elpv-3m fashion] [--seeds 0 1 2 3 4] [--out FILE.json]

  hymenoptera  its 153 validation images; the plan chooses by cross-validation on the 245 training images
  steel        20 training images of each of six defects, drawn by the seed; all others are measured
  elpv         the 656 test images of datasets/prepare/elpv.py's split, one seed, two hours at most
  elpv-3m      the same within three minutes
  fashion      the 10,000 test images of Fashion-MNIST, 6,000 training images for validation, within 40 minutes

Each row is one command per seed, `transfer --quality best --data DATA --seed SEED`, with a time limit where it says so.
The exported backbones must be efficientnet-lite0, lite1 and lite2. A run measures its images once, at its end.
"""

import argparse
import json
import random
import statistics
import subprocess
import tempfile
import time
from pathlib import Path

from all_features import FASHION, SHARED, drawn, images_under, steel_pool, without, write_csv
from machine import BINARY, ROOT, describe

ELPV = ROOT / "datasets/demo/elpv"
GOALS = {"hymenoptera": 96.5, "steel": 99.0, "elpv": 89.5, "elpv-3m": 87.5, "fashion": 94.5}
LIMITS = {"elpv": "2h", "elpv-3m": "3m", "fashion": "40m"}
ONE_SEED = ("elpv", "elpv-3m", "fashion")


def data_of(name: str, seed: int, scratch: Path) -> Path:
    if name == "hymenoptera":
        return SHARED / "hymenoptera_data"
    if name == "steel":
        pool = steel_pool()
        train = drawn(pool, 20, random.Random(f"quality {seed}"))
        write_csv(train, without(pool, train), scratch / "steel.csv")
        return scratch / "steel.csv"
    return FASHION if name == "fashion" else ELPV


def run(name: str, seed: int, scratch: Path) -> dict:
    out = scratch / "run"
    flags = ["--time-limit", LIMITS[name]] if name in LIMITS else []
    if name == "fashion":
        flags += ["--set", "data.val_fraction=0.1"]
    begin = time.perf_counter()
    done = subprocess.run([BINARY, "--quality", "best", "--data", data_of(name, seed, scratch), "--seed", str(seed),
                           "--output", out, "--overwrite", "--set", "data.allow_leakage=true", *flags],
                          check=True, capture_output=True, text=True)
    summary = json.loads((out / "summary.json").read_text())
    measured = summary.get("test", summary["val"])
    said = [line for line in done.stderr.splitlines() if line.startswith(("candidate: ", "left out: ", "plan: ", "member "))]
    return {"accuracy": measured["accuracy"], "val_accuracy": summary["val"]["accuracy"], "strategy": summary["strategy"],
            "members": summary.get("members", []), "seconds": time.perf_counter() - begin, "plan": said}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--sets", nargs="+", choices=GOALS, default=["hymenoptera", "steel"])
    parser.add_argument("--seeds", type=int, nargs="+", default=[0, 1, 2, 3, 4])
    parser.add_argument("--out", type=Path, default=ROOT / "bench/results/quality.json")
    arguments = parser.parse_args()
    results = json.loads(arguments.out.read_text()) if arguments.out.exists() else {"command": "bench/quality.py", "sets": {}}
    for name in arguments.sets:
        runs = {}
        for seed in arguments.seeds[:1] if name in ONE_SEED else arguments.seeds:
            with tempfile.TemporaryDirectory() as folder:
                runs[str(seed)] = run(name, seed, Path(folder))
            print(name, seed, f"{100 * runs[str(seed)]['accuracy']:.2f} % in {runs[str(seed)]['seconds']:.0f} s", flush=True)
        mean = 100 * statistics.mean(one["accuracy"] for one in runs.values())
        print(f"{name}: {mean:.2f} %, goal {GOALS[name]} %", flush=True)
        results["sets"][name] = {"goal": GOALS[name], "mean": mean, "runs": runs, "machine": describe()}
        arguments.out.write_text(json.dumps(results, indent=2) + "\n")


if __name__ == "__main__":
    main()
