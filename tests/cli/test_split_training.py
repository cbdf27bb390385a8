"""Frozen first stages that run apart from the layers that train: what is stored, and that the result is the same."""

import shutil
import signal
import subprocess
import time

import torch

from tests.cli import test_fine_tune
from tests.cli.test_fine_tune import FineTuneCase, state_dict
from tests.cli.transfer_case import FIXTURES

PLAIN = ("--strategy", "fine-tune", "--augment", "none", "--set", "train.freeze_stages=1",
         "--set", "train.replicas=1")
FEW = ("--set", "train.epochs=3", "--set", "train.batch_size=5", "--set", "train.lr=0.001")
EXACT = ("--set", "cache.precision=float32")


class SplitTraining(FineTuneCase):
    def check_equal(self, first, second):
        self.assertEqual(self.lines(first), self.lines(second))
        name = "predictions_val.csv"
        self.assertEqual((self.folder / first / name).read_bytes(), (self.folder / second / name).read_bytes())
        one, other = (state_dict(self.folder / run / "model.pt") for run in (first, second))
        self.assertEqual(one.keys(), other.keys())
        for name, tensor in one.items():
            self.assertTrue(torch.equal(tensor, other[name]), name)

    def test_training_from_the_store_equals_training_without_it(self):
        self.make_data(splits=("train", "val", "test"), per_class=11)
        flags = (*PLAIN, *FEW, *EXACT, "--threads", "2")
        done = self.train(*flags, "--set", "train.batch_norm=train", out="stored")
        self.assertRegex(done.stderr, r"frozen.*\b12 x 16 x 16, float32")
        summary = self.summary("stored")
        self.assertEqual((summary["frozen_up_to"], summary["activations"]), ("trunk.blocks.0", "float32"))
        done = self.train(*flags, "--set", "train.batch_norm=train", "--set", "cache.activations=false", out="anew")
        self.assertRegex(done.stderr, r"frozen.*autograd")
        self.assertNotIn("activations", self.summary("anew"))
        self.check_equal("stored", "anew")
        before, after = state_dict(FIXTURES / "tiny.pt"), state_dict(self.folder / "stored/model.pt")
        for name in ("stem.0.weight", "stem.1.running_mean", "stem.1.num_batches_tracked", "blocks.0.0.weight",
                     "blocks.0.1.weight", "blocks.0.1.running_var"):
            self.assertTrue(torch.equal(before[name], after["trunk." + name]), name)
        for name in ("blocks.1.0.weight", "blocks.1.1.weight", "blocks.1.1.running_var"):
            self.assertFalse(torch.equal(before[name], after["trunk." + name]), name)
        code = torch.jit.load(str(self.folder / "stored/model.pt"))
        self.assertFalse([name for name in code._c._method_names() if name.startswith("transfer_")])

    def test_views_repeat_and_everything_else_at_once(self):
        self.make_data()
        flags = (*PLAIN, *FEW, *EXACT, "--augment", "standard", "--augment-views", "1", "--set", "train.ema=0.9",
                 "--set", "data.sampler=balanced", "--set", "train.accumulate=2", "--set", "train.clip_norm=1",
                 "--set", "train.batch_norm=folded", "--set", "cache.memory_mb=0")
        self.train(*flags, "--set", "cache.dir=store", out="stored")
        self.assertEqual(len(list((self.folder / "store").glob("*/*.features"))), 4, "two views, val, the head's start")
        self.train(*flags, "--set", "cache.activations=false", "--set", "cache.memory_mb=64", out="anew")
        self.check_equal("stored", "anew")
        again = self.train(*flags, "--set", "cache.dir=store", out="again")
        self.assertRegex(again.stderr, r"train: .*16 images.*\bstore/")
        self.check_equal("stored", "again")

    def test_fresh_images_are_not_stored(self):
        self.make_data()
        for out, flag in (("fresh", ("--augment", "standard")), ("mixed", ("--set", "augment.mixup=0.2"))):
            done = self.train(*PLAIN, *FEW, *flag, out=out)
            self.assertRegex(done.stderr, r"frozen.*autograd")
            self.assertEqual(self.summary(out)["frozen_up_to"], "trunk.blocks.0")

    def test_float16_is_taken_where_it_does_no_harm_and_written_down(self):
        self.make_data()
        self.train(*PLAIN, *FEW)
        self.assertEqual(self.summary()["activations"], "float16")
        self.assertIn("precision: float16", (self.folder / "run/config.yaml").read_text())
        self.run_transfer("--config", "run/config.yaml", "--out", "again")
        self.check_equal("run", "again")
        self.train(*PLAIN, *FEW, *EXACT, out="exact")
        for one, other in zip(self.lines("run"), self.lines("exact"), strict=True):
            self.assertAlmostEqual(one["val_loss"], other["val_loss"], delta=1e-2)
        self.assertNotEqual(self.lines("run"), self.lines("exact"))

    def test_no_epoch_reads_per_image(self):
        root = self.make_data()
        process = subprocess.Popen(
            self.command("--data", "data", "--backbone", "tiny", "--out", "run", *PLAIN, "--set", "train.epochs=60",
                         "--set", "train.patience=0", "--set", "train.checkpoint_epochs=0"),
            cwd=self.folder, env=self.environment(), stderr=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        deadline = time.time() + 60
        while not (self.folder / "run/checkpoint-best.pt").exists() and time.time() < deadline:
            time.sleep(0.002)
        shutil.rmtree(root)
        self.assertIsNone(process.poll(), "ended before the images could be removed")
        error = process.communicate(timeout=60)[1]
        self.assertEqual(process.returncode, 0, error)
        self.assertEqual(self.summary()["broken_images"], [])

    def test_broken_images_are_left_out_once(self):
        root = self.make_data()
        (root / "train/red/0.png").write_text("not an image")
        (root / "val/red/0.png").write_text("not an image")
        flags = (*PLAIN, *FEW, *EXACT, "--set", "data.max_broken=0.2")
        done = self.train(*flags)
        self.assertEqual(done.stderr.count("train/red/0.png"), 1)
        self.assertEqual(len(self.summary()["broken_images"]), 2)
        self.train(*flags, "--set", "cache.activations=false", out="anew")
        self.check_equal("run", "anew")
        self.assertIn("data.max_broken", self.message(self.train(*PLAIN, *FEW, out="b", expect=3)))

    def test_more_frozen_stages_than_there_are(self):
        self.make_data()
        self.refused("--data", "data", "--backbone", "tiny", "--strategy", "fine-tune", "--set",
                     "train.freeze_stages=3", "--out", "run", expect=2,
                     parts=["train.freeze_stages", "3", "2 stages", "blocks.0", "blocks.1", "0 to 2"])
        self.train(*PLAIN, *FEW, "--set", "train.freeze_stages=2", out="head")
        self.assertEqual(self.summary("head")["frozen_up_to"], "trunk.blocks.1")

    def test_a_network_that_cannot_be_split_runs_whole(self):
        self.make_data()
        done = self.train(*PLAIN, *FEW, "--set", "train.freeze_stages=2", "--backbone", "bypassed")
        self.assertEqual(len([line for line in done.stderr.splitlines() if "skip connection" in line]), 1, done.stderr)
        self.assertNotIn("frozen_up_to", self.summary())
        before, after = state_dict(FIXTURES / "bypassed.pt"), state_dict(self.folder / "run/model.pt")
        for name in ("stem.0.weight", "mix.weight", "blocks.0.1.running_mean"):
            self.assertTrue(torch.equal(before[name], after["trunk." + name]), name)


class Resume(test_fine_tune.StoppedRun):
    FLAGS = (*PLAIN, "--set", "train.epochs=20", "--set", "train.batch_size=3", "--set", "train.ema=0.9", "--set",
             "train.patience=0", "--set", "train.batch_norm=train", "--threads", "1")

    def test_from_the_store_after_sigterm_in_the_middle_of_an_epoch(self):
        self.make_data(per_class=60)
        error, status = self.stop(signal.SIGTERM, self.epochs_done(2))
        self.assertEqual(status, 143, error)
        self.check_resumed_equals_uninterrupted()
