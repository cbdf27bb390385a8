"""`--teacher`: a network that learns from the probabilities of a trained model beside the classes."""

import json
import shutil
import signal
import unittest

from tests.cli import test_fine_tune
from tests.cli.transfer_case import FIXTURES, TransferCase

try:
    import numpy
    import torch
    from PIL import Image
except ImportError:
    torch = None

QUIET = ("--set", "report.html=false", "--set", "report.pictures=false", "--threads", "1")
# The student's outputs are those of its start, so that Python can say what the loss must be.
STILL = ("--strategy", "fine-tune", "--epochs", "1", "--lr", "1e-12", "--set", "head.start=random", "--set",
         "train.warmup_epochs=0", "--set", "train.freeze_epochs=0", "--set", "head.label_smoothing=0", *QUIET)
TAUGHT = ("--strategy", "fine-tune", "--epochs", "2", "--augment", "none", *QUIET)


class DistillationCase(TransferCase):
    def student(self, *flags, out="run", backbone="steady", **options):
        return self.run_transfer("--data", "data", "--backbone", backbone, "--out", out, *flags, **options)

    def make_teacher(self):
        """teacher.pt, an ensemble of two models for images of 32 and 48 pixels."""
        self.train(*QUIET, out="one")
        self.train(*QUIET, "--set", "data.input_size=48", out="two")
        self.run_transfer("ensemble", "one", "two", "--output", "teacher.pt")


class Distillation(DistillationCase):
    def setUp(self):
        super().setUp()
        self.make_data(classes=("red", "blue", "green"))
        self.make_teacher()

    def outputs(self, model, split="train"):
        """The logits of a model file for the split's images, by plain Python."""
        module = torch.jit.load(str(self.folder / model))
        files = sorted((self.folder / "data" / split).glob("*/*.png"))
        rows = [module(module.preprocess(torch.from_numpy(numpy.array(Image.open(file).convert("RGB"))))) for file in files]
        return torch.cat(rows).detach(), torch.tensor([["blue", "green", "red"].index(file.parent.name) for file in files])

    def expected_loss(self, student, teacher, share, temperature):
        (logits, labels), (answers, _) = self.outputs(student), self.outputs(teacher)
        parts = torch.nn.functional.kl_div((logits / temperature).log_softmax(1), (answers / temperature).softmax(1),
                                           reduction="batchmean")
        return float((1 - share) * torch.nn.functional.cross_entropy(logits, labels) + share * temperature ** 2 * parts)

    @unittest.skipIf(torch is None, "no torch in Python")
    def test_the_loss_is_hintons_and_the_teacher_sees_its_own_pixels(self):
        for share, temperature in ((1, 2), (0.3, 5)):
            self.student(*STILL, "--augment", "none", "--teacher", "teacher.pt", "--set", f"train.teacher_weight={share}",
                         "--set", f"train.teacher_temperature={temperature}", "--overwrite")
            found = self.metrics_lines()[-1]["train_loss"]
            self.assertAlmostEqual(found, self.expected_loss("run/model-last.pt", "teacher.pt", share, temperature), delta=2e-3)
        # Another order of classes, and a run directory as the teacher, whose temperature counts.
        self.make_data(root="turned", classes=("red", "blue", "green"))
        self.run_transfer("--data", "turned", "--backbone", "tiny", "--calibrate", "on", *QUIET, "--out", "three")
        self.student(*STILL, "--augment", "none", "--teacher", "three", "--set", "train.teacher_weight=1", out="by-run")
        summary = self.summary("by-run")
        self.assertEqual(summary["teacher"]["path"], "three")
        self.assertEqual(len(summary["teacher"]["sha256"]), 64)
        self.assertEqual((summary["teacher"]["weight"], summary["teacher"]["temperature"]), (1, 2))

    def test_augmented_and_mixed_images_are_taught_too(self):
        plain = ("--teacher", "teacher.pt", "--set", "train.teacher_weight=1")
        for name, flags in (("augmented", ("--augment", "standard")), ("mixed", ("--augment", "none", "--set", "augment.mixup=0.4", "--set", "augment.cutmix=1")),
                            ("views", ("--augment", "light", "--augment-views", "1")),
                            ("replicas", ("--augment", "standard", "--set", "train.replicas=2", "--threads", "2")),
                            ("frozen", ("--augment", "none", "--set", "train.freeze_stages=1"))):
            with self.subTest(name):
                flags = ("--strategy", "fine-tune", "--epochs", "2", *QUIET, *flags, *plain)
                self.student(*flags, out=name)
                self.student(*flags, out=name + "-again")
                losses = [line["train_loss"] for line in self.metrics_lines(name) if line["epoch"] > 0]
                self.assertEqual(losses, [line["train_loss"] for line in self.metrics_lines(name + "-again") if line["epoch"] > 0])
                self.assertTrue(all(0 < loss < 20 for loss in losses), losses)
                self.assertEqual(*((self.folder / run / "predictions_val.csv").read_bytes() for run in (name, name + "-again")))

    def test_a_student_comes_near_its_teacher_and_config_yaml_repeats_the_run(self):
        flags = ("--strategy", "fine-tune", "--epochs", "15", "--lr", "0.01", "--augment", "none", "--set", "head.start=random",
                 "--set", "train.patience=0", "--set", "train.batch_size=6", "--set", "train.ema=0", *QUIET)
        self.student(*flags, out="alone")
        self.student(*flags, "--teacher", "teacher.pt", "--set", "train.teacher_weight=1", out="taught")
        if torch is not None:
            alone, taught = (self.expected_loss(f"{out}/model-last.pt", "teacher.pt", 1, 2) for out in ("alone", "taught"))
            self.assertLess(taught, 0.1 * alone)
        self.run_transfer("--config", "taught/config.yaml", "--out", "again", "--threads", "1")
        for name in ("metrics.jsonl", "predictions_val.csv"):
            one, other = ((self.folder / run / name).read_bytes() for run in ("taught", "again"))
            if name == "metrics.jsonl":
                one, other = ([{k: v for k, v in json.loads(line).items() if k != "seconds"} for line in text.splitlines()] for text in (one, other))
            self.assertEqual(one, other)
        done = self.run_transfer("--config", "taught/config.yaml", "--out", "x", "--dry-run", "--json")
        self.assertIn("teacher.pt", json.loads(done.stdout)["teacher"])
        self.assert_names(done.stderr, "teacher: teacher.pt", "ensemble of tiny", "48x48")

    def test_a_soup_of_taught_runs_needs_no_teacher(self):
        for seed in (0, 1):
            self.student(*TAUGHT, "--teacher", "teacher.pt", "--set", "train.teacher_weight=0.9", "--seed", seed, out=f"runs/{seed}")
        (self.folder / "teacher.pt").unlink()
        done = self.run_transfer("soup", "runs/0", "runs/1", "--threads", "1", "--method", "uniform", "--output", "soup.pt")
        self.assertEqual(self.warnings(done, "train.teacher"), [])

    def test_a_batch_varies_the_teacher(self):
        (self.folder / "jobs.yaml").write_text(
            "defaults: {strategy: fine-tune, backbone: tiny, data: {path: data}, train: {epochs: 1}, augment: {preset: none},\n"
            "  report: {html: false, pictures: false}}\n"
            "jobs: [{name: student, matrix: {train: {teacher: [one, teacher.pt]}}}]\n")
        self.run_transfer("batch", "jobs.yaml", "--out", "jobs", "--jobs", "1")
        summaries = [json.loads(path.read_text()) for path in self.folder.glob("jobs/*/summary.json")]
        self.assertEqual(sorted(summary["teacher"]["path"] for summary in summaries), ["one", "teacher.pt"])
        (self.folder / "bad.yaml").write_text("jobs: [{name: a, strategy: fine-tune, data: {path: data}, backbone: tiny, "
                                              "train: {teacher: absent.pt}}]\n")
        done = self.run_transfer("batch", "bad.yaml", "--out", "bad", expect=4)
        self.assert_names(self.message(done), "job a", "absent.pt", "no such")


class Refusals(DistillationCase):
    def setUp(self):
        super().setUp()
        self.make_data()
        self.train(*QUIET, out="models/teacher")

    def refuse(self, *flags, expect=2, parts, strategy="fine-tune", data="data"):
        for more in ((), ("--dry-run",)):
            done = self.run_transfer("--data", data, "--backbone", "tiny", "--strategy", strategy, "--out", "run", *flags, *more,
                                     expect=expect)
            self.assert_names(self.message(done), *parts)
            self.assertFalse((self.folder / "run").exists(), "a refused run leaves its directory")

    def test_what_is_no_teacher(self):
        self.refuse("--teacher", "absent.pt", expect=4, parts=("absent.pt", "no such"))
        self.refuse("--teacher", FIXTURES / "tiny.pt", expect=4, parts=("tiny.pt", "class names", "model.pt"))
        self.refuse("--teacher", "data", expect=4, parts=("data", "model.pt"))
        self.make_data(root="other", classes=("red", "green"))
        self.run_transfer("--data", "other", "--backbone", "tiny", *QUIET, "--out", "models/other")
        self.refuse("--teacher", "models/other", parts=("train.teacher", "models/other/model.pt", "'blue'", "same classes"))
        self.make_data(root="more", classes=("red", "blue", "green"))
        self.run_transfer("--data", "more", "--backbone", "tiny", *QUIET, "--out", "models/more")
        self.refuse("--teacher", "models/more", parts=("3 classes", "the 2 of data", "'green'"))
        shutil.copytree(self.folder / "models/teacher", self.folder / "models/running")
        (self.folder / "models/running/summary.json").unlink()
        for path in ("models/running", "models/running/model.pt"):
            self.refuse("--teacher", path, parts=(path, "not finished", "--resume models/running"))
        text = (self.folder / "models/teacher/model.pt").read_bytes()
        (self.folder / "half.pt").write_bytes(text[:len(text) // 2])
        self.refuse("--teacher", "half.pt", expect=4, parts=("half.pt",))

    def test_a_teacher_in_the_folder_that_the_run_overwrites(self):
        before = (self.folder / "models/teacher/model.pt").read_bytes()
        (self.folder / "link").symlink_to("models")
        for output in ("models/teacher", "link/teacher"):
            done = self.run_transfer("--data", "data", "--backbone", "tiny", "--strategy", "fine-tune", "--teacher",
                                     "models/teacher", "--output", output, "--overwrite", expect=2)
            self.assert_names(self.message(done), "models/teacher/model.pt", "--output", output, "overwrite")
        self.assertEqual((self.folder / "models/teacher/model.pt").read_bytes(), before)

    def test_models_of_other_targets_and_images(self):
        files = sorted((self.folder / "data").glob("*/*/*.png"))
        rows = [f"{path},{path.parts[-3]},{path.parts[-2]}" for path in files]
        (self.folder / "labels.csv").write_text("\n".join(["path,split,label", *rows]) + "\n")
        self.run_transfer("--data", "labels.csv", "--backbone", "tiny", "--set", "head.loss=binary_cross_entropy", *QUIET,
                          "--out", "models/labels")
        self.refuse("--teacher", "models/labels", parts=("models/labels/model.pt", "labels", "one class per image"))
        self.refuse("--teacher", "models/teacher", "--set", "data.sample_range=[0, 1000]",
                    parts=("models/teacher/model.pt", "sample values", "0 to 1000", "data.sample_range"))

    def test_losses_and_strategies_that_take_none(self):
        teacher = ("--teacher", "models/teacher")
        for loss in ("focal", "logit_adjusted", "binary_cross_entropy"):
            self.refuse(*teacher, "--set", f"head.loss={loss}", parts=("train.teacher", f"head.loss: {loss}", "cross_entropy"))
        self.refuse(*teacher, "--task", "regression", parts=("train.teacher", "head.loss: mse", "cross_entropy"))
        for strategy in ("freeze-conv", "early-features", "all-features", "auto"):
            self.refuse(*teacher, strategy=strategy, parts=("train.teacher", f"strategy {strategy}", "fine-tune or retrain"))
        self.refuse(*teacher, "--set", "train.teacher_weight=1.5", parts=("train.teacher_weight", "0 to 1"))
        self.refuse(*teacher, "--set", "train.teacher_temperature=0", parts=("train.teacher_temperature", "0.1 to 100"))

    def test_weights_without_a_teacher_are_named(self):
        done = self.student(*TAUGHT, "--set", "train.teacher_weight=0.9")
        self.assertTrue(self.warnings(done, "train.teacher_weight", "train.teacher=MODEL"), done.stderr)


class Resume(test_fine_tune.StoppedRun):
    FLAGS = ("--strategy", "fine-tune", "--set", "train.epochs=4", "--set", "train.batch_size=3", "--augment", "light", "--set",
             "augment.mixup=0.2", "--threads", "1", "--teacher", "teacher")

    def stop_a_run(self):
        self.make_data(per_class=40)
        self.train(*QUIET, out="teacher")
        error, status = self.stop(signal.SIGTERM, self.epochs_done(1))
        self.assertEqual(status, 143, error)

    def test_a_resumed_run_equals_an_uninterrupted_one(self):
        self.stop_a_run()
        self.check_resumed_equals_uninterrupted()
        self.assertEqual(self.summary("run")["teacher"], self.summary("whole")["teacher"])

    def test_another_teacher_is_refused(self):
        self.stop_a_run()
        self.train(*QUIET, "--set", "head.weight_decay=0.5", "--overwrite", out="teacher")
        done = self.run_transfer("--resume", "run", expect=3)
        self.assert_names(self.message(done), "train.teacher", "teacher", "SHA-256", "changed")
        config = self.folder / "run/config.yaml"
        text = config.read_text()
        self.assertIn("  teacher: teacher\n", text)
        config.write_text(text.replace("  teacher: teacher\n", "  teacher: \"\"\n"))
        self.assert_names(self.message(self.run_transfer("--resume", "run", expect=3)), "train.teacher", "no teacher")


if __name__ == "__main__":
    unittest.main()
