"""Errors that a user must understand, and two jobs on one device."""

import json
import resource

import torch

import images
import networks
from bench import FINE_TUNE, FIT, NO_GPU, Bench, require, require_same_run

DEVICE_ERROR, RESOURCE_ERROR = 5, 9  # exit codes of `transfer --help`


def require_one_line(done, *parts) -> str:
    """Asserts that stderr ends with one line "transfer: …" which names all `parts`; returns the line."""
    lines = done.stderr.strip().splitlines()
    first = next((i for i, line in enumerate(lines) if line.startswith("transfer: ")), None)
    require(first is not None, f"no line of stderr begins with `transfer: `: {' | '.join(lines[-3:])}")
    require(first == len(lines) - 1, f"{len(lines) - first} lines, expected 1: {' | '.join(lines[first:first + 3])}")
    missing = [part for part in parts if part.lower() not in lines[first].lower()]
    require(not missing, f"the message does not name {', '.join(missing)}: {lines[first]}")
    for sign in ("Exception raised from", "frame #", ".cpp:"):
        require(sign not in lines[first], f"the message holds LibTorch's own: {lines[first]}")
    return lines[first]


def wrong_devices(bench: Bench) -> str:
    """Devices that are not there: train, predict and evaluate refuse each in one line."""
    bench.train("refusal", "--strategy", "freeze-conv")
    model = ("--model", "refusal/model.pt")
    # Beyond all devices that the driver can show, and as if there were none.
    cases = [("cuda:9", {}), ("cuda", NO_GPU), ("cuda:0", NO_GPU)]
    if not bench.on_gpu:
        cases[0] = ("cuda:9", NO_GPU)
    elif torch.cuda.device_count() > 9:
        cases[0] = (f"cuda:{torch.cuda.device_count()}", {})
    said = []
    for device, environment in cases[:2] if bench.quick else cases:
        options = {"expect": DEVICE_ERROR, "environment": environment}
        flags = bench.train_flags("refused", device=device)
        done = [bench.run(*flags, **options)]
        require(not (bench.folder / "refused").exists(), f"--device {device}: a refused run leaves its directory")
        done.append(bench.run("predict", *model, "images/val", "--device", device, **options))
        if not bench.quick:
            done.append(bench.run("evaluate", *model, "--data", "images", "--device", device, **options))
        said.append([require_one_line(each, f"--device {device}", "--device cpu") for each in done][0])
    hidden = bench.run(*bench.train_flags("on-auto", "--strategy", "freeze-conv", device="auto"), environment=NO_GPU)
    require(bench.summary("on-auto")["device"] == "cpu", f"auto without a GPU: {hidden.stderr[-200:]}")
    return f"exit status {DEVICE_ERROR} and one line; auto takes the CPU; " + " ".join(dict.fromkeys(said))


def too_large_a_batch(bench: Bench) -> str:
    """A batch of 100,000 takes all images at once, of which each needs 12 kB a pixel: more than there is memory."""
    networks.save(networks.Greedy().eval(), bench.folder / "greedy.pt")
    count, size, limit = 96, 64, None
    if bench.on_gpu:
        known = torch.cuda.is_available()
        memory = torch.cuda.get_device_properties(bench.device).total_memory if known else 200 << 30
        size = 256  # the maps of all images have less than 2^31 numbers on GPUs of up to 250 GB
        count = 1 + 3 * memory // (2 * 12288 * size * size)
    else:
        def limit():
            resource.setrlimit(resource.RLIMIT_AS, (4 << 30, 4 << 30))
    folder = bench.folder / "large"
    images.write_folders(folder, size, {"train": -(-count // 3), "val": 2})
    done = bench.run(
        "--data", "large", "--backbone", "greedy.pt", "--set", f"data.input_size={size}", *FIT, *FINE_TUNE, "--augment",
        "none", "--set", "train.epochs=1", "--set", "train.batch_size=100000", "--device", bench.device, "--out",
        "too-large", expect=RESOURCE_ERROR, before=limit, timeout=300)
    said = require_one_line(done, "train.batch_size" if bench.on_gpu else "memory")
    require(not (bench.folder / "too-large/model.pt").exists(), "the run left a model.pt")
    return f"exit status {RESOURCE_ERROR} and one line: {said}"


JOBS = """defaults:
  strategy: fine-tune
  backbone: scripted.pt
  threads: 1
  data: {{path: images, input_size: {size}, resize: stretch}}
  augment: {{preset: standard}}
  head: {{start: random}}
  train: {{epochs: 3, batch_size: 16, lr: 0.001, replicas: 1, batch_norm: train, patience: 0}}
jobs:
  - {{name: one, seed: 1}}
  - {{name: other, seed: 2}}
"""


def two_jobs(bench: Bench) -> str:
    """Two jobs of a batch at once on one device: each has the weights that it has alone."""
    (bench.folder / "jobs.yaml").write_text(JOBS.format(size=bench.size))
    one_device = {"environment": bench.only_this_gpu(), "timeout": 300}
    bench.run("batch", "jobs.yaml", "--out", "study", "--jobs", 2, "--threads", 2, "--device", bench.device[:4],
              **one_device)
    jobs = json.loads((bench.folder / "study/summary.json").read_text())["jobs"]
    require([job["state"] for job in jobs] == ["finished"] * 2, f"states {[job['state'] for job in jobs]}")
    devices = [bench.summary(f"study/{job['job']}")["device"] for job in jobs]
    require(all(device.startswith(bench.device[:4]) for device in devices), f"ran on {devices}")
    for job in jobs:
        alone = f"alone-{job['job']}"
        bench.run("--config", f"study/{job['job']}/config.yaml", "--out", alone, **one_device)
        require_same_run(bench, f"study/{job['job']}", alone)
    seconds = [f"{job['seconds']:.1f} s" for job in jobs]
    return f"both finished on {devices[0]}, in {' and '.join(seconds)}, equal to each alone"
