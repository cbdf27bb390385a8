"""What the checks share: a folder with images and networks, the program, and ways to compare what runs have left."""

import json
import os
import signal
import subprocess
import time
from dataclasses import dataclass
from pathlib import Path

import torch

import images
import networks

MEAN, STD = (0.485, 0.456, 0.406), (0.229, 0.224, 0.225)  # ImageNet's, which the program assumes too
NO_GPU = {"CUDA_VISIBLE_DEVICES": ""}
# Images have the size of the network's input, so that nothing is resized.
FIT = ("--set", "data.resize=stretch")
BATCH = 16
FINE_TUNE = ("--strategy", "fine-tune", "--set", "head.start=random", "--set", "train.replicas=1", "--set",
             "train.batch_norm=train", "--set", "train.patience=0", "--set", f"train.batch_size={BATCH}", "--set",
             "train.lr=0.001")


class CheckFailed(Exception):
    """A check that found something else than it expects."""


class Skipped(Exception):
    """A check that this machine cannot make."""


def require(condition, message) -> None:
    if not condition:
        raise CheckFailed(message)


@dataclass
class Bench:
    """`device` is cpu, cuda or cuda:N; `folder` is where the program runs; `quick` asks for as little as proves something."""

    binary: Path
    device: str
    folder: Path
    quick: bool

    @property
    def on_gpu(self) -> bool:
        return self.device != "cpu"

    @property
    def size(self) -> int:
        return 64 if self.on_gpu else 32

    def prepare(self) -> None:
        """Writes the images and the networks of most checks."""
        per_class = 10 if self.quick else 64
        images.write_folders(self.folder / "images", self.size, {"train": per_class, "val": max(per_class // 3, 4)})
        images.write_tables(self.folder, self.size, 48 if self.quick else 160)
        network = networks.mobilenet(16 if self.on_gpu else 8, self.size, blocks=1 if self.quick else 6)
        networks.save(network, self.folder / "scripted.pt")
        networks.save(network, self.folder / "traced.pt", torch.zeros(2, 3, self.size, self.size))

    def only_this_gpu(self) -> dict:
        """Environment that shows the program the device of the checks as its only one, `cuda`."""
        if not self.on_gpu:
            return NO_GPU
        index = int(self.device[5:] or 0)
        visible = [name for name in os.environ.get("CUDA_VISIBLE_DEVICES", "").split(",") if name]
        return {"CUDA_VISIBLE_DEVICES": visible[index] if visible else str(index)}

    def command(self, *arguments) -> list:
        return [str(self.binary), *map(str, arguments)]

    def run(self, *arguments, expect=0, environment=None, timeout=300, before=None) -> subprocess.CompletedProcess:
        """Runs the program. CheckFailed where it ends with another status than `expect`."""
        try:
            done = subprocess.run(
                self.command(*arguments), cwd=self.folder, env={**os.environ, **(environment or {})}, text=True,
                capture_output=True, timeout=timeout, preexec_fn=before)
        except subprocess.TimeoutExpired:
            raise CheckFailed(f"not finished after {timeout} s: {' '.join(map(str, arguments))}") from None
        require(done.returncode == expect,
                f"exit status {done.returncode}, expected {expect}: {' | '.join(done.stderr.strip().splitlines()[-3:])}: "
                f"{' '.join(map(str, arguments))}")
        return done

    def train_flags(self, out, *flags, data="images", network="scripted.pt", device=None) -> list:
        if not self.on_gpu:  # threads that wait for each other take many times as long on busy cores
            flags = ("--threads", 1, *flags)
        return ["--data", data, "--backbone", network, "--set", f"data.input_size={self.size}", *FIT, "--device",
                device or self.device, "--out", out, *flags]

    def train(self, out, *flags, data="images", network="scripted.pt", device=None, **options):
        """Trains into `out`; returns the finished process."""
        return self.run(*self.train_flags(out, *flags, data=data, network=network, device=device), **options)

    def summary(self, out) -> dict:
        return json.loads((self.folder / out / "summary.json").read_text())

    def epochs(self, out) -> list:
        """metrics.jsonl; [] where it is not there yet."""
        file = self.folder / out / "metrics.jsonl"
        return [json.loads(line) for line in file.read_text().splitlines()] if file.exists() else []

    def stop_in_training(self, out, flags, after: int, environment=None) -> str:
        """Starts the program and interrupts it (SIGINT) in the middle of the epoch that follows epoch `after`."""
        process = subprocess.Popen(self.command(*flags), cwd=self.folder, env={**os.environ, **(environment or {})},
                                   stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True)
        try:
            deadline = time.monotonic() + 120
            while len(self.epochs(out)) < after and process.poll() is None and time.monotonic() < deadline:
                time.sleep(0.002)
            times = [epoch["seconds"] for epoch in self.epochs(out)]
            if len(times) > 1:  # the first epochs take longer, since code is compiled in them
                time.sleep(min(later - earlier for earlier, later in zip(times, times[1:])) / 3)
            process.send_signal(signal.SIGINT)
            error = process.communicate(timeout=120)[1]
        finally:
            process.kill()
        require(process.returncode == 130, f"SIGINT after {len(times)} epochs: exit status {process.returncode}, "
                f"expected 130: {' | '.join(error.strip().splitlines()[-3:])}")
        return error


def state(file) -> dict:
    """The tensors of a model file, on the CPU."""
    return torch.jit.load(str(file), map_location="cpu").state_dict()


def difference(one: dict, other: dict) -> str:
    """"" where two states are equal bit for bit; otherwise how many tensors differ, and the most that a number does."""
    if one.keys() != other.keys():
        return f"other tensors: {sorted(one.keys() ^ other.keys())[:3]}"
    different = [name for name in one if not same_bits(one[name], other[name])]
    if not different:
        return ""
    gaps = {name: (one[name].double() - other[name].double()).abs().max().item() for name in different}
    worst = max(gaps, key=lambda name: (gaps[name] != gaps[name], gaps[name]))
    return f"{len(different)} of {len(one)} tensors differ, by {gaps[worst]:.3g} in {worst}"


def same_bits(one: torch.Tensor, other: torch.Tensor) -> bool:
    """Equal to the last bit; NaN, which a broken run leaves, equals nothing."""
    return one.shape == other.shape and one.dtype == other.dtype and torch.equal(one, other)


def require_same_run(bench: Bench, one, other) -> None:
    """The same weights bit for bit, and the same numbers after each epoch."""
    gap = difference(state(bench.folder / one / "model.pt"), state(bench.folder / other / "model.pt"))
    require(not gap, f"{one} and {other}: {gap}")
    lines = [[{**line, "seconds": 0} for line in bench.epochs(run)] for run in (one, other)]
    require(lines[0] == lines[1], f"{one} and {other}: the same weights, but other lines in metrics.jsonl")


def read_images(files, size: int) -> torch.Tensor:
    """[N, 3, size, size] float32, as the program prepares PNG files of this folder's writer."""
    stacked = torch.stack([images.read_png(file, size) for file in files]).permute(0, 3, 1, 2).float() / 255
    return (stacked - torch.tensor(MEAN).view(3, 1, 1)) / torch.tensor(STD).view(3, 1, 1)
