"""Copies of the network that train side by side: the same result, the same number when repeated, and when refused."""

import re
import signal

import torch

from tests.cli import test_fine_tune
from tests.cli.test_fine_tune import FineTuneCase, state_dict

FLAGS = ("--strategy", "fine-tune", "--set", "train.epochs=3", "--set", "train.batch_size=5", "--set", "train.lr=0.001",
         "--threads", "2")


class Replicas(FineTuneCase):
    def number_written(self, out="run"):
        return int(re.search(r"replicas: (\S+)", (self.folder / out / "config.yaml").read_text()).group(1))

    def test_two_copies_twice_give_the_same_bits_and_one_copy_nearly_the_same(self):
        self.make_data()
        more = ("--set", "train.accumulate=2", "--set", "augment.mixup=0.2", "--backbone", "steady")
        for out, number in (("two", 2), ("again", 2), ("one", 1)):
            self.train(*FLAGS, *more, "--set", f"train.replicas={number}", out=out)
        self.assertEqual(self.summary("two")["replicas"], 2)
        self.assertEqual(self.lines("two"), self.lines("again"))
        for two, one in zip(self.lines("two"), self.lines("one"), strict=True):
            self.assertAlmostEqual(two["val_loss"], one["val_loss"], delta=1e-4)
        two, again = state_dict(self.folder / "two/model.pt"), state_dict(self.folder / "again/model.pt")
        for name, tensor in two.items():
            self.assertTrue(torch.equal(tensor, again[name]), name)

    def test_auto_tries_both_and_writes_down_what_it_took(self):
        self.make_data(per_class=20)
        done = self.train(*FLAGS)
        found = re.search(r"replicas: (\d)\b.* [\d.]+ s .*[\d.]+ s .*2 copies", done.stderr)
        self.assertIsNotNone(found, done.stderr)
        self.assertEqual(self.number_written(), int(found.group(1)))
        again = self.run_transfer("--config", "run/config.yaml", "--out", "again")
        self.assertNotIn("replicas: ", again.stderr)
        self.assertEqual(self.lines("run"), self.lines("again"))

    def test_auto_takes_one_without_a_trial_where_statistics_move_or_steps_are_few(self):
        self.make_data()
        for out, flag in (("few", ()), ("moving", ("--set", "train.batch_norm=train", "--set", "train.epochs=6"))):
            done = self.train(*FLAGS, *flag, out=out)
            self.assertNotIn("replicas: ", done.stderr)
            self.assertEqual(self.number_written(out), 1)

    def test_several_copies_with_moving_statistics_are_refused(self):
        self.make_data()
        self.refused("--data", "data", "--backbone", "tiny", *FLAGS, "--set", "train.replicas=2", "--set",
                     "train.batch_norm=train", "--out", "run", expect=2,
                     parts=["train.replicas", "2", "train.batch_norm"])


class Resume(test_fine_tune.StoppedRun):
    FLAGS = ("--strategy", "fine-tune", "--set", "train.epochs=4", "--set", "train.batch_size=3", "--set",
             "train.replicas=2", "--threads", "2")

    def test_with_two_copies(self):
        self.make_data(per_class=60)
        error, status = self.stop(signal.SIGTERM, self.epochs_done(1))
        self.assertEqual(status, 143, error)
        self.check_resumed_equals_uninterrupted()
