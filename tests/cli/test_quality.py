"""--quality and --time-limit as a plan: what is tried, what is left out, what config.yaml repeats."""

import json
import shutil
import unittest

from tests.cli.transfer_case import FIXTURES, TransferCase


class QualityCase(TransferCase):
    def environment(self):
        return {**super().environment(), "TRANSFER_MODELS": str(FIXTURES / "exported")}

    def plan(self, *flags, out="run", **options):
        return self.run_transfer("--data", "data", "--backbone", "tiny", "--threads", "1", "--output", out,
                                 "--set", "report.html=false", *flags, **options)

    def plan_with_default_backbone(self, *flags, out="run", **options):
        """`backbone` is left open, so that other backbones are tried."""
        models = self.folder / "models"
        if not models.exists():
            shutil.copytree(FIXTURES / "exported", models)
            (models / "tiny.pt").rename(models / "efficientnet-lite0.pt")
        self.environment = lambda: {**super(QualityCase, self).environment(), "TRANSFER_MODELS": str(models)}
        return self.run_transfer("--data", "data", "--threads", "1", "--output", out, "--set", "report.html=false",
                                 *flags, **options)

    def candidates(self, done):
        return [line.split(": ")[1] for line in done.stderr.splitlines() if line.startswith("candidate: ")]


class Plans(QualityCase):
    def test_fast_looks_at_the_images_once(self):
        self.make_data()
        done = self.plan("--quality", "fast")
        self.assertEqual(self.candidates(done), ["tiny"])
        self.assertIn(self.summary()["strategy"], ("freeze-conv", "early-features", "all-features"))
        config = (self.folder / "run/config.yaml").read_text()
        self.assertIn("quality: none\n", config)
        self.assertIn(f"strategy: {self.summary()['strategy']}\n", config)

    def test_balanced_tries_ways_to_fit_an_image(self):
        self.make_data()
        done = self.plan("--quality", "balanced")
        self.assertEqual(self.candidates(done)[:3], ["tiny", "tiny, stretch", "tiny, pad"])
        # The images of 48 x 40 pixels have detail for more than 32.
        self.assertEqual([one.split(",")[0] for one in self.candidates(done)[3:]], ["tiny at 48 pixels"])
        self.assertFalse((self.folder / "run/plan-features").exists())
        given = self.plan("--quality", "balanced", "--set", "data.resize=pad", "--image-size", "40", out="given")
        self.assertEqual(self.candidates(given), ["tiny"])
        self.assertIn("  input_size: 40\n", (self.folder / "given/config.yaml").read_text())
        self.assertIn("  resize: pad\n", (self.folder / "given/config.yaml").read_text())

    def test_best_tries_other_backbones_and_its_run_can_be_repeated(self):
        self.make_data(per_class=12)
        done = self.plan_with_default_backbone("--quality", "best")
        tried = self.candidates(done)
        self.assertEqual(tried[0], "efficientnet-lite0")
        self.assertTrue(any(one.startswith("tiny_larger") for one in tried), tried)
        self.plan_with_default_backbone("--config", "run/config.yaml", out="again")
        for name in ("model.pt", "predictions_val.csv"):
            self.assertEqual((self.folder / "run" / name).read_bytes(), (self.folder / "again" / name).read_bytes(), name)

    def test_a_given_backbone_is_the_only_one(self):
        self.make_data()
        done = self.plan("--quality", "best")
        self.assertFalse(any(one.startswith("tiny_larger") for one in self.candidates(done)))

    def test_numbers_and_labels(self):
        self.make_data()
        lines = ["path,weight"]
        for path in sorted((self.folder / "data/train").glob("*/*.png")):
            lines.append(f"{path},{len(lines) % 5}")
        (self.folder / "numbers.csv").write_text("\n".join(lines) + "\n")
        self.run_transfer("--data", "numbers.csv", "--task", "regression", "--backbone", "tiny", "--quality", "best",
                          "--output", "numbers", "--set", "report.html=false")
        self.assertIn("r2", self.summary("numbers")["val"])


class Members(QualityCase):
    MEMBERS = "members=['strategy=freeze-conv', 'strategy=early-features; backbone=tiny_larger; cut=blocks.0']"

    def test_they_answer_together(self):
        self.make_data()
        done = self.plan("--set", self.MEMBERS)
        summary = self.summary()
        self.assertEqual(summary["strategy"], "ensemble")
        self.assertEqual([one["backbone"] for one in summary["members"]], ["tiny", "tiny_larger"])
        self.assertEqual([one["input_size"] for one in summary["members"]], [[32, 32], [48, 48]])
        self.assertIn("member members/2: tiny_larger at 48x48, early-features", done.stdout)
        text = self.run_transfer("evaluate", "--model", "run", "--data", "data", "--json").stdout
        self.assertAlmostEqual(json.loads(text)["loss"], summary["val"]["loss"], places=5)
        self.assertIn("ensemble", self.run_transfer("runs", ".").stdout)
        self.run_transfer("predict", "--model", "run", "data/val/red/0.png")
        again = self.plan("--config", "run/config.yaml", out="again")
        self.assertEqual((self.folder / "run/model.pt").read_bytes(), (self.folder / "again/model.pt").read_bytes())
        self.assertEqual(again.returncode, 0)
        done = self.run_transfer("--resume", "run", expect=2)
        self.assert_names(self.message(done), "joins 2 models", "nothing to resume")

    def test_overwriting_leaves_no_member_of_before(self):
        self.make_data()
        self.plan("--set", self.MEMBERS)
        (self.folder / "run/plan-features/left").mkdir(parents=True)  # by a plan that was killed
        self.plan("--set", "members=['strategy=freeze-conv']", "--overwrite")
        self.assertFalse((self.folder / "run/plan-features").exists())
        self.assertEqual([path.name for path in (self.folder / "run/members").iterdir()], ["1"])
        self.train("--overwrite")
        self.assertFalse((self.folder / "run/members").exists())

    def test_a_member_that_fails_leaves_nothing(self):
        self.make_data()
        self.refused("--data", "data", "--backbone", "tiny", "--output", "run", "--set",
                     "members=['strategy=freeze-conv', 'strategy=early-features; cut=nowhere']", expect=4,
                     parts=("nowhere",))

    def test_wrong_ones_are_refused(self):
        self.make_data()
        for member, parts in (("seed=1", ("members", "seed=1", "strategy")), ("strategy=freeze-cov", ("freeze-conv",)),
                              ("strategy=freeze-conv; sed=1", ("sed", "seed")),
                              ("strategy=freeze-conv; data.path=x", ("data.path", "whole run")),
                              ("strategy=freeze-conv; head.loss=binary_cross_entropy", ("head.loss", "whole run")),
                              ("strategy=fine-tune", ("train.optimizer", "no preset"))):
            self.refused("--data", "data", "--backbone", "tiny", "--output", "run", "--set", f"members=['{member}']",
                         expect=2, parts=parts)


    def test_all_are_checked_before_the_first_is_trained(self):
        self.make_data()
        members = "members=['strategy=freeze-conv', 'strategy=freeze-conv; backbone=nope']"
        for dry in ((), ("--dry-run",)):
            done = self.refused("--data", "data", "--backbone", "tiny", "--output", "run", "--set", members, *dry, expect=4,
                                parts=("nope", "members"))
            self.assertNotIn("member 1", done.stderr)
        self.refused("--data", "data", "--backbone", "tiny", "--output", "run", "--set",
                     "members=['strategy=freeze-conv', 'strategy=freeze-conv']", expect=2, parts=("2 times",))

    def test_a_folder_of_runs_leaves_them_out(self):
        self.make_data()
        self.plan("--set", self.MEMBERS, out="runs/joined")
        self.plan(out="runs/one")
        done = self.run_transfer("ensemble", "runs", "--output", "all.pt")
        self.assertIn("runs/joined: joins several models already", done.stderr)
        self.assertNotIn("runs/joined", done.stdout)


class TimeLimits(QualityCase):
    def test_one_too_short_for_a_pass_is_refused(self):
        self.make_data()
        self.refused("--data", "data", "--backbone", "tiny", "--output", "run", "--quality", "best", "--time-limit",
                     "0.01s", expect=2, parts=("train.time_limit", "too short", "32 images", "at least"))
        self.refused("--data", "data", "--backbone", "tiny", "--output", "run", "--strategy", "auto", "--time-limit",
                     "0.01s", expect=2, parts=("train.time_limit", "too short"))

    def test_what_does_not_fit_is_named(self):
        self.make_data()
        done = self.plan("--quality", "balanced", "--time-limit", "5s")
        left_out = [line for line in done.stderr.splitlines() if line.startswith("left out: ")]
        self.assertEqual(len(left_out) + len(self.candidates(done)), 4, done.stderr)
        self.assertTrue(all("are left" in line for line in left_out), left_out)
        self.assertIn("  time_limit: 0\n", (self.folder / "run/config.yaml").read_text())

    def test_a_strategy_beside_a_plan_is_refused(self):
        self.make_data()
        self.refused("--data", "data", "--output", "run", "--quality", "best", "--strategy", "fine-tune", expect=2,
                     parts=("quality: best", "strategy: fine-tune"))


class StoppedByTheClock(QualityCase):
    FINE_TUNE = ("--strategy", "fine-tune", "--batch-size", "4", "--patience", "0", "--set", "train.warmup_epochs=0")

    def test_config_yaml_repeats_the_run_without_a_clock(self):
        self.make_data()
        self.plan(*self.FINE_TUNE, "--epochs", "100000", "--time-limit", "4s")
        config = (self.folder / "run/config.yaml").read_text()
        self.assertIn("  time_limit: 0\n", config)
        self.assertRegex(config, r"  stop_batch: [1-9]\d*\n")
        self.plan("--config", "run/config.yaml", out="again")
        self.assertEqual(self.summary("again")["ended_by"], "time_limit")
        for name in ("model.pt", "predictions_val.csv"):
            self.assertEqual((self.folder / "run" / name).read_bytes(), (self.folder / "again" / name).read_bytes(), name)

    def test_a_resumed_run_goes_on_behind_the_batch(self):
        self.make_data()
        self.plan(*self.FINE_TUNE, "--epochs", "3", "--time-limit", "0.001")
        self.assertIn("  stop_batch: 1\n", (self.folder / "run/config.yaml").read_text())
        self.run_transfer("--resume", "run", "--threads", "1")
        self.assertEqual(self.summary()["ended_by"], "epochs")
        self.assertIn("  stop_batch: 0\n", (self.folder / "run/config.yaml").read_text())


if __name__ == "__main__":
    unittest.main()
