"""The same seed, the same weights: twice, after a stop, and what is left of that on another device."""

import shutil

import torch

from bench import BATCH, FINE_TUNE, NO_GPU, Bench, CheckFailed, Skipped, difference, require, require_same_run, state


def training(epochs: int, precision="float32", seed=3) -> list:
    return [*FINE_TUNE, "--augment", "standard", "--seed", seed, "--set", f"train.epochs={epochs}", "--set",
            f"train.precision={precision}"]


def twice(bench: Bench, network: str, precision: str) -> str:
    """Two runs of the same seed agree bit for bit; another seed gives something else."""
    epochs = 1 if bench.quick else 3
    name = f"{network}-{precision}"
    try:
        bench.train(f"{name}-1", *training(epochs, precision), network=f"{network}.pt")
    except CheckFailed as failure:
        if bench.on_gpu or precision == "float32" or "exit status 5" not in str(failure):
            raise
        raise Skipped(f"this CPU has no fast {precision}, as the program says (exit status 5)") from None
    bench.train(f"{name}-2", *training(epochs, precision), network=f"{network}.pt")
    require_same_run(bench, f"{name}-1", f"{name}-2")
    first = state(bench.folder / f"{name}-1/model.pt")
    broken = [key for key, tensor in first.items() if not torch.isfinite(tensor.float()).all()]
    require(not broken, f"not finite: {broken[:3]}")
    if bench.quick:
        return f"{len(first)} tensors equal after {epochs} epochs"
    bench.train(f"{name}-3", *training(epochs, precision, seed=4), network=f"{network}.pt")
    gap = difference(first, state(bench.folder / f"{name}-3/model.pt"))
    require(gap, "another seed gives the same weights, so equal weights say nothing")
    loss = bench.epochs(f"{name}-1")[-1]["val_loss"]
    return f"{len(first)} tensors equal after {epochs} epochs, val loss {loss:.4f}; another seed: {gap}"


def twice_scripted(bench: Bench) -> str:
    return twice(bench, "scripted", "float32")


def twice_traced(bench: Bench) -> str:
    return twice(bench, "traced", "float32")


def twice_bfloat16(bench: Bench) -> str:
    return twice(bench, "scripted", "bfloat16")


def twice_float16(bench: Bench) -> str:
    return twice(bench, "scripted", "float16")


def progress_of(file) -> dict:
    """What checkpoint.pt, a TorchScript archive, says: epochs done, batches of the next, the optimizer's own steps, scale."""
    archive = torch.jit.load(str(file), map_location="cpu")
    taken = [module.step for name, module in archive.named_modules() if name.startswith("optimizer.state.")]
    require(taken, f"{file.name} holds no state of an optimizer")
    return {"epoch": archive.epoch, "batch": archive.batch, "taken": max(taken), "scale": archive.scaler_scale}


def float16_skips_a_step_at_most(bench: Bench) -> str:
    """Read from the checkpoint of a stopped run: its optimizer counts the steps that were taken."""
    precision = "float16" if bench.on_gpu else "float32"  # on a CPU: the same reading of a run that skips none
    out = "stopped-float16"
    bench.stop_in_training(out, bench.train_flags(out, *training(60, precision)), after=3)
    images = len(list((bench.folder / "images/train").glob("*/*.png")))
    found = progress_of(bench.folder / out / "checkpoint.pt")
    steps = found["epoch"] * -(-images // BATCH) + found["batch"]
    skipped = steps - found["taken"]
    require(steps > 3, f"{steps} steps, expected more than 3: {found}")
    require(0 <= skipped <= 1, f"{skipped} of {steps} steps were skipped, at most 1 expected: {found}")
    return f"{precision}: {skipped} of {steps} steps skipped, loss scale {found['scale']:.0f}"


STOPPED_EPOCHS = 30


def stop(bench: Bench) -> str:
    """A run in `whole`, and an interrupted one in `stopped`; copies of it are resumed by the checks below."""
    if not (bench.folder / "whole/model.pt").exists():
        bench.train("whole", *training(STOPPED_EPOCHS))
    if not (bench.folder / "stopped/checkpoint.pt").exists():
        flags = bench.train_flags("stopped", *training(STOPPED_EPOCHS), device="auto")
        bench.stop_in_training("stopped", flags, after=3, environment=bench.only_this_gpu())
    found = progress_of(bench.folder / "stopped/checkpoint.pt")
    return f"stopped in epoch {found['epoch'] + 1} after batch {found['batch']}"


def resumed(bench: Bench, out: str, *flags, environment):
    """Resumes a copy of the stopped run; returns the finished process."""
    if not (bench.folder / out).exists():
        shutil.copytree(bench.folder / "stopped", bench.folder / out)
    return bench.run("--resume", out, *flags, environment=environment)


def stop_and_resume(bench: Bench) -> str:
    """Stopped by SIGINT and resumed on the same device: the weights of a run that was never stopped."""
    said = stop(bench)
    resumed(bench, "resumed", environment=bench.only_this_gpu())
    require_same_run(bench, "whole", "resumed")
    device = bench.summary("resumed")["device"]
    require(device.startswith(bench.device[:4]), f"resumed on {device}, not on {bench.device}")
    return f"{said}; equal to the run that was not stopped, on {device}"


def finished_on_cpu(bench: Bench, out: str, done) -> str:
    """Asserts that the resumed run ended on the CPU near the whole run, and said so where it began on a GPU."""
    summary, whole = bench.summary(out), bench.epochs("whole")[-1]["val_loss"]
    require(summary["device"] == "cpu", f"resumed on {summary['device']}, expected cpu")
    lines = bench.epochs(out)
    require([line["epoch"] for line in lines] == list(range(1, STOPPED_EPOCHS + 1)),
            f"metrics.jsonl holds epochs {[line['epoch'] for line in lines]}")
    gap = abs(lines[-1]["val_loss"] - whole)
    require(gap <= 0.2 * max(1.0, whole), f"val loss {lines[-1]['val_loss']:.4f}, without the stop {whole:.4f}")
    if not bench.on_gpu:
        require_same_run(bench, "whole", out)
        return "equal to the run that was not stopped"
    saying = [line for line in done.stderr.splitlines() if "cuda" in line.lower() and "cpu" in line.lower()]
    require(saying, f"nothing says that the device changed: {' | '.join(done.stderr.splitlines()[:4])}")
    return f"val loss differs by {gap:.2g} from the run that stayed; said: {saying[0]}"


def resume_on_cpu(bench: Bench) -> str:
    stop(bench)
    return finished_on_cpu(bench, "resumed-cpu", resumed(
        bench, "resumed-cpu", "--device", "cpu", environment=bench.only_this_gpu()))


def resume_without_gpu(bench: Bench) -> str:
    stop(bench)
    return finished_on_cpu(bench, "resumed-without-gpu", resumed(bench, "resumed-without-gpu", environment=NO_GPU))
