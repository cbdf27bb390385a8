"""Lost streams, closed terminals and too few resources: a run goes on, or ends with a reason and its own status."""

import json
import os
import re
import resource
import signal
import subprocess
import time
import unittest

import torch

from tests.cli.transfer_case import TransferCase

IS_SANITIZED = "ASAN_OPTIONS" in os.environ or "TSAN_OPTIONS" in os.environ
FINE_TUNE = ("--strategy", "fine-tune", "--set", "train.batch_size=3", "--threads", "1")


class LostStreams(TransferCase):
    def run_with(self, *arguments, stdout=None, stderr=None, closed=()):
        """The finished process; `stdout` and `stderr` are descriptors, those in `closed` are closed before it starts."""
        def close():
            for descriptor in closed:
                os.close(descriptor)
        return subprocess.run(self.command(*arguments), cwd=self.folder, env=self.environment(), text=True, timeout=120,
                              stdout=subprocess.PIPE if stdout is None else stdout,
                              stderr=subprocess.PIPE if stderr is None else stderr, preexec_fn=close)

    def pipe_without_reader(self):
        reading, writing = os.pipe()
        os.close(reading)
        self.addCleanup(os.close, writing)
        return writing

    def full(self):
        full = os.open("/dev/full", os.O_WRONLY)
        self.addCleanup(os.close, full)
        return full

    def train_arguments(self, *arguments):
        return ("--data", "data", "--backbone", "tiny", "--out", "run", "--overwrite", "--threads", "1", *arguments)

    def test_losing_stderr_does_not_end_a_run(self):
        self.make_data()
        for arguments, stderr, closed in (((), None, (0, 2)), (("--strategy", "auto"), self.full(), ()),
                                          (FINE_TUNE[:4], self.pipe_without_reader(), ())):
            with self.subTest(stderr=stderr, closed=closed):
                done = self.run_with(*self.train_arguments(*arguments, "--set", "train.epochs=1"), stderr=stderr,
                                     closed=closed)
                self.assertEqual(done.returncode, 0)
                self.assertIn("validation:", done.stdout)
                self.assertTrue((self.folder / "run/summary.json").exists())
                (self.folder / "run/summary.json").unlink()

    def test_losing_stderr_does_not_end_a_batch(self):
        self.make_data()
        (self.folder / "jobs.yaml").write_text("jobs: [{name: a, data: {path: data}, backbone: tiny}]\n")
        done = self.run_with("batch", "jobs.yaml", "--out", "out", "--threads", "1", stderr=self.full())
        self.assertEqual(done.returncode, 0)
        self.assertIn("out/a", done.stdout)

    def test_losing_results_ends_in_silence_and_harms_no_run(self):
        self.make_data()
        for arguments in (("config", "--markdown"), ("--help",), self.train_arguments()):
            done = self.run_with(*arguments, stdout=self.pipe_without_reader())
            self.assertEqual(done.returncode, -signal.SIGPIPE, done.stderr)
            self.assertNotIn("transfer:", done.stderr)
        self.assertTrue((self.folder / "run/model.pt").exists(), "a finished run stays")
        done = self.run_with("config", "--markdown", closed=(1,))
        self.assertEqual(done.returncode, 6)
        self.assertIn("standard output: cannot be written", done.stderr)

    def test_errors_keep_their_status_without_stderr(self):
        for stderr, closed in ((None, (2,)), (self.full(), ()), (self.pipe_without_reader(), ())):
            self.assertEqual(self.run_with("--backbone", "none", "--data", "none", stderr=stderr, closed=closed).returncode, 3)


class Limits(TransferCase):
    def test_a_limit_on_file_sizes_is_an_error_like_others(self):
        def limit():
            signal.signal(signal.SIGXFSZ, signal.SIG_DFL)
            resource.setrlimit(resource.RLIMIT_FSIZE, (40_000, 40_000))
        self.make_data()
        self.refused("--data", "data", "--backbone", "tiny", "--out", "run", expect=6, before=limit,
                     parts=["cannot be written", "File too large", "ulimit -f"])

    def test_a_deleted_folder(self):
        gone = self.folder / "gone"
        gone.mkdir()
        done = self.run_transfer("version", expect=2, before=lambda: (os.chdir(gone), os.rmdir(gone)))
        self.assertEqual(done.stderr, "transfer: the current folder was deleted. Change into a folder that exists, and run "
                                      "the command again.\n")

    def test_a_folder_that_is_deleted_during_the_run(self):
        self.make_data(per_class=60)
        process = subprocess.Popen(
            self.command("--data", "data", "--backbone", "tiny", "--out", "run", *FINE_TUNE), cwd=self.folder,
            env=self.environment(), stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
        metrics = self.folder / "run/metrics.jsonl"
        wait_until(lambda: metrics.exists() and metrics.stat().st_size > 0, process)
        (self.folder / "run").rename(self.folder / "moved")
        message = process.communicate(timeout=60)[1]
        self.assertEqual(process.returncode, 6, message)
        self.assert_names(message, "run/", "cannot be written", "removed or moved")
        self.assertNotIn("space", message)

    @unittest.skipIf(IS_SANITIZED, "sanitizers need the address space")
    def test_too_little_memory_is_said_with_its_limit(self):
        two_gigabytes = lambda: resource.setrlimit(resource.RLIMIT_AS, (2 << 30, 2 << 30))
        self.make_data()
        self.refused("--data", "data", "--backbone", "tiny", "--out", "run", "--threads", "1", "--set",
                     "data.input_size=8192", expect=9, before=two_gigabytes,
                     parts=["not enough memory", "2.1 GB (ulimit -v)", "data.input_size"])

    @unittest.skipIf(IS_SANITIZED, "sanitizers need the address space")
    def test_too_few_threads_are_said_with_a_number_that_works(self):
        def limit():
            if os.geteuid() == 0:  # the limit does not hold for root
                os.setgid(65533)
                os.setuid(65533)
            resource.setrlimit(resource.RLIMIT_NPROC, (8, 8))
        self.make_data()
        self.folder.chmod(0o777)
        arguments = ("--data", "data", "--backbone", "tiny", "--out", "run")
        done = self.run_transfer(*arguments, "--threads", "16", expect=9, before=limit)
        self.assert_names(self.message(done), "--threads 16", "further threads", "ulimit -u")
        fitting = re.search(r"give --threads (\d+)", done.stderr)
        self.assertIsNotNone(fitting, done.stderr)
        self.run_transfer(*arguments, "--threads", fitting.group(1), before=limit)


class ClosedTerminal(TransferCase):
    def test_a_run_writes_its_checkpoint_and_its_times_add_up(self):
        self.make_data(per_class=60)
        process = subprocess.Popen(
            self.command("--data", "data", "--backbone", "tiny", "--out", "run", *FINE_TUNE, "--set", "train.epochs=5"),
            cwd=self.folder, env=self.environment(), stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
            preexec_fn=lambda: signal.signal(signal.SIGHUP, signal.SIG_DFL))
        metrics = self.folder / "run/metrics.jsonl"
        wait_until(lambda: metrics.exists() and metrics.stat().st_size > 0, process)
        for _ in range(2):  # a shell and the kernel each send one
            process.send_signal(signal.SIGHUP)
        message = process.communicate(timeout=60)[1]
        self.assertEqual(process.returncode, 129, message)
        self.assert_names(message, "SIGHUP", "terminal", "transfer --resume run")
        checkpoint = torch.jit.load(str(self.folder / "run/checkpoint.pt"))
        before = {key: getattr(checkpoint, name) for key, name in
                  (("total", "seconds_total"), ("extract", "seconds_extract"), ("train", "seconds"))}
        self.assertGreater(before["total"], before["extract"] + before["train"])
        start = time.monotonic()
        self.run_transfer("--resume", "run")
        wall = time.monotonic() - start
        after = self.summary()["seconds"]
        for key, seconds in before.items():
            self.assertGreater(after[key], seconds, key)
            self.assertLess(after[key], seconds + wall, key)
        self.assertGreaterEqual(after["total"], after["extract"] + after["train"])
        self.run_transfer("--resume", "run", "--set", "train.epochs=6")
        self.assertGreater(self.summary()["seconds"]["total"], after["total"])
        last = json.loads(metrics.read_text().splitlines()[-1])
        self.assertGreater(last["seconds"], after["train"])


def wait_until(condition, process):
    deadline = time.time() + 60
    while not condition() and process.poll() is None and time.time() < deadline:
        time.sleep(0.005)
