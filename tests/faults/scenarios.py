"""What the faults are injected into: training, resuming, a batch, predicting; and what a right result is."""

import hashlib
import json
import os
import re
import shutil
import signal
import subprocess
import time
import zipfile
from pathlib import Path

from tests.cli.transfer_case import BINARY, FIXTURES, write_image
from tests.faults.injection import run_plainly

COLOURS = {"red": (200, 40, 40), "blue": (40, 40, 200)}
TIMED = ("seconds", "peak_memory_mb", "run_directory", "versions", "date", "command", "path", "sha256")  # sha256: of what could be read
JOBS = """
defaults: {backbone: tiny, data: {path: data, workers: 1}, head: {weight_decay: 0.01}}
jobs:
  - {name: frozen}
  - {name: tuned, strategy: fine-tune, train: {epochs: 1, batch_size: 4}}
"""


def make_images(folder):
    """Eight images to train on and four to validate with."""
    for split, count in (("train", 4), ("val", 2)):
        for name, colour in COLOURS.items():
            for i in range(count):
                path = folder / "data" / split / name / f"{i}.png"
                write_image(path, colour, seed=len(split) * 100 + i, size=(24, 24))


def without_times(value):
    if isinstance(value, dict):
        return {key: without_times(part) for key, part in value.items() if key not in TIMED}
    return [without_times(part) for part in value] if isinstance(value, list) else value


def weights_of(model):
    """A hash of all tensors of a TorchScript archive."""
    digest = hashlib.sha256()
    with zipfile.ZipFile(model) as archive:
        for record in sorted(name for name in archive.namelist() if re.search(r"/(data|constants)/\d+$", name)):
            digest.update(archive.read(record))
    return digest.hexdigest()


def result_of(run):
    """What a run must come to, whatever happened on the way."""
    metrics = (run / "metrics.jsonl").read_text().splitlines()
    return {
        "weights": weights_of(run / "model.pt"),
        "predictions": (run / "predictions_val.csv").read_text(),
        "summary": without_times(json.loads((run / "summary.json").read_text())),
        "metrics": [without_times(json.loads(line)) for line in metrics],
        # A picture that cannot be drawn costs no more than itself, nor does the report.
        "files": sorted(path.name for path in run.iterdir() if path.suffix not in (".png", ".html")),
    }


class Scenario:
    """A command in a folder of its own, which starts as a copy of a template."""

    name = ""
    runs = ("run",)
    prints_result = False  # whether stdout is the result

    def arguments(self):
        raise NotImplementedError

    def arguments_after(self, outcome):
        """The command that must be right after the faulty one."""
        return self.arguments()

    def prepare(self, folder):
        """Fills the template."""
        make_images(folder)
        (folder / "models").mkdir()
        shutil.copy(FIXTURES / "tiny.pt", folder / "models")

    def command(self, arguments):
        return [str(Path(BINARY).resolve()), *arguments]

    def environment(self, folder):
        return {**os.environ, "TRANSFER_MODELS": str(folder / "models")}

    def run(self, folder, *arguments):
        return run_plainly(self.command(arguments), folder, self.environment(folder))

    def result(self, folder, outcome):
        """All that must be as without a fault. Raises OSError, KeyError or ValueError where there is none."""
        results = {run: result_of(folder / run) for run in self.runs}
        if self.prints_result:
            results["stdout"] = outcome.stdout
        return results

    def broken_images(self, folder, outcome):
        """What the result says of images that were left out."""
        said = []
        for run in self.runs:
            said += json.loads((folder / run / "summary.json").read_text()).get("broken_images", [])
        return said


class FreezeConv(Scenario):
    name = "freeze-conv"

    def arguments(self, *more):
        return ["train", "--data", "data", "--backbone", "tiny", "--out", "run", "--threads", "1",
                "--set", "data.workers=1", "--set", "head.weight_decay=0.01", "--set", "cache.dir=store",
                "--set", "cache.share=true", *more]

    def arguments_after(self, outcome):
        return self.arguments("--overwrite")


class FineTune(FreezeConv):
    name = "fine-tune"
    epochs = 1

    def arguments(self, *more):
        return super().arguments("--strategy", "fine-tune", "--set", f"train.epochs={self.epochs}",
                                 "--set", "train.batch_size=4", *more)


class Resume(FineTune):
    """A run that was killed after its first epoch."""

    name = "resume"
    epochs = 2

    def prepare(self, folder):
        super().prepare(folder)
        process = subprocess.Popen(self.command(FineTune.arguments(self)), cwd=folder, env=self.environment(folder),
                                   stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        while process.poll() is None and not (folder / "run/checkpoint.pt").exists():
            time.sleep(0.001)
        process.send_signal(signal.SIGKILL)
        process.wait()
        if process.returncode != -signal.SIGKILL:
            raise RuntimeError("the run that is to be resumed ended before it could be killed")

    def arguments(self):
        # The copy's images, not those of the template that config.yaml names.
        return ["train", "--resume", "run", "--data", "data", "--threads", "1"]

    def arguments_after(self, outcome):
        return self.arguments() if outcome.status != 0 else FineTune.arguments(self, "--overwrite")


class Batch(Scenario):
    name = "batch"
    runs = ("out/frozen", "out/tuned")

    def prepare(self, folder):
        super().prepare(folder)
        (folder / "jobs.yaml").write_text(JOBS)

    def arguments(self):
        return ["batch", "jobs.yaml", "--out", "out", "--threads", "1"]


class Predict(Scenario):
    name = "predict"
    runs = ()
    prints_result = True

    def prepare(self, folder):
        super().prepare(folder)
        done = self.run(folder, *FreezeConv().arguments())
        if done.status != 0:
            raise RuntimeError(done.stderr)

    def arguments(self):
        return ["predict", "--model", "run/model.pt", "--format", "csv", "--threads", "1", "data/val"]

    def broken_images(self, folder, outcome):
        return outcome.stderr.splitlines()


SCENARIOS = (FreezeConv, FineTune, Resume, Batch, Predict)
