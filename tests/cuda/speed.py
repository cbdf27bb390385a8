"""Images a second of training, against the same loop in Python's PyTorch, and how long the GPU has nothing to do."""

import shutil
import statistics
import subprocess
import threading
import time
from dataclasses import dataclass

import torch

import images
import networks
from bench import MEAN, STD, Bench, Skipped, require

BATCH = 64
WARM_UP = 2  # epochs in which kernels are chosen and code is compiled
LEAST_SHARE = 0.5  # of Python's speed


def median_step(ends: list) -> float:
    """The median of the times between neighbours."""
    return statistics.median(later - earlier for earlier, later in zip(ends, ends[1:]))


@dataclass
class Task:
    """What both loops train: images of a class, their size in pixels, width of the network, epochs."""

    per_class: int
    size: int
    width: int
    epochs: int


def task_of(bench: Bench) -> Task:
    return Task(400, 224, 32, 8) if bench.on_gpu else Task(64, 32, 8, 6)


def name_of_gpu(device: str) -> str:
    """What nvidia-smi calls the device: its UUID, since CUDA_VISIBLE_DEVICES may number GPUs otherwise."""
    uuid = getattr(torch.cuda.get_device_properties(device), "uuid", None) if torch.cuda.is_available() else None
    return f"GPU-{uuid}" if uuid else device[5:] or "0"


class IdleShare:
    """Samples nvidia-smi's utilization.gpu while it lives: the share of a short period in which any kernel ran."""

    def __init__(self, bench: Bench) -> None:
        self._samples = []  # (time.time(), percent)
        tool = shutil.which("nvidia-smi") if bench.on_gpu else None
        self._process = None
        if tool:
            query = ["--query-gpu=utilization.gpu", "--format=csv,noheader,nounits", "-lms", "100", "-i"]
            self._process = subprocess.Popen([tool, *query, name_of_gpu(bench.device)], stdout=subprocess.PIPE, text=True)
            self._reader = threading.Thread(target=self._read)
            self._reader.start()

    def _read(self) -> None:
        for line in self._process.stdout:
            if line.strip().isdigit():
                self._samples.append((time.time(), int(line)))

    def __enter__(self) -> "IdleShare":
        return self

    def __exit__(self, *_) -> None:
        if self._process:
            self._process.terminate()
            self._process.wait()
            self._reader.join()

    def text(self, end: float, seconds: float) -> str:
        """Of the `seconds` before `end`, a time.time()."""
        busy = [percent for when, percent in self._samples if end - seconds <= when <= end]
        return f"GPU idle {100 - sum(busy) / len(busy):.0f} %, {len(busy)} samples" if busy else "idle share not measured"


def of_program(bench: Bench, task: Task, flags) -> tuple:
    """(images a second, text) of `transfer`, by the median of the epochs after WARM_UP."""
    out = "speed" + "".join(flags[1::2]).replace("=", "-")
    with IdleShare(bench) as idle:
        bench.run(
            "--data", "speed-images", "--backbone", "speed.pt", "--set", f"data.input_size={task.size}", "--set",
            "data.resize=stretch", "--strategy", "fine-tune", "--augment", "none", "--set", "head.start=random", "--set",
            "train.batch_norm=train", "--set", f"train.batch_size={BATCH}", "--set", "train.clip_norm=0", "--set",
            "train.ema=0", "--set", "train.patience=0", "--set", "train.checkpoint_epochs=0", "--set",
            f"train.epochs={task.epochs}", "--threads", 0 if bench.on_gpu else 1, "--device", bench.device, "--out", out,
            *flags, timeout=400)
    ends = [epoch["seconds"] for epoch in bench.epochs(out)]
    seconds = ends[-1] - ends[WARM_UP - 1]
    end = (bench.folder / out / "metrics.jsonl").stat().st_mtime  # written at the end of the last epoch
    memory = bench.summary(out).get("peak_gpu_memory_mb")
    said = idle.text(end, seconds) + (f", peak {memory:.0f} MB of GPU memory" if memory else "")
    return 3 * task.per_class / median_step(ends[WARM_UP - 1:]), said


def synchronise(bench: Bench) -> None:
    if bench.on_gpu:
        torch.cuda.synchronize(bench.device)


def of_python(bench: Bench, task: Task, fast: bool) -> tuple:
    """(images a second, text) of an eager loop over the same images, decoded before: float32 in pinned memory."""
    torch.backends.cudnn.deterministic, torch.backends.cudnn.benchmark = not fast, fast
    torch.backends.cudnn.allow_tf32 = torch.backends.cuda.matmul.allow_tf32 = fast
    if not bench.on_gpu:
        torch.set_num_threads(1)
    network = networks.mobilenet(task.width, task.size)
    network.classifier[1] = torch.nn.Linear(network.classifier[1].in_features, 3)
    network = network.to(bench.device, memory_format=torch.channels_last).train()
    optimizer = torch.optim.AdamW(network.parameters(), lr=3e-5, weight_decay=0.05)
    files = sorted((bench.folder / "speed-images/train").glob("*/*.bmp"))
    pixels = torch.stack([images.read_bmp(file, task.size) for file in files]).permute(0, 3, 1, 2)
    mean, std = torch.tensor(MEAN).view(3, 1, 1), torch.tensor(STD).view(3, 1, 1)
    data = ((pixels.float() / 255 - mean) / std).contiguous(memory_format=torch.channels_last)
    labels = torch.arange(3).repeat_interleave(task.per_class)
    order = torch.randperm(len(files), generator=torch.Generator().manual_seed(0))
    batches = [(data[rows], labels[rows]) for rows in order.split(BATCH)]
    del pixels, data
    if bench.on_gpu:
        batches = [(x.pin_memory(), y.pin_memory()) for x, y in batches]
    ends = []
    with IdleShare(bench) as idle:
        for _ in range(task.epochs):
            for x, y in batches:
                x, y = x.to(bench.device, non_blocking=True), y.to(bench.device, non_blocking=True)
                optimizer.zero_grad(set_to_none=True)
                torch.nn.functional.cross_entropy(network(x), y).backward()
                optimizer.step()
            synchronise(bench)
            ends.append(time.time())
    return len(files) / median_step(ends[WARM_UP - 1:]), idle.text(ends[-1], ends[-1] - ends[WARM_UP - 1])


def compare(bench: Bench, flags, fast: bool) -> str:
    task = task_of(bench)
    if not (bench.folder / "speed-images").exists():
        images.write_folders(bench.folder / "speed-images", task.size, {"train": task.per_class, "val": 2},
                             images.write_bmp, "bmp")
        networks.save(networks.mobilenet(task.width, task.size), bench.folder / "speed.pt")
    ours, idle = of_program(bench, task, flags)
    if bench.on_gpu and not torch.cuda.is_available():
        raise Skipped(f"{ours:.0f} images/s ({idle}); PyTorch of this Python has no CUDA, so nothing to compare with")
    theirs, python_idle = of_python(bench, task, fast)
    require(ours >= LEAST_SHARE * theirs,
            f"{ours:.0f} images/s ({idle}), less than half of Python's {theirs:.0f} ({python_idle})")
    return (f"{ours:.0f} images/s ({idle}), Python {theirs:.0f} ({python_idle}): {ours / theirs:.2f} times; "
            f"{task.size} x {task.size}, batches of {BATCH}, float32; Python's images are decoded before")


def images_per_second(bench: Bench) -> str:
    """Deterministic kernels and no TF32 on either side."""
    return compare(bench, (), fast=False)


def images_per_second_fast(bench: Bench) -> str:
    """Whatever kernels are fastest, and TF32, on both sides."""
    if not bench.on_gpu:
        raise Skipped("compute.deterministic and compute.tf32 change nothing on a CPU")
    return compare(bench, ("--set", "compute.deterministic=false", "--set", "compute.tf32=true"), fast=True)
