"""What ends a run of several processes, what is left of it, and that another number of them can resume it."""

import os
import re
import signal
import subprocess
import time
import unittest
from pathlib import Path

from tests.cli.transfer_case import TransferCase
from tests.mpi.mpi_case import HAS_MPI, MpiCase

FLAGS = ("--strategy", "fine-tune", "--augment", "none", "--set", "train.batch_norm=frozen", "--set", "train.epochs=6",
         "--set", "train.batch_size=4", "--set", "train.patience=0", "--set", "train.optimizer=sgd", "--set",
         "train.lr=0.005", "--set", "head.start=random", "--threads", "1")


def processes_of(parent):
    """Process id by rank of the processes that mpirun has started."""
    found = {}
    for status in Path("/proc").glob("[0-9]*/status"):
        try:
            lines = status.read_text().splitlines()
            environment = (status.parent / "environ").read_bytes().split(b"\0")
        except OSError:
            continue
        if f"PPid:\t{parent}" not in lines:
            continue
        ranks = [entry for entry in environment if entry.startswith(b"OMPI_COMM_WORLD_RANK=")]
        if ranks:
            found[int(ranks[0].split(b"=")[1])] = int(status.parent.name)
    return found


def is_alive(process):
    try:
        return "State:\tZ" not in Path(f"/proc/{process}/status").read_text()
    except OSError:
        return False


def all_end(processes, seconds=10):
    """Whether they do in that time: mpirun itself may end a moment before them."""
    deadline = time.time() + seconds
    while any(map(is_alive, processes)) and time.time() < deadline:
        time.sleep(0.02)
    return not any(map(is_alive, processes))


class Stopping(MpiCase):
    def start(self, processes, *arguments):
        process = subprocess.Popen(self.mpirun(processes, *arguments), cwd=self.folder, env=self.environment(),
                                   text=True, stdout=subprocess.PIPE, stderr=subprocess.PIPE)
        self.addCleanup(lambda: process.poll() is None and process.kill())
        return process

    def begin(self, processes, *more):
        """A run that has finished its first epoch."""
        self.make_small_data(per_class=100)
        process = self.start(processes, "--data", "data", "--backbone", "steady", "--out", "run", *FLAGS, *more)
        metrics = self.folder / "run/metrics.jsonl"
        deadline = time.time() + 60
        while not (metrics.exists() and '"epoch":1,' in metrics.read_text()) and process.poll() is None and time.time() < deadline:
            time.sleep(0.005)
        self.assertIsNone(process.poll(), "ended before it could be stopped")
        return process

    def check_resumes(self, processes, epochs=6):
        self.run_transfer("predict", "--model", "run/model-last.pt", "data/val")
        self.assertTrue((self.folder / "run/checkpoint.pt").exists())
        if processes == 1:
            self.run_transfer("--resume", "run")
        else:
            self.run_mpi(processes, "--resume", "run")
        self.assertEqual(self.summary("run")["epochs"], epochs)
        self.assertEqual([line["epoch"] for line in self.lines("run") if line["epoch"] > 0], list(range(1, epochs + 1)))
        self.assertFalse((self.folder / "run/checkpoint.pt").exists())

    def check_equals_uninterrupted(self):
        self.run_transfer("--data", "data", "--backbone", "steady", "--out", "whole", *FLAGS)
        self.assert_same_curve("run", "whole")

    def test_a_killed_process_ends_all_and_more_resume_the_run(self):
        process = self.begin(2)
        ranks = processes_of(process.pid)
        self.assertEqual(sorted(ranks), [0, 1])
        os.kill(ranks[1], signal.SIGKILL)
        error = process.communicate(timeout=60)[1]
        self.assertNotEqual(process.returncode, 0)
        self.assertIn("signal 9", error)
        self.assertTrue(all_end(ranks.values()))
        self.check_resumes(4)
        self.check_equals_uninterrupted()

    def test_a_dead_rank_0_too_and_one_process_resumes_alone(self):
        process = self.begin(3)
        ranks = processes_of(process.pid)
        os.kill(ranks[0], signal.SIGKILL)
        error = process.communicate(timeout=60)[1]
        self.assertNotEqual(process.returncode, 0)
        self.assertIn("signal 9", error)
        self.assertTrue(all_end(ranks.values()))
        self.check_resumes(1)

    def test_one_that_is_told_to_stop_stops_all_with_a_checkpoint(self):
        process = self.begin(2)
        ranks = processes_of(process.pid)
        os.kill(ranks[1], signal.SIGTERM)
        error = process.communicate(timeout=60)[1]
        self.assertEqual(process.returncode, 143, error)
        self.assertIn("SIGTERM", error)
        self.assertIn("transfer --resume run", error)
        self.check_resumes(2)
        self.check_equals_uninterrupted()

    def test_a_nan_loss_stops_all_ranks_and_names_the_images_of_all(self):
        self.make_small_data(per_class=6)
        # One step an epoch, of all twelve images: half of them are rank 1's.
        flags = ("--strategy", "fine-tune", "--augment", "none", "--threads", "1", *(f"--set={setting}" for setting in (
            "train.batch_size=12", "train.lr=1e3", "train.optimizer=sgd", "train.clip_norm=0", "train.warmup_epochs=0",
            "train.freeze_epochs=0", "train.epochs=30", "head.start=random")))
        done = self.train_mpi(2, *flags, expect=7)
        message = self.message(done)
        self.assertIn("loss", message)
        self.assertEqual(len(set(re.findall(r"train/\w+/\d\.png", message))), 12, message)
        self.assertFalse((self.folder / "run/summary.json").exists())
        self.assertTrue((self.folder / "run/checkpoint.pt").exists())
        done = self.train_mpi(2, *flags, "--set", "train.on_nonfinite=retry", out="again", expect=7)
        self.assertEqual(len(self.warnings(done, "loss", "learning rate")), 3, "by rank 0 alone, once per retry")

    def test_mpirun_told_to_stop(self):
        process = self.begin(2, "--set", "train.epochs=25", "--set", "head.start=fitted")
        ranks = processes_of(process.pid)
        process.send_signal(signal.SIGTERM)  # it passes it on a second later
        process.communicate(timeout=60)
        self.assertNotEqual(process.returncode, 0)
        self.assertTrue(all_end(ranks.values()))
        self.check_resumes(1, epochs=25)

    def test_an_error_of_one_process_names_it_and_ends_all(self):
        self.make_small_data(per_class=6)
        command = self.mpirun(1, "--data", "data", "--backbone", "tiny", "--out", "run")
        command += [":", "-n", "1", *self.command("--data", "elsewhere", "--backbone", "tiny", "--out", "run")]
        done = subprocess.run(command, cwd=self.folder, env=self.environment(), text=True, stdout=subprocess.PIPE,
                              stderr=subprocess.PIPE, timeout=60)
        self.assertEqual(done.returncode, 3, done.stderr)
        self.assertRegex(done.stderr, r"(?m)^transfer \(.*\b[12]\b.*\): elsewhere")

    def test_an_error_of_all_is_printed_once_and_refusals(self):
        self.make_small_data(per_class=6)
        done = self.run_mpi(2, "--data", "elsewhere", "--backbone", "tiny", expect=3)
        self.assertEqual(done.stderr.count("elsewhere"), 1, done.stderr)
        done = self.train_mpi(2, "--strategy", "auto", expect=2)
        self.assertIn("transfer advise", done.stderr)
        done = self.run_mpi(2, "predict", "--model", "none.pt", "data", expect=2)
        self.assert_names(self.message(done), "2 processes", "'transfer predict'")


class Launchers(TransferCase):
    def refused_with(self, environment, part):
        done = subprocess.run(self.command("--version"), cwd=self.folder, env={**self.environment(), **environment},
                              text=True, stdout=subprocess.PIPE, stderr=subprocess.PIPE, timeout=60)
        self.assertEqual(done.returncode, 2, done.stderr)
        self.assertIn(part, done.stderr)

    def test_srun_that_does_not_connect_its_processes(self):
        self.refused_with({"SLURM_STEP_NUM_TASKS": "4"}, "srun --mpi=pmix")

    @unittest.skipIf(HAS_MPI, "transfer was built with MPI")
    def test_a_build_without_mpi_says_what_is_missing(self):
        self.refused_with({"OMPI_COMM_WORLD_SIZE": "2"}, "libopenmpi-dev")
