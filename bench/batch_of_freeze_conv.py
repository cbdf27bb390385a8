"""Cost of a batch of 24 freeze-conv jobs relative to one job: the jobs share one pass over the images.

Runs one job as a plain `transfer` run with the first job's settings, then the batch, in a new folder. Memory is the sum
of the processes' proportional set sizes (shared pages count once), sampled ten times per second.

Usage: .venv/bin/python bench/batch_of_freeze_conv.py [--file JOBS.yaml] [--jobs N] [--out FILE.json]
"""

import argparse
import json
import subprocess
import tempfile
import time
from pathlib import Path

from machine import BINARY, ROOT, describe

FIRST_JOB = ("--set", "head.weight_decay=0.01", "--set", "head.label_smoothing=0",
             "--set", "head.class_weights=none")


def family(process: int) -> list:
    """The process and its children."""
    found = [process]
    for status in Path("/proc").glob("[0-9]*/stat"):
        try:
            if int(status.read_text().rsplit(")", 1)[1].split()[1]) == process:
                found.append(int(status.parent.name))
        except OSError:
            continue
    return found


def memory_mb(process: int) -> float:
    """Proportional set size of one process; 0 if it has ended."""
    try:
        lines = Path(f"/proc/{process}/smaps_rollup").read_text().splitlines()
    except OSError:
        return 0
    return sum(int(line.split()[1]) for line in lines if line.startswith("Pss:")) / 1024


def measure(command: list) -> dict:
    """Wall time and peak memory of a command with its children."""
    start = time.perf_counter()
    process = subprocess.Popen(list(map(str, command)), cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL,
                               text=True)
    peak = 0.0
    while process.poll() is None:
        peak = max(peak, sum(memory_mb(member) for member in family(process.pid)))
        time.sleep(0.1)
    if process.returncode != 0:
        raise SystemExit(f"{command} ended with {process.returncode}:\n{process.stdout.read()}")
    return {"seconds": time.perf_counter() - start, "peak_memory_mb": peak, "output": process.stdout.read()}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--file", type=Path, default=ROOT / "examples/batch-solar-cells.yaml")
    parser.add_argument("--data", default="datasets/demo/elpv", help="the batch file's data, for the single job")
    parser.add_argument("--jobs", type=int, default=2)
    parser.add_argument("--out", type=Path)
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        alone = measure([BINARY, "--strategy", "freeze-conv", "--data", arguments.data, *FIRST_JOB,
                         "--out", folder / "alone"])
        batch = measure([BINARY, "batch", arguments.file, "--out", folder / "batch", "--jobs", arguments.jobs])
        store = sum(path.stat().st_size for path in (folder / "batch/feature-store").rglob("*")) / 2**20
        jobs = json.loads((folder / "batch/summary.json").read_text())["jobs"]
    bound = arguments.jobs * alone["peak_memory_mb"] + store
    print(batch.pop("output"))
    alone.pop("output")
    print(f"one job {alone['seconds']:.1f} s, {alone['peak_memory_mb']:.0f} MB; {len(jobs)} jobs "
          f"{batch['seconds']:.1f} s ({batch['seconds'] / alone['seconds']:.2f} times), "
          f"{batch['peak_memory_mb']:.0f} MB ({arguments.jobs} jobs and the features: {bound:.0f} MB)")
    if arguments.out:
        result = {"command": "bench/batch_of_freeze_conv.py", "machine": describe(), "jobs": len(jobs),
                  "jobs_at_a_time": arguments.jobs, "alone": alone, "batch": batch, "feature_store_mb": store,
                  "times_one_job": batch["seconds"] / alone["seconds"], "memory_bound_mb": bound}
        arguments.out.write_text(json.dumps(result, indent=2) + "\n")


if __name__ == "__main__":
    main()
