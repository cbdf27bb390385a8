"""Strategies that train the network itself, early-features, and resuming a stopped run."""

import csv
import json
import random
import re
import shlex
import shutil
import signal
import subprocess
import time
import zipfile

import torch
from PIL import Image

from tests.cli.transfer_case import FIXTURES, TransferCase


def state_dict(path):
    return torch.jit.load(str(path)).state_dict()


def name_a_gpu(file):
    """Makes a file of tensors say that they lay on a GPU, as one that was written there does. Returns whether it could."""
    on_cpu, on_gpu = (b"X" + len(name).to_bytes(4, "little") + name for name in (b"cpu", b"cuda:0"))
    with zipfile.ZipFile(file) as archive:
        records = {name: archive.read(name) for name in archive.namelist()}
    with zipfile.ZipFile(file, "w", zipfile.ZIP_STORED) as archive:
        for name, content in records.items():
            archive.writestr(name, content.replace(on_cpu, on_gpu) if name.endswith(".pkl") else content)
    return any(on_cpu in content for name, content in records.items() if name.endswith(".pkl"))


class FineTuneCase(TransferCase):
    FLAGS = ("--strategy", "fine-tune", "--set", "train.epochs=3", "--set", "train.batch_size=5",
             "--set", "train.lr=0.001")

    def lines(self, out="run"):
        """metrics.jsonl without the times."""
        text = (self.folder / out / "metrics.jsonl").read_text()
        return [{k: v for k, v in json.loads(line).items() if k != "seconds"} for line in text.splitlines()]

    def results(self, out="run"):
        """results.csv without the times."""
        with open(self.folder / out / "results.csv", newline="") as file:
            return [{k: v for k, v in row.items() if k != "seconds"} for row in csv.DictReader(file)]


class FineTune(FineTuneCase):
    def test_a_run_learns_moves_every_layer_and_leaves_one_file(self):
        self.make_data(splits=("train", "val", "test"), per_class=11)
        done = self.train(*self.FLAGS, "--set", "train.epochs=8", "--set", "train.lr=0.003", "--set",
                          "train.patience=0")
        self.assertRegex(done.stderr, r"epoch 8: .*loss")
        summary = self.summary()
        self.assertEqual(summary["strategy"], "fine-tune")
        self.assertGreaterEqual(summary["val"]["accuracy"], 0.9)
        self.assertGreaterEqual(summary["test"]["accuracy"], 0.9)
        self.assertEqual(
            sorted(path.name for path in (self.folder / "run").iterdir()),
            ["config.yaml", "confusion_matrix.png", "curves.png", "data.json", "metrics.jsonl", "model-last.pt", "model.pt",
             "predictions_test.csv", "predictions_val.csv", "report.html", "results.csv", "summary.json", "val_batch.png",
             "worst_mistakes.png"],
        )
        self.assertEqual([line["epoch"] for line in self.lines()], list(range(summary["epochs"] + 1)))
        self.assertIsNone(self.lines()[0]["train_loss"], "nothing was trained before epoch 1")
        before, after = state_dict(FIXTURES / "tiny.pt"), state_dict(self.folder / "run/model.pt")
        for name, tensor in before.items():
            if name.startswith("classifier.") or name.endswith("num_batches_tracked"):
                continue
            statistic = "running_" in name  # the preset keeps BatchNorm's statistics
            self.assertEqual(torch.equal(tensor, after["trunk." + name]), statistic, name)
        done = self.run_transfer("evaluate", "--model", "run/model.pt", "--data", "data", "--split", "val", "--json")
        self.assertEqual(json.loads(done.stdout)["confusion_matrix"], summary["val"]["confusion_matrix"])

    def test_retrain_moves_statistics_and_from_scratch_forgets_the_weights(self):
        self.make_data()
        flags = ("--strategy", "retrain", "--set", "train.epochs=2", "--set", "train.warmup_epochs=0")
        self.train(*flags, out="a")
        before, after = state_dict(FIXTURES / "tiny.pt"), state_dict(self.folder / "a/model.pt")
        self.assertFalse(torch.equal(before["stem.1.running_mean"], after["trunk.stem.1.running_mean"]))
        self.train(*flags, "--from-scratch", "--set", "train.lr=1e-12", "--set", "train.ema=0", out="b")
        scratch = state_dict(self.folder / "b/model.pt")
        self.assertGreater((before["stem.0.weight"] - scratch["trunk.stem.0.weight"]).abs().mean().item(), 0.01)

    def test_frozen_stages_and_freeze_epochs(self):
        self.make_data()
        self.train(*self.FLAGS, "--set", "train.freeze_stages=1", "--set", "train.batch_norm=train")
        before, after = state_dict(FIXTURES / "tiny.pt"), state_dict(self.folder / "run/model.pt")
        for name in ("stem.0.weight", "stem.1.running_mean", "blocks.0.0.weight", "blocks.0.1.running_var"):
            self.assertTrue(torch.equal(before[name], after["trunk." + name]), name)
        for name in ("blocks.1.0.weight", "blocks.1.1.running_var"):
            self.assertFalse(torch.equal(before[name], after["trunk." + name]), name)

    def test_everything_at_once(self):
        self.make_data()
        self.train(*self.FLAGS, "--set", "train.ema=0.9", "--set", "augment.mixup=0.3", "--set", "augment.cutmix=0.5",
                   "--set", "augment.randaugment=2", "--set", "data.sampler=balanced", "--set", "train.accumulate=2",
                   "--set", "train.clip_norm=1", "--set", "train.schedule=onecycle", "--set", "train.unfreeze_every=1",
                   "--set", "head.class_weights=auto", "--set", "train.batch_norm=folded", "--set",
                   "data.input_size=40", "--set", "train.scale_lr_by_batch=true")
        model = torch.jit.load(str(self.folder / "run/model.pt"))
        self.assertEqual(tuple(model(torch.rand(2, 3, 40, 40)).shape), (2, 2))
        done = self.run_transfer("predict", "--model", "run/model.pt", "data/val/red/0.png")
        self.assertIn("red", done.stdout)

    def test_broken_images_are_left_out_once(self):
        root = self.make_data()
        (root / "train/red/0.png").write_text("not an image")
        (root / "val/red/0.png").write_text("not an image")
        done = self.train(*self.FLAGS, "--set", "data.max_broken=0.2")
        self.assertEqual(done.stderr.count("train/red/0.png"), 1)
        self.assertEqual(len(self.summary()["broken_images"]), 2)
        self.assertEqual(self.summary()["train_images"], 15)
        self.assertIn("data.max_broken", self.message(self.train(*self.FLAGS, out="b", expect=3)))

    def test_a_nan_loss_names_the_images(self):
        self.make_data()
        flags = (*self.FLAGS, "--set", "train.lr=1e3", "--set", "train.optimizer=sgd", "--set", "train.clip_norm=0",
                 "--set", "train.warmup_epochs=0", "--set", "train.freeze_epochs=0", "--set", "train.epochs=30")
        done = self.train(*flags, expect=7)
        self.assert_names(self.message(done), "loss", ".png", "checkpoint.pt", "train.on_nonfinite")
        self.run_transfer("predict", "--model", "run/model.pt", "data/val")  # the best one so far
        self.assertTrue((self.folder / "run/checkpoint.pt").exists())
        done = self.train(*flags, "--set", "train.on_nonfinite=retry", out="b", expect=7)
        self.assertEqual(len(self.warnings(done, "loss", "learning rate")), 3, done.stderr)

    def test_going_back_to_a_lower_rate_rescues_a_run(self):
        self.make_data()
        flags = (*self.FLAGS, "--set", "train.optimizer=sgd", "--set", "train.clip_norm=0", "--set",
                 "train.warmup_epochs=0", "--set", "train.epochs=1", "--set", "train.on_nonfinite=retry")
        done = self.train(*flags, "--set", "train.lr=5")
        self.assertIn(len(self.warnings(done, "loss", "learning rate")), (1, 2, 3), done.stderr)
        self.assertEqual(self.summary()["epochs"], 1)
        # Without a start that counts, a run whose every validation loss is no number has no model to keep.
        done = self.train(*flags, "--set", "train.lr=8", "--set", "head.start=random", out="b", expect=7)
        self.assert_names(self.message(done), "validation loss")
        self.assertEqual(sorted(path.name for path in (self.folder / "b").glob("model*.pt")), [])

    def test_the_best_epoch_is_that_of_the_monitored_score(self):
        self.make_data()
        self.train(*self.FLAGS, "--set", "train.epochs=6", "--set", "train.monitor=accuracy", "--set", "train.patience=0",
                   "--set", "head.start=random")
        scores = [line["val_accuracy"] for line in self.lines()]
        self.assertEqual(self.summary()["best_epoch"], scores.index(max(scores)) + 1)
        done = self.train(*self.FLAGS, "--set", "train.epochs=2", "--set", "train.monitor=auroc", out="area")
        lines = [json.loads(line) for line in (self.folder / "area/metrics.jsonl").read_text().splitlines()]
        self.assertTrue(all(0 <= line["val_auroc"] <= 1 for line in lines), lines)
        self.assertIn(f"val AUROC {lines[-1]['val_auroc']:.4f}", done.stderr)
        self.assertIn("val_auroc", (self.folder / "area/results.csv").read_text().splitlines()[0].split(","))
        self.assert_names(self.message(self.train(*self.FLAGS, "--set", "train.monitor=mae", out="b", expect=2)),
                          "train.monitor", "'mae'", "accuracy")

    def test_settings_without_effect_are_named(self):
        self.make_data()
        done = self.train("--set", "train.ema=0.9", "--set", "augment.mixup=0.1")
        for key in ("train.ema", "augment.mixup"):
            self.assertTrue(self.warnings(done, key, "freeze-conv"), done.stderr)
        done = self.train(*self.FLAGS, "--set", "train.iterations=3", "--set", "cache.precision=float16", out="b")
        for key in ("train.iterations", "cache.precision"):
            self.assertTrue(self.warnings(done, key, "fine-tune"), done.stderr)
        done = self.train(*self.FLAGS, "--set", "train.freeze_stages=1", "--set", "augment.preset=light", "--set",
                          "cache.precision=float16", out="c")
        self.assertTrue(self.warnings(done, "cache.precision"), done.stderr)

    def test_refusals(self):
        self.make_data()
        self.refused("--data", "data", "--backbone", "tiny", "--strategy", "fine-tune", "--set",
                     "train.optimizer=lbfgs", "--out", "run", expect=2, parts=["train.optimizer", "lbfgs", "adamw", "sgd"])
        # Before the backbone and the data are read; by batch before its folder is made.
        lbfgs = ("--data", "missing", "--backbone", "missing", "--set", "train.optimizer=lbfgs")
        self.refused(*lbfgs, "--strategy", "fine-tune", "--print-config", expect=2, parts=["train.optimizer", "fine-tune"])
        self.refused("lr-find", *lbfgs, expect=2, parts=["train.optimizer", "fine-tune"])
        (self.folder / "jobs.yaml").write_text("jobs: [{name: a, strategy: retrain, data: {path: data}, "
                                               "backbone: tiny, train: {optimizer: lbfgs}}]\n")
        self.refused("batch", "jobs.yaml", "--out", "run", expect=2, parts=["jobs.yaml", "train.optimizer", "retrain"])
        self.refused("--data", "data", "--backbone", "tiny", "--strategy", "fine-tune", "--set",
                     "train.precision=float16", "--device", "cpu", expect=5, parts=["train.precision", "float32"])


class LearningRateFinder(FineTuneCase):
    def test_curve_image_and_suggestion(self):
        self.make_data(per_class=30)
        done = self.run_transfer("lr-find", "--data", "data", "--backbone", "tiny", "--output", "lr", "--steps", "60",
                                 "--json")
        suggestion = json.loads(done.stdout)["suggestion"]
        self.assertTrue(1e-7 < suggestion < 1, suggestion)
        self.assertIn("head's start", done.stderr, "the head is fitted, as before training")
        rows = (self.folder / "lr.csv").read_text().splitlines()
        self.assertEqual(rows[0], "learning_rate,loss,smoothed_loss")
        self.assertGreater(len(rows), 20)
        with Image.open(self.folder / "lr.png") as image:
            self.assertEqual(image.size, (800, 500))
        again = self.run_transfer("lr-find", "--data", "data", "--backbone", "tiny", "--output", "b", "--steps", "60",
                                  "--json")
        self.assertEqual(json.loads(again.stdout)["suggestion"], suggestion)
        self.run_transfer("lr-find", "--data", "data", "--backbone", "tiny", "--strategy", "freeze-conv", expect=2)


class EarlyFeatures(FineTuneCase):
    def test_the_cut_is_probed_or_given(self):
        self.make_data()
        done = self.train("--strategy", "early-features")
        self.assertRegex(done.stderr, r"probe: .*blocks\.0")
        summary = self.summary()
        self.assertEqual(summary["cut"], "blocks.0")
        self.assertEqual([probe["stage"] for probe in summary["probes"]], ["blocks.0"])
        model = torch.jit.load(str(self.folder / "run/model.pt"))
        self.assertEqual(tuple(model.features(torch.rand(2, 3, 32, 32)).shape), (2, 12))
        self.assertEqual(model.state_dict()["trunk.blocks.1.0.weight"].numel(), 0, "dead weights leave the file")
        self.train("--strategy", "early-features", "--cut", "blocks.1", out="b")
        self.assertEqual(self.summary("b")["cut"], "blocks.1")
        self.run_transfer("predict", "--model", "b/model.pt", "data/val/red/0.png")
        self.run_transfer("--data", "data", "--backbone", "run/model.pt", "--out", "next")

    def test_a_stage_that_does_not_exist(self):
        self.make_data()
        self.refused("--data", "data", "--backbone", "tiny", "--strategy", "early-features", "--cut", "blocks.7",
                     "--out", "run", expect=4, parts=["blocks.7"])


class AllFeatures(FineTuneCase):
    def test_the_model_takes_several_stages(self):
        self.make_data()
        done = self.train("--strategy", "all-features", "--set", "report.html=true")
        summary = self.summary()
        weights = [row["weight"] for row in summary["feature_sets"]]
        self.assertAlmostEqual(sum(weights), 1)
        self.assertEqual(done.stderr.count("features: "), sum(weight > 0 for weight in weights))
        self.assertLessEqual(set(summary["features"]),
                             {"blocks.0", "blocks.0:deviation", "blocks.0:quarters", "blocks.1:deviation",
                              "blocks.1:quarters", "penultimate"})
        self.assertGreater(len(summary["features"]), 1)
        model = torch.jit.load(str(self.folder / "run/model.pt"))
        features = model.features(torch.rand(2, 3, 32, 32))
        self.assertEqual(model.state_dict()["head.weight"].shape[1], features.shape[1])
        self.assertFalse(any("classifier" in key and value.numel() for key, value in model.state_dict().items()),
                         "the old classifier leaves the file")
        with open(self.folder / "run/predictions_val.csv", newline="") as file:
            rows = list(csv.DictReader(file))
        found = json.loads(self.run_transfer("predict", "--model", "run", *[row["path"] for row in rows], "--json").stdout)
        for row, image in zip(rows, found):
            self.assertEqual(row["predicted"], image["class"])
        self.assertNotIn("no stage shows", done.stderr)
        explained = json.loads(self.run_transfer("explain", "--model", "run", rows[0]["path"], "--output", "maps", "--json").stdout)
        self.assertIn(explained["stage"], ("trunk.blocks.0", "trunk.blocks.1"))
        again = self.train("--strategy", "all-features", out="again")
        self.assertEqual((self.folder / "run/model.pt").read_bytes(), (self.folder / "again/model.pt").read_bytes(), again.stderr)
        self.run_transfer("--data", "data", "--backbone", "run/model.pt", "--out", "next")
        self.run_transfer("explain", "--model", "next", rows[0]["path"], "--output", "maps2")

    def test_hidden_layers_take_the_best_set_alone(self):
        self.make_data()
        self.train("--strategy", "all-features", "--set", "head.hidden=[4]", "--set", "train.optimizer=adamw", "--epochs", "3")
        self.assertEqual(sorted(row["weight"] for row in self.summary()["feature_sets"])[-2:], [0, 1])

    def test_augmented_views_and_the_store_serve_all_stages(self):
        self.make_data()
        flags = ("--strategy", "all-features", "--augment-views", "1", "--set", "cache.share=true", "--set", "cache.dir=store")
        self.train(*flags)
        again = self.train(*flags, out="again")
        self.assertIn("read from", again.stderr)
        self.assertEqual((self.folder / "run/model.pt").read_bytes(), (self.folder / "again/model.pt").read_bytes())


class StoppedRun(FineTuneCase):
    FLAGS = ("--strategy", "fine-tune", "--set", "train.epochs=4", "--set", "train.batch_size=3", "--set",
             "train.ema=0.9", "--set", "augment.mixup=0.2", "--set", "train.batch_norm=train", "--threads", "1")

    def stop(self, number, after):
        """Starts a run, waits until `after()` holds and a little longer, and sends the signal."""
        process = subprocess.Popen(
            self.command("--data", "data", "--backbone", "tiny", "--out", "run", *self.FLAGS), cwd=self.folder,
            env=self.environment(), stderr=subprocess.PIPE, stdout=subprocess.PIPE, text=True,
            preexec_fn=lambda: signal.signal(signal.SIGINT, signal.default_int_handler),
        )
        deadline = time.time() + 60
        while not after() and process.poll() is None and time.time() < deadline:
            time.sleep(0.002)
        time.sleep(random.Random(number).uniform(0, 0.05))
        self.assertIsNone(process.poll(), "ended before it could be stopped")
        process.send_signal(number)
        return process.communicate(timeout=60)[1], process.returncode

    def epochs_done(self, count):
        path = self.folder / "run/metrics.jsonl"
        return lambda: path.exists() and f'"epoch":{count},' in path.read_text()

    def check_resumed_equals_uninterrupted(self):
        for model in ("model.pt", "model-last.pt"):
            self.run_transfer("predict", "--model", f"run/{model}", "data/val/red/0.png")
        self.run_transfer("--resume", "run")
        self.run_transfer("--data", "data", "--backbone", "tiny", "--out", "whole", *self.FLAGS)
        self.assertEqual(self.lines("run"), self.lines("whole"))
        self.assertEqual(self.results("run"), self.results("whole"))
        for name in ("predictions_val.csv",):
            self.assertEqual((self.folder / "run" / name).read_bytes(), (self.folder / "whole" / name).read_bytes())
        for model in ("model.pt", "model-last.pt"):
            resumed, whole = state_dict(self.folder / "run" / model), state_dict(self.folder / "whole" / model)
            for name, tensor in whole.items():
                self.assertTrue(torch.equal(tensor, resumed[name]), name)


class Resume(StoppedRun):
    def test_after_ctrl_c_in_the_middle_of_an_epoch(self):
        self.make_data(per_class=60)
        error, status = self.stop(signal.SIGINT, self.epochs_done(1))
        self.assertEqual(status, 130, error)
        self.assertIn("transfer --resume run", error)
        self.check_resumed_equals_uninterrupted()

    def test_after_sigterm_broken_images_met_before_it_included(self):
        root = self.make_data(per_class=60)
        (root / "train/red/0.png").write_text("not an image")
        error, status = self.stop(signal.SIGTERM, self.epochs_done(2))
        self.assertEqual(status, 143, error)
        self.check_resumed_equals_uninterrupted()
        self.assertEqual(self.summary("run")["broken_images"], self.summary("whole")["broken_images"])
        self.assertEqual(self.summary("run")["train_images"], 119)

    def test_after_a_kill(self):
        self.make_data(per_class=60)
        _, status = self.stop(signal.SIGKILL, self.epochs_done(1))
        self.assertEqual(status, -signal.SIGKILL)
        self.check_resumed_equals_uninterrupted()

    def test_a_checkpoint_that_was_written_on_a_gpu(self):
        self.make_data(per_class=60)
        self.stop(signal.SIGKILL, self.epochs_done(1))
        for name in ("checkpoint.pt", "checkpoint-best.pt"):
            self.assertTrue(name_a_gpu(self.folder / "run" / name), f"{name} does not say where its tensors were")
        done = self.run_transfer("--resume", "run")
        self.assertTrue(self.warnings(done, "cuda:0", "cpu"), done.stderr)
        self.run_transfer("--data", "data", "--backbone", "tiny", "--out", "whole", *self.FLAGS)
        self.assertEqual(self.lines("run"), self.lines("whole"))

    def test_checkpoints_of_other_settings_or_another_run_are_refused(self):
        self.make_data(per_class=60)
        self.stop(signal.SIGTERM, self.epochs_done(1))
        config = self.folder / "run/config.yaml"
        kept = config.read_text()
        config.write_text(re.sub(r"\blr: .*", "lr: 0.5", kept))
        self.assertNotEqual(config.read_text(), kept)
        message = self.message(self.run_transfer("--resume", "run", expect=2))
        self.assert_names(message, "run/config.yaml", "train.lr is 0.5", "checkpoint.pt was trained with")
        config.write_text(kept)
        (self.folder / "run").rename(self.folder / "first")
        shutil.copy(self.folder / "data/train/red/0.png", self.folder / "data/train/red/another.png")
        self.stop(signal.SIGTERM, self.epochs_done(1))
        for name in ("checkpoint.pt", "checkpoint-best.pt"):
            shutil.copytree(self.folder / "run", self.folder / "mixed", dirs_exist_ok=True)
            shutil.copy(self.folder / "first" / name, self.folder / "mixed")
            message = self.message(self.run_transfer("--resume", "mixed", expect=4))
            self.assert_names(message, f"mixed/{name}", "belongs to another run")

    def test_damaged_metrics_are_told(self):
        self.make_data(per_class=60)
        self.stop(signal.SIGTERM, self.epochs_done(2))
        metrics = self.folder / "run/metrics.jsonl"
        metrics.write_text(metrics.read_text()[:30])
        done = self.run_transfer("--resume", "run")
        self.assertTrue(self.warnings(done, "run/metrics.jsonl", "damaged"), done.stderr)
        self.assertEqual([line["epoch"] for line in self.lines()][-1], 4)

    def test_other_threads_are_for_this_time_only(self):
        self.make_data(per_class=60)
        self.stop(signal.SIGTERM, self.epochs_done(1))
        config = (self.folder / "run/config.yaml").read_text()
        done = self.run_transfer("--resume", "run", "--threads", "2")
        self.assertTrue(self.warnings(done, "1 thread", " 2"), done.stderr)
        self.assertEqual((self.folder / "run/config.yaml").read_text(), config)

    def test_a_lost_checkpoint_and_moved_data_are_told_with_what_helps(self):
        self.make_data(per_class=60)
        self.stop(signal.SIGTERM, self.epochs_done(1))
        checkpoint = self.folder / "run/checkpoint.pt"
        checkpoint.rename(self.folder / "kept.pt")
        message = self.message(self.run_transfer("--resume", "run", expect=4))
        self.assert_names(message, "run/checkpoint.pt", "is missing", "--config run/config.yaml --output run --overwrite")
        (self.folder / "kept.pt").rename(checkpoint)
        (self.folder / "data").rename(self.folder / "elsewhere")
        message = self.message(self.run_transfer("--resume", "run", expect=3))
        self.assert_names(message, "no such folder", "transfer --resume run --data PATH")
        self.run_transfer("--resume", "run", "--data", "elsewhere")
        self.run_transfer("--config", "run/config.yaml", "--out", "again", "--set", "train.epochs=1")

    def test_finished_and_foreign_folders(self):
        self.make_data()
        self.train()
        done = self.run_transfer("--resume", "run", "--json")
        self.assertIn("finished", done.stderr)
        self.assertEqual(json.loads(done.stdout)["strategy"], "freeze-conv")
        (self.folder / "empty").mkdir()
        self.refused_text("--resume", "empty", expect=2, part="run directory")
        self.refused_text("--resume", "run/config.yaml", expect=2, part="--resume run")
        self.refused_text("--resume", "run", "--set", "train.epochs=40", expect=2, part="lbfgs")
        self.refused_text("--resume", "run", "--seed", "3", expect=2, part="--resume")
        (self.folder / "run/summary.json").unlink()
        self.run_transfer("--resume", "run")
        self.assertEqual(self.summary()["strategy"], "freeze-conv")

    def test_a_finished_run_goes_on_from_any_folder_and_only_with_its_classes(self):
        self.make_data()
        self.train(*self.FLAGS, "--set", "train.epochs=2", "--set", "train.patience=0")
        (self.folder / "other").mkdir()
        done = subprocess.run(self.command("--resume", "../run", "--set", "train.epochs=4"), text=True,
                              cwd=self.folder / "other", env=self.environment(), capture_output=True, timeout=120)
        self.assertEqual(done.returncode, 0, done.stderr)
        self.assert_names(done.stderr, "goes on after epoch 2", "optimizer", "schedule cosine", "4 epochs",
                          "learning rate goes on at")
        self.assertEqual([line["epoch"] for line in self.lines()], [0, 1, 2, 3, 4])
        self.assertEqual(self.summary()["epochs"], 4)
        self.assertIn("epochs: 4", (self.folder / "run/config.yaml").read_text())
        self.refused_text("--resume", "run", "--set", "train.epochs=4", expect=2, part="more than 4")
        (self.folder / "data/train/red").rename(self.folder / "data/train/apple")
        (self.folder / "data/val/red").rename(self.folder / "data/val/apple")
        message = self.message(self.run_transfer("--resume", "run", "--set", "train.epochs=6", expect=3))
        self.assert_names(message, "classes have changed", "blue, red; now apple, blue")
        self.assertEqual(self.summary()["epochs"], 4, "the finished run stays")
        command = re.search(r"transfer (--config \S+ --output \S+)$", message.strip()).group(1)
        self.run_transfer(*command.split(), "--set", "train.epochs=1")
        self.assertEqual(self.summary("run-2")["classes"], ["apple", "blue"])

    def test_a_run_whose_reader_has_gone_stops(self):
        self.make_data(per_class=30)
        for lines, flags in ((1, ("--set", "train.optimizer=sgd", "--set", "train.epochs=1000000")),
                             (9, (*self.FLAGS, "--set", "train.epochs=4000", "--set", "train.patience=0"))):
            command = self.command("--data", "data", "--backbone", "tiny", "--out", "run", *flags)
            done = subprocess.run(["bash", "-c", f"{shlex.join(command)} 2>&1 | head -{lines}; exit ${{PIPESTATUS[0]}}"],
                                  cwd=self.folder, env=self.environment(), text=True, capture_output=True, timeout=120)
            self.assertEqual(done.returncode, 141, done.stdout)
            if lines == 1:
                self.assertFalse((self.folder / "run").exists(), "nothing was finished, so nothing stays")
        self.assertTrue((self.folder / "run/checkpoint.pt").exists(), done.stdout)
        self.refused_text("--data", "data", "--backbone", "tiny", "--out", "run", expect=6, part="transfer --resume run")

    def test_runs_of_an_earlier_format_are_refused_in_words(self):
        self.make_data()
        self.train()
        summary = self.summary()
        del summary["format"]
        (self.folder / "run/summary.json").write_text(json.dumps(summary))
        self.refused_text("--resume", "run", expect=3, part="run/summary.json: is of format 1")
        again = self.message(self.run_transfer("--resume", "run", expect=3))
        self.assert_names(again, "earlier version of transfer", "format 2")
        command = re.search(r"transfer (--config \S+ --output \S+ --overwrite)", again).group(1)
        self.run_transfer(*command.split())
        self.assertEqual(self.summary()["format"], 2)

    def test_checkpoints_of_an_earlier_format_are_refused_in_words(self):
        self.make_data(per_class=60)
        self.stop(signal.SIGTERM, self.epochs_done(1))
        checkpoint = self.folder / "run/checkpoint.pt"
        archive = torch.jit.load(str(checkpoint))
        self.assertEqual(archive.format, 2)
        archive.format = 1
        archive.save(str(checkpoint))
        message = self.message(self.run_transfer("--resume", "run", expect=4))
        self.assert_names(message, "run/checkpoint.pt: is of format 1", "earlier version of transfer", "format 2",
                          "--config run/config.yaml --output run --overwrite")
        self.assertTrue(checkpoint.exists(), "nothing is lost")

    def refused_text(self, *arguments, expect, part):
        self.assert_names(self.message(self.run_transfer(*arguments, expect=expect)), part)
