"""Losses for one class per image beside cross-entropy: focal and logit-adjusted."""

import json

import torch

from tests.cli.transfer_case import TransferCase, hash_of, write_image

# The least red of a class; that of its images varies so that the classes overlap.
RED = {"common": 120, "rare": 104}


class Losses(TransferCase):
    def make_long_tail(self):
        """Two classes that overlap: 24 and 3 training images, 10 of each for validation."""
        for split, counts in (("train", {"common": 24, "rare": 3}), ("val", {"common": 10, "rare": 10})):
            for name, count in counts.items():
                for i in range(count):
                    write_image(self.folder / "data" / split / name / f"{i}.png", (RED[name] + 8 * (i * 7 % 6), 70, 90),
                                seed=hash_of(split, name, i))

    def rare_probabilities(self, run):
        return [float(row["p:rare"]) for row in self.read_csv(f"{run}/predictions_val.csv")]

    def test_logit_adjustment_makes_up_for_few_images_and_decays_by_cross_validation(self):
        self.make_long_tail()
        flags = ("--set", "train.calibrate=off")
        self.train(*flags, out="plain")
        adjusted = ("--set", "head.loss=logit_adjusted", *flags)
        self.train(*adjusted, out="adjusted")
        summary = self.summary("adjusted")
        self.assertEqual(summary["loss"], "logit_adjusted")
        self.assertEqual(summary["weight_decay_chosen_by"], "cross-validation")
        plain, more = self.rare_probabilities("plain"), self.rare_probabilities("adjusted")
        self.assertGreater(sum(more) / len(more), sum(plain) / len(plain) + 0.01)
        self.train(*adjusted, out="again")
        self.assertEqual((self.folder / "adjusted/predictions_val.csv").read_bytes(),
                         (self.folder / "again/predictions_val.csv").read_bytes())
        self.train(*adjusted, "--set", "head.logit_adjustment=0", out="nothing")
        for one, other in zip(plain, self.rare_probabilities("nothing")):
            self.assertAlmostEqual(one, other, places=4)

    def test_focal_models_are_read_as_classifiers(self):
        self.make_long_tail()
        self.train("--set", "head.loss=focal", "--set", "head.focal_gamma=1.5", "--set", "head.class_weights=auto")
        summary = self.summary()
        self.assertEqual(summary["loss"], "focal")
        extra = {"transfer.json": ""}
        torch.jit.load(str(self.folder / "run/model.pt"), _extra_files=extra)
        about = json.loads(extra["transfer.json"])
        self.assertEqual((about["format_version"], about["loss"], about["focal_gamma"]), (5, "focal", 1.5))
        done = self.run_transfer("evaluate", "--model", "run", "--data", "data", "--json")
        self.assertEqual(json.loads(done.stdout)["accuracy"], summary["val"]["accuracy"])
        self.train("--set", "head.loss=focal", "--set", "head.focal_gamma=0", "--set", "train.calibrate=off", out="zero")
        self.train("--set", "train.calibrate=off", out="plain")
        for one, other in zip(self.rare_probabilities("zero"), self.rare_probabilities("plain")):
            self.assertAlmostEqual(one, other, places=3)

    def test_layers_train_with_them_and_mixed_images(self):
        self.make_long_tail()
        for loss in ("focal", "logit_adjusted"):
            self.train("--strategy", "fine-tune", "--epochs", "2", "--set", f"head.loss={loss}", "--set", "augment.mixup=0.4",
                       out=loss)
            losses = [line["train_loss"] for line in self.metrics_lines(loss) if line["epoch"] > 0]
            self.assertEqual(len(losses), 2)
            self.assertTrue(all(0 < value < 10 for value in losses), losses)

    def test_what_does_not_go_together_is_refused_or_named(self):
        self.make_long_tail()
        given = ("--data", "data", "--backbone", "tiny", "--out", "run")
        for settings, parts in (
                (("task=regression", "head.loss=focal"), ("head.loss: focal", "mse, mae or huber")),
                (("head.loss=logit_adjusted", "head.class_weights=auto"), ("head.class_weights", "uneven", "=none")),
                (("head.loss=logit_adjusted", "data.sampler=balanced"), ("data.sampler", "uneven", "=shuffle")),
                (("head.loss=focal", "head.focal_gamma=-1"), ("head.focal_gamma", "-1", "0 to 20")),
                (("head.loss=focul",), ("head.loss", "focul", "'focal'"))):
            flags = [part for setting in settings for part in ("--set", setting)]
            self.refused(*given, *flags, expect=2, parts=parts)
        done = self.train("--set", "head.focal_gamma=1")
        self.assertTrue(self.warnings(done, "head.focal_gamma has no effect with the loss cross_entropy"), done.stderr)
