"""What the tests of several processes share: starting the binary by mpirun, and being skipped where that cannot be."""

import os
import random
import shutil
import subprocess
import unittest

from PIL import Image

from tests.cli.test_fine_tune import FineTuneCase

HAS_MPI = os.environ.get("TRANSFER_HAS_MPI", "OFF") == "ON"
MPIRUN = shutil.which("mpirun")
# Processes share this machine's few cores, and talk through memory.
MPIRUN_FLAGS = ("--oversubscribe", "--bind-to", "none", "--mca", "btl", "self,vader")


def why_skipped():
    if not HAS_MPI:
        return "transfer was built without MPI (libopenmpi-dev)"
    return None if MPIRUN else "there is no mpirun (openmpi-bin)"


class MpiCase(FineTuneCase):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        reason = why_skipped()
        if reason:
            print(f"SKIPPED: {reason}", flush=True)
            raise unittest.SkipTest(reason)

    def environment(self):
        return {**super().environment(), "OMPI_ALLOW_RUN_AS_ROOT": "1", "OMPI_ALLOW_RUN_AS_ROOT_CONFIRM": "1"}

    def mpirun(self, processes, *arguments):
        return [MPIRUN, *MPIRUN_FLAGS, "-n", str(processes), *self.command(*arguments)]

    def run_mpi(self, processes, *arguments, expect=0):
        done = subprocess.run(self.mpirun(processes, *arguments), cwd=self.folder, env=self.environment(), text=True,
                              stdout=subprocess.PIPE, stderr=subprocess.PIPE, timeout=120)
        if expect is not None:
            self.assertEqual(done.returncode, expect, f"{arguments}\n{done.stdout}\n{done.stderr}")
        return done

    def train_mpi(self, processes, *arguments, out="run", backbone="steady", **options):
        return self.run_mpi(processes, "--data", "data", "--backbone", backbone, "--out", out, *arguments, **options)

    def make_small_data(self, per_class, splits=("train", "val")):
        """Many images of few pixels in two classes; the colour gives the class."""
        generator = random.Random(5)
        for split in splits:
            for name, colour in (("red", (150, 110, 110)), ("blue", (110, 110, 150))):
                folder = self.folder / "data" / split / name
                folder.mkdir(parents=True)
                for i in range(per_class):
                    noise = bytes(generator.randrange(-60, 61) % 256 for _ in range(12 * 10 * 3))
                    pixels = bytes((value + colour[k % 3]) % 256 for k, value in enumerate(noise))
                    Image.frombytes("RGB", (12, 10), pixels).save(folder / f"{i}.png")

    def assert_same_curve(self, out, reference, delta=1e-4):
        ours, theirs = self.lines(out), self.lines(reference)
        self.assertEqual([line["epoch"] for line in ours], [line["epoch"] for line in theirs])
        for one, other in zip(ours, theirs, strict=True):
            self.assertAlmostEqual(one["train_loss"], other["train_loss"], delta=delta)
            self.assertAlmostEqual(one["val_loss"], other["val_loss"], delta=delta)
            self.assertEqual(one["learning_rate"], other["learning_rate"])
