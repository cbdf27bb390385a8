"""train.l2_sp: weights stay near the pretrained ones, resumed and continued runs too, and what is refused."""

import signal

from tests.cli import test_fine_tune
from tests.cli.test_fine_tune import FIXTURES, FineTuneCase, state_dict

STRONG = ("--set", "train.l2_sp=20")


class L2Sp(FineTuneCase):
    FLAGS = ("--strategy", "fine-tune", "--set", "train.batch_size=5", "--set", "train.lr=0.002", "--set", "train.lr_decay=1",
             "--set", "train.ema=0", "--set", "train.weight_decay=0", "--set", "train.schedule=constant", "--set",
             "train.patience=0", "--set", "head.start=random", "--threads", "1")

    def distance(self, out):
        """Of the trained backbone from the pretrained one."""
        before, after = state_dict(FIXTURES / "tiny.pt"), state_dict(self.folder / out / "model-last.pt")
        return sum((after["trunk." + name] - tensor).square().sum().item() for name, tensor in before.items()
                   if not name.startswith("classifier.") and "running_" not in name and "num_batches" not in name) ** 0.5

    def test_the_penalty_keeps_the_weights_near_the_pretrained_ones(self):
        self.make_data()
        distances = []
        for out, strength in (("free", 0), ("held", 1), ("tight", 20)):
            self.train(*self.FLAGS, "--epochs", "4", "--set", f"train.l2_sp={strength}", out=out)
            distances.append(self.distance(out))
        self.assertGreater(distances[0], 1.3 * distances[1])
        self.assertGreater(distances[1], 2 * distances[2])
        self.assertGreater(distances[2], 0)
        self.assertIn("l2_sp: 20", (self.folder / "tight/config.yaml").read_text())

    def test_a_run_that_goes_on_is_still_held_at_the_pretrained_weights(self):
        self.make_data()
        self.train(*self.FLAGS, "--epochs", "4")
        moved = self.distance("run")
        config = self.folder / "run/config.yaml"
        config.write_text(config.read_text().replace("l2_sp: 0", "l2_sp: 20"))
        self.assertIn("l2_sp: 20", config.read_text())
        self.run_transfer("--resume", "run", "--epochs", "12")
        self.assertLess(self.distance("run"), moved / 2, "held at the weights of model.pt it could not come back")

    def test_with_random_weights_it_is_refused(self):
        self.make_data()
        self.refused("--data", "data", "--backbone", "tiny", "--strategy", "retrain", "--from-scratch", *STRONG, "--out", "run",
                     expect=2, parts=["train.l2_sp: 20", "train.from_scratch", "train.l2_sp=0"])
        done = self.train(*STRONG)
        self.assertTrue(self.warnings(done, "train.l2_sp", "freeze-conv"), done.stderr)


class Resume(test_fine_tune.StoppedRun):
    FLAGS = (*test_fine_tune.StoppedRun.FLAGS, "--set", "train.l2_sp=0.5", "--set", "train.accumulate=2")

    def test_after_sigterm_in_the_middle_of_an_epoch(self):
        self.make_data(per_class=60)
        error, status = self.stop(signal.SIGTERM, self.epochs_done(1))
        self.assertEqual(status, 143, error)
        self.check_resumed_equals_uninterrupted()
