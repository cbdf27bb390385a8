"""How training with several processes scales: measurements on hosts with shaped network links, and a model of them.

A host is a network namespace with one process pinned to one core (network_hosts.py). The model of a step in which each
of N processes computes B rows:

    compute(B) = c0 + c1 B                                           fitted to one process at several B
    sum(s, N)  = 2 (N - 1) / N * s / bandwidth + 2 log2(N) * latency  all-reduce of s bytes (Thakur et al. 2005)
    step       = compute(B) + the part of the sums that the computation does not hide

The sum of a bucket starts when its gradients are complete and the previous bucket is done. When gradients are complete
is measured once in Python, by hooks on every parameter of the same TorchScript network. Ethernet, IP and TCP leave 94 %
of a link's bandwidth. Nothing is fitted to the runs over shaped links: their steps, with all gradients in one bucket
(which the computation cannot hide) and in smaller buckets, are predicted from a step over an unshaped link.

Usage (root): .venv/bin/python bench/data_parallel_scaling.py [--out FILE.json]
"""

import argparse
import json
import math
import os
import signal
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import numpy
import torch
from PIL import Image

import network_hosts
from machine import BINARY, ROOT, describe

BACKBONE = ROOT / "models/pretrained/efficientnet-lite0.pt"
PRETRAINING_CLASSES = 1000
ROWS = 8
ALL_ROWS = 512
STEPS = int(os.environ.get("BENCH_STEPS", "6"))
BUCKET_MB = 4.0
ONE_BUCKET_MB = 1000.0
LINKS_MBIT = tuple(map(int, os.environ.get("BENCH_LINKS", "1000,250,100").split(",")))
PAYLOAD = 0.94  # share of a link's bandwidth that Ethernet, IP and TCP leave
NODES = (2, 8, 16, 32, 64)
# Typical clusters: bandwidth in Gbit/s, and latency of one TCP message in seconds.
CLUSTER_LINKS = {"1 Gbit/s": (1.0, 50e-6), "10 Gbit/s": (10.0, 30e-6), "25 Gbit/s": (25.0, 20e-6)}
PIN = "exec taskset -c $(( ${OMPI_COMM_WORLD_RANK:-0} %% %d )) \"$@\""


def make_images(folder: Path, count: int) -> None:
    generator = numpy.random.default_rng(0)
    for split, number in (("train", count), ("val", 2)):
        for name in ("a", "b"):
            (folder / split / name).mkdir(parents=True)
            for i in range(number // 2):
                pixels = generator.integers(0, 256, (224, 224, 3), dtype=numpy.uint8)
                Image.fromarray(pixels).save(folder / split / name / f"{i}.jpg", quality=60)


def train(folder: Path, processes: int, rows: int, bucket_mb: float, launch: list) -> dict:
    """Seconds and bytes per step in one epoch of STEPS steps, as measured by rank 0."""
    data, out = folder / f"data-{processes * rows}", folder / "run"
    if not data.exists():
        make_images(data, processes * rows * STEPS)
    command = [
        "sh", "-c", PIN % os.cpu_count(), "sh", BINARY, "--data", data, "--strategy", "fine-tune", "--backbone", BACKBONE,
        "--out", out, "--overwrite", "--threads", "1", "--augment", "none", "--set", "train.batch_norm=frozen",
        "--set", "head.start=random", "--set", "train.epochs=1", "--set", f"train.batch_size={processes * rows}",
        "--set", "train.freeze_epochs=0", "--set", "train.warmup_epochs=0", "--set", f"train.bucket_mb={bucket_mb}",
        "--set", "train.replicas=1",
    ]
    if processes > 1:
        command = ["mpirun", "--allow-run-as-root", *launch, "--map-by", "node", "--oversubscribe", "--bind-to", "none",
                   "-n", processes, *command]
    start = time.perf_counter()
    done = subprocess.run(list(map(str, command)), cwd=folder, capture_output=True, text=True, timeout=280, check=False)
    if done.returncode != 0:
        sys.exit(f"{command} ended with {done.returncode}:\n{done.stderr[-2000:]}")
    summary = json.loads((out / "summary.json").read_text())
    cost = summary.get("data_parallel", {"steps": STEPS, "bytes_per_step": 0, "seconds_waiting": 0.0})
    line = json.loads((out / "metrics.jsonl").read_text().splitlines()[-1])
    # One process reports no exchange: its epoch counts, of which evaluation is about 1 %.
    in_steps = cost.get("seconds_in_steps", line["seconds"])
    return {"processes": processes, "rows": rows, "bucket_mb": bucket_mb, "seconds_a_step": in_steps / cost["steps"],
            "seconds_waiting_a_step": cost["seconds_waiting"] / cost["steps"], "bytes_a_step": cost["bytes_per_step"],
            "command_seconds": time.perf_counter() - start, "command": " ".join(map(str, command[-3:]))}


def gradient_timeline() -> list:
    """(bytes, fraction of the step after which it is complete) of every gradient, in order of completion."""
    torch.set_num_threads(1)
    os.sched_setaffinity(0, {0})
    network = torch.jit.load(str(BACKBONE)).eval()
    network = network.to(memory_format=torch.channels_last)
    images = torch.randn(ROWS, 3, 224, 224).contiguous(memory_format=torch.channels_last)
    events = []
    for parameter in network.parameters():
        if parameter.shape[0] == PRETRAINING_CLASSES:  # the classifier, which a small head replaces
            continue
        parameter.requires_grad_(True)
        parameter.register_post_accumulate_grad_hook(
            lambda tensor: events.append((tensor.numel() * 4, time.perf_counter())))
    with torch.jit.optimized_execution(False):
        for _ in range(2):  # the second repetition counts
            events.clear()
            start = time.perf_counter()
            network(images).logsumexp(1).sum().backward()
            end = time.perf_counter()
    os.sched_setaffinity(0, range(os.cpu_count()))
    return [(size, (moment - start) / (end - start)) for size, moment in events]


def buckets_of(timeline: list, bucket_mb: float) -> list:
    """(bytes, fraction of the step after which all its gradients are complete) of each bucket."""
    buckets = []
    for size, moment in timeline:
        if not buckets or buckets[-1][0] >= bucket_mb * 2**20:
            buckets.append((0, 0.0))
        buckets[-1] = (buckets[-1][0] + size, max(buckets[-1][1], moment))
    return buckets


def sum_seconds(size: int, processes: int, bandwidth: float, latency: float) -> float:
    return 2 * (processes - 1) / processes * size / bandwidth + 2 * math.log2(processes) * latency


def predicted_step(compute: float, processes: int, buckets: list, bandwidth: float, latency: float) -> float:
    """Seconds per step; bandwidth in bytes per second."""
    free = 0.0
    for size, moment in buckets:
        free = max(free, moment * compute) + sum_seconds(size, processes, bandwidth, latency)
    return max(free, compute)


def compute_line(alone: list) -> tuple:
    """c0 and c1 of the seconds per step, c0 + c1 · rows; neither is negative."""
    rows = numpy.array([run["rows"] for run in alone], dtype=float)
    seconds = numpy.array([run["seconds_a_step"] for run in alone])
    slope, constant = numpy.polyfit(rows, seconds, 1)
    if constant < 0:  # the line through 0
        constant, slope = 0.0, float(rows @ seconds / (rows @ rows))
    return float(constant), float(slope)


def measure_link(folder: Path, processes: int, rows: int, mbit: int, base: float, timeline: list) -> dict:
    """Steps over one shaped link, measured and predicted; `base` is the seconds per step over an unshaped link."""
    with network_hosts.hosts(processes, mbit) as flags:
        whole = train(folder, processes, rows, ONE_BUCKET_MB, flags)
        parts = train(folder, processes, rows, BUCKET_MB, flags)
    bandwidth = mbit * 1e6 / 8 * PAYLOAD
    sums = whole["seconds_a_step"] - base
    moved = 2 * (processes - 1) / processes * whole["bytes_a_step"]
    result = {
        "hosts": processes, "rows_a_process": rows, "link_mbit": mbit, "effective_mbit": moved * 8 / 1e6 / max(sums, 1e-9),
        "base_seconds_a_step": base, "one_bucket": whole, "buckets": parts,
        "predicted_one_bucket": base + sum_seconds(whole["bytes_a_step"], processes, bandwidth, 0.0),
        "predicted_buckets": predicted_step(base, processes, buckets_of(timeline, BUCKET_MB), bandwidth, 0.0),
    }
    print(f"{processes} hosts, {mbit} Mbit/s (effective {result['effective_mbit']:.0f}): one bucket "
          f"{whole['seconds_a_step']:.3f} s, predicted {result['predicted_one_bucket']:.3f} s; buckets of {BUCKET_MB} MB "
          f"{parts['seconds_a_step']:.3f} s, predicted {result['predicted_buckets']:.3f} s", flush=True)
    return result


def measure_unshaped(folder: Path, processes: int, rows: int) -> float:
    with network_hosts.hosts(processes, 0) as flags:
        step = train(folder, processes, rows, ONE_BUCKET_MB, flags)["seconds_a_step"]
    print(f"{processes} hosts, unshaped links: {step:.3f} s per step", flush=True)
    return step


def predict_clusters(fit: tuple, timeline: list) -> list:
    """Weak scaling (ROWS per node) and strong scaling (ALL_ROWS) on nodes as fast as this core."""
    results = []
    for name, (gigabits, latency) in CLUSTER_LINKS.items():
        bandwidth = gigabits * 1e9 / 8 * PAYLOAD
        for nodes in NODES:
            buckets = buckets_of(timeline, BUCKET_MB)
            weak_compute = fit[0] + fit[1] * ROWS
            weak = predicted_step(weak_compute, nodes, buckets, bandwidth, latency)
            strong_compute = fit[0] + fit[1] * ALL_ROWS / nodes
            strong = predicted_step(strong_compute, nodes, buckets, bandwidth, latency)
            results.append({"link": name, "nodes": nodes, "weak_efficiency": weak_compute / weak,
                            "strong_speedup": (fit[0] + fit[1] * ALL_ROWS) / strong})
    return results


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--out", type=Path, default=ROOT / "bench/results/data_parallel_scaling.json")
    arguments = parser.parse_args()
    reason = network_hosts.why_impossible()
    if reason:
        print(f"SKIPPED: {reason}")
        return
    signal.signal(signal.SIGTERM, lambda *_: sys.exit("stopped by SIGTERM"))  # so that the hosts are removed
    timeline = gradient_timeline()
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        alone = [train(folder, 1, rows, BUCKET_MB, []) for rows in (4, 8, 16)]
        fit = compute_line(alone)
        print(f"one process: {fit[0]:.3f} s + {fit[1]:.4f} s per row", flush=True)
        memory = train(folder, 2, ROWS, BUCKET_MB, ["--mca", "btl", "self,vader"])
        print(f"two processes, shared memory: {memory['seconds_a_step']:.3f} s per step", flush=True)
        two = measure_unshaped(folder, 2, ROWS)
        links = [measure_link(folder, 2, ROWS, mbit, two, timeline) for mbit in LINKS_MBIT]
        four = measure_unshaped(folder, 4, ROWS // 2)  # two hosts per core
        links.append(measure_link(folder, 4, ROWS // 2, LINKS_MBIT[-1], four, timeline))
    result = {
        "command": "bench/data_parallel_scaling.py", "machine": describe(), "backbone": BACKBONE.stem,
        "rows_a_process": ROWS,
        "steps": STEPS, "bucket_mb": BUCKET_MB, "compute_seconds": {"constant": fit[0], "a_row": fit[1]}, "alone": alone,
        "buckets": [{"bytes": size, "complete_after": moment} for size, moment in buckets_of(timeline, BUCKET_MB)],
        "shared_memory": memory, "links": links, "predicted": predict_clusters(fit, timeline),
    }
    arguments.out.parent.mkdir(exist_ok=True)
    arguments.out.write_text(json.dumps(result, indent=2) + "\n")
    for row in result["predicted"]:
        print(f"{row['link']:>10} {row['nodes']:3d} nodes: weak scaling {row['weak_efficiency']:.0%}, "
              f"speed-up of a batch of {ALL_ROWS} rows {row['strong_speedup']:.1f}")


if __name__ == "__main__":
    main()
