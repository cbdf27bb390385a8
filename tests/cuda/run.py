"""Runs the checks and prints one line for each: `ok`, `FAILED` or `SKIPPED`, its name, what was measured.

Exit status: 0 if none failed, also where there is no CUDA device; 1 if one failed; 2 for wrong flags, and where
Python has no PyTorch.
"""

import argparse
import shutil
import subprocess
import sys
import tempfile
import time
from pathlib import Path

try:
    import torch
except ImportError:
    print(f"{sys.executable} has no PyTorch. Set TRANSFER_PYTHON to a Python that has it.", file=sys.stderr)
    sys.exit(2)

import features
import heads
import refusals
import repeating
import speed
from bench import Bench, CheckFailed, Skipped

# In this order; the quick ones together take less than 40 s on 2 busy cores.
CHECKS = {
    "refusals": (refusals.wrong_devices, True),
    "same_seed_float32": (repeating.twice_scripted, True),
    "same_seed_float32_traced": (repeating.twice_traced, False),
    "same_seed_bfloat16": (repeating.twice_bfloat16, False),
    "same_seed_float16": (repeating.twice_float16, False),
    "float16_skipped_steps": (repeating.float16_skips_a_step_at_most, False),
    "stop_and_resume": (repeating.stop_and_resume, True),
    "resume_on_cpu": (repeating.resume_on_cpu, False),
    "resume_without_gpu": (repeating.resume_without_gpu, False),
    "features": (features.features_scripted, True),
    "features_traced": (features.features_traced, False),
    "features_alone_and_in_a_batch": (features.independent_of_the_batch, True),
    "split_training": (features.split_training, True),
    "heads": (heads.stored_features, True),
    "heads_with_hidden_layers": (heads.hidden_layers, False),
    "heads_while_layers_train": (heads.trained_layers, False),
    "predict_equals_python": (heads.predict_equals_python, True),
    "too_large_a_batch": (refusals.too_large_a_batch, False),
    "two_jobs_at_once": (refusals.two_jobs, False),
    "images_per_second": (speed.images_per_second, False),
    "images_per_second_fast": (speed.images_per_second_fast, False),
}


def parse() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="tests/cuda/run.sh", description="Check the program on a GPU.")
    parser.add_argument("binary", type=Path)
    parser.add_argument("device", nargs="?", default="cuda", help="cuda (default), cuda:N or cpu")
    parser.add_argument("--quick", action="store_true", help="the checks that `make test` makes, with few images")
    parser.add_argument("--only", default="", help="names of checks, separated by commas")
    parser.add_argument("--list", action="store_true", help="list the checks")
    parser.add_argument("--keep", type=Path, help="a new folder for images, networks and runs; default: one that is removed")
    options = parser.parse_args()
    wanted = [name for name in options.only.split(",") if name]
    unknown = [name for name in wanted if name not in CHECKS]
    if unknown:
        parser.error(f"no check is called {', '.join(unknown)}; --list lists them")
    device, _, index = options.device.partition(":")
    if device not in ("cpu", "cuda") or (":" in options.device and not (device == "cuda" and index.isdigit())):
        parser.error(f"DEVICE is cpu, cuda or cuda:N, not {options.device}")
    if not options.list and not options.binary.is_file():
        parser.error(f"{options.binary}: no such program")
    options.names = wanted or [name for name, (_, quick) in CHECKS.items() if quick or not options.quick]
    return options


def has_gpu() -> bool:
    """Whether PyTorch or the driver's own tool shows a GPU: PyTorch may be built without CUDA."""
    if torch.cuda.is_available():
        return True
    tool = shutil.which("nvidia-smi")
    return bool(tool) and "GPU 0" in subprocess.run([tool, "-L"], capture_output=True, text=True).stdout


def run_check(name: str, bench: Bench) -> str:
    """Prints the line of a check; returns its first word."""
    began = time.monotonic()
    try:
        word, said = "ok", CHECKS[name][0](bench)
    except Skipped as reason:
        word, said = "SKIPPED", str(reason)
    except CheckFailed as failure:
        word, said = "FAILED", str(failure)
    except Exception as error:  # such as a file that a run did not leave: the other checks go on
        word, said = "FAILED", f"{type(error).__name__}: {error}"
    print(f"{word:8}{name}: {' '.join(said.split())} ({time.monotonic() - began:.0f} s)", flush=True)
    return word


def main() -> int:
    options = parse()
    if options.list:
        print("\n".join(CHECKS))
        return 0
    if options.device != "cpu" and not has_gpu():
        print("SKIPPED: no CUDA device")
        return 0
    folder = options.keep or Path(tempfile.mkdtemp(prefix="transfer-cuda-"))
    try:
        if options.keep:
            folder.mkdir(parents=True)
        bench = Bench(options.binary.resolve(), options.device, folder.resolve(), options.quick)
        began = time.monotonic()
        bench.prepare()
        words = [run_check(name, bench) for name in options.names]
    finally:
        if not options.keep:
            shutil.rmtree(folder, ignore_errors=True)
    counts = ", ".join(f"{words.count(word)} {word}" for word in ("ok", "FAILED", "SKIPPED"))
    print(f"{options.device}: {len(words)} checks, {counts}, {time.monotonic() - began:.0f} s")
    return 1 if "FAILED" in words else 0


if __name__ == "__main__":
    sys.exit(main())
