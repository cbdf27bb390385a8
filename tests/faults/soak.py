"""Many small jobs in two batches at once on one feature store, whose workers and batches are killed at random and
started again: no job is lost, each is finished once with the result that it has alone, and nothing leaks.

Usage: python -m tests.faults.soak [--jobs 500] [--seed 1]
"""

import argparse
import collections
import difflib
import json
import os
import random
import re
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass, field
from pathlib import Path

from tests.cli.transfer_case import BINARY, FIXTURES, write_image
from tests.faults.scenarios import COLOURS, result_of

KINDS = [(data, strategy) for data in range(5) for strategy in ("freeze-conv", "fine-tune")]
# Of the time that a job takes alone, so that slow machines get on too.
TIME_BETWEEN_KILLS = (0.2, 2.5)
PART_OF_KILLED_BATCHES = 0.15
# A batch is not killed in the second half of its jobs, so that leaks of one process show.
LAST_KILL_OF_A_BATCH = 0.5
MOST_MORE_FILES = 4
MOST_MORE_MEGABYTES = 8


def make_data(folder):
    for data in range(5):
        for split, count in (("train", 4), ("val", 2)):
            for name, colour in COLOURS.items():
                for i in range(count):
                    write_image(folder / f"data{data}" / split / name / f"{i}.png", colour,
                                seed=1000 * data + 100 * len(split) + i, size=(24, 24))
    (folder / "temporary").mkdir()
    (folder / "models").mkdir()
    shutil.copy(FIXTURES / "tiny.pt", folder / "models")


def write_batch(folder, name, jobs):
    """A batch file of `jobs` jobs, which take the kinds of job in turn."""
    lines = ["defaults: {backbone: tiny, data: {workers: 1}, head: {weight_decay: 0.01}, "
             "train: {batch_size: 4}, cache: {dir: store}}", "jobs:"]
    for i in range(jobs):
        data, strategy = KINDS[i % len(KINDS)]
        epochs = ", train: {epochs: 2}" if strategy == "fine-tune" else ""
        lines.append(f"  - {{name: job{i:04}, data: {{path: data{data}}}, strategy: {strategy}{epochs}}}")
    (folder / f"{name}.yaml").write_text("\n".join(lines) + "\n")


def children_of(process):
    try:
        text = Path(f"/proc/{process}/task/{process}/children").read_text()
    except OSError:
        return []
    return [int(word) for word in text.split()]


def open_files(process):
    try:
        return len(os.listdir(f"/proc/{process}/fd"))
    except OSError:
        return None


def megabytes(process):
    try:
        return int(Path(f"/proc/{process}/statm").read_text().split()[1]) * os.sysconf("SC_PAGESIZE") / 2**20
    except (OSError, IndexError):
        return None


@dataclass
class Batch:
    """A batch that is started again each time it is killed."""

    folder: Path
    name: str
    jobs: int
    process: subprocess.Popen = None
    starts: int = 0
    samples: list = field(default_factory=list)  # (open files, megabytes) of the process that runs now

    def start(self):
        command = [str(Path(BINARY).resolve()), "batch", f"{self.name}.yaml", "--out", self.name, "--threads", "1",
                   "--retries", "1000"]
        self.samples = []
        self.starts += 1
        with open(self.folder / f"{self.name}.log", "a") as log:
            self.process = subprocess.Popen(command, cwd=self.folder, stdout=log, stderr=log, env={
                **os.environ, "TRANSFER_MODELS": str(self.folder / "models"), "TMPDIR": str(self.folder / "temporary")})

    def finished(self):
        return len(list((self.folder / self.name).glob("job*/summary.json")))

    def sample(self):
        sample = (open_files(self.process.pid), megabytes(self.process.pid))
        if None not in sample and children_of(self.process.pid):
            self.samples.append(sample)

    def growth(self):
        """By how much open files and memory grew between the first and the last quarter of its samples."""
        quarter = max(len(self.samples) // 4, 1)
        first, last = self.samples[:quarter], self.samples[-quarter:]
        return [max(part[i] for part in last) - max(part[i] for part in first) for i in (0, 1)]


def soak(batches, draw, kills, seconds_per_job):
    """Runs the batches to their end and kills on the way."""
    next_kill = time.time() + 1
    while any(batch.process.poll() in (None, -signal.SIGKILL) for batch in batches):
        time.sleep(0.05)
        for batch in batches:
            if batch.process.poll() == -signal.SIGKILL:
                batch.start()
            batch.sample()
        if time.time() < next_kill:
            continue
        next_kill = time.time() + seconds_per_job * draw.uniform(*TIME_BETWEEN_KILLS)
        alive = [batch for batch in batches if batch.process.poll() is None]
        if alive:
            kill_something(draw.choice(alive), draw, kills)


def kill_something(batch, draw, kills):
    if draw.random() < PART_OF_KILLED_BATCHES and batch.finished() < LAST_KILL_OF_A_BATCH * batch.jobs:
        batch.process.kill()
        batch.process.wait()
        kills["batch"] += 1
        return
    for child in children_of(batch.process.pid)[:1]:
        os.kill(child, signal.SIGKILL)
        kills["worker"] += 1


def temporary_files(folder):
    """Unfinished files of the program in the folder and where temporary files go."""
    return {*folder.rglob("*.tmp"), *(folder / "temporary").iterdir()}


def difference(found, expected):
    """The lines of which only one of two results has any."""
    texts = [json.dumps(value, indent=0, sort_keys=True).splitlines() for value in (found, expected)]
    changed = [line for line in difflib.unified_diff(texts[1], texts[0], lineterm="", n=0) if line[0] in "+-"]
    return " ".join(changed[2:12])


def complaints_of(batch, alone):
    """What is wrong with a batch that has ended."""
    log = (batch.folder / f"{batch.name}.log").read_text()
    if batch.process.returncode != 0:
        yield f"{batch.name} ends with {batch.process.returncode}: {log[-300:]}"
    if not (batch.folder / batch.name / "summary.json").exists():
        return
    summary = json.loads((batch.folder / batch.name / "summary.json").read_text())
    states = collections.Counter(job["state"] for job in summary["jobs"])
    if states != {"finished": batch.jobs}:
        yield f"{batch.name}: {dict(states)}, expected {batch.jobs} finished"
    for i in range(batch.jobs):
        result, expected = result_of(batch.folder / batch.name / f"job{i:04}"), alone[i % len(KINDS)]
        for part in expected:
            if result[part] != expected[part]:
                what = difference(result[part], expected[part])
                yield f"{batch.name}/job{i:04}: another result than alone: {part}: {what}"
    ends = {}
    for number, line in enumerate(log.splitlines()):
        found = re.match(r"(job\d+): (started|resumed|finished)", line)
        if not found:
            continue
        if found[1] in ends:
            yield f"{batch.name}/{found[1]}: {found[2]} after it was finished"
        if found[2] == "finished":
            ends[found[1]] = number
    files, memory = batch.growth()
    if files > MOST_MORE_FILES or memory > MOST_MORE_MEGABYTES:
        yield f"{batch.name}: {files} more open files and {memory:.1f} MB more at its end"


def leftovers_of(batches, before):
    """Temporary files that stay after a further job has used the store and the folders."""
    folder = batches[0].folder
    write_image(folder / "data0/train/red/more.png", COLOURS["red"], seed=99, size=(24, 24))
    for batch in batches:
        batch.start()
        batch.process.wait()
    return sorted(temporary_files(folder) - before)


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--jobs", type=int, default=500, help="of the first batch; the second has a fifth")
    parser.add_argument("--seed", type=int, default=1, help="of the moments and victims of the kills")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="transfer-soak-") as name:
        folder = Path(name).resolve()
        make_data(folder)
        before = temporary_files(folder)
        alone = Batch(folder, "alone", len(KINDS))
        write_batch(folder, "alone", alone.jobs)
        begun = time.time()
        alone.start()
        if alone.process.wait() != 0:
            sys.exit((folder / "alone.log").read_text())
        seconds_per_job = (time.time() - begun) / alone.jobs
        results = [result_of(folder / "alone" / f"job{i:04}") for i in range(alone.jobs)]
        shutil.rmtree(folder / "store")
        batches = [Batch(folder, "many", options.jobs), Batch(folder, "few", max(options.jobs // 5, 1))]
        begun = time.time()
        kills = collections.Counter()
        for batch in batches:
            write_batch(folder, batch.name, batch.jobs)
            batch.start()
        soak(batches, random.Random(options.seed), kills, seconds_per_job)
        seconds = time.time() - begun
        complaints = [line for batch in batches for line in complaints_of(batch, results)]
        growth = {batch.name: batch.growth() for batch in batches}
        complaints += [f"{path}: is left" for path in leftovers_of(batches, before)]
    for line in complaints:
        print(line)
    jobs = sum(batch.jobs for batch in batches)
    print(f"{jobs} jobs, {kills['worker']} workers and {kills['batch']} batches killed, {seconds:.0f} s; "
          f"growth of open files and megabytes: {growth}; {len(complaints)} complaints")
    return 1 if complaints else 0


if __name__ == "__main__":
    sys.exit(main())
