"""Training by the built binary: what a run leaves, that it repeats, and that it learns."""

import csv
import json
import os
import signal
import subprocess
import time
from pathlib import Path

import torch
from PIL import Image

from tests.cli.transfer_case import FIXTURES, TransferCase, write_image, without_comments


class Train(TransferCase):
    def test_a_run_leaves_everything_and_the_model_loads_in_python(self):
        self.make_data(splits=("train", "val", "test"))
        done = self.train("--strategy", "freeze-conv")
        self.assert_names(done.stdout, "validation", "16 images", "accuracy")
        run = self.folder / "run"
        self.assertEqual(
            sorted(path.name for path in run.iterdir()),
            ["config.yaml", "confusion_matrix.png", "curves.png", "metrics.jsonl", "model.pt", "predictions_test.csv",
             "predictions_val.csv", "report.html", "results.csv", "summary.json", "val_batch.png", "worst_mistakes.png"],
        )
        summary = self.summary()
        self.assertEqual(list(summary)[0], "format")
        self.assertEqual(summary["format"], 2)
        self.assertEqual(summary["strategy"], "freeze-conv")
        self.assertEqual(summary["backbone"], "tiny")
        self.assertEqual(summary["classes"], ["blue", "red"])
        self.assertEqual(summary["broken_images"], [])
        self.assertEqual(set(summary["seconds"]), {"total", "extract", "train"})
        self.assertGreater(summary["peak_memory_mb"], 1)
        self.assertGreaterEqual(summary["val"]["accuracy"], 0.9)
        self.assertGreaterEqual(summary["test"]["accuracy"], 0.9)
        self.assertEqual(set(summary["test"]), {"images", "loss", "accuracy", "macro_f1", "auroc", "per_class", "confusion_matrix"})
        self.assertEqual(set(summary["test"]["per_class"]["red"]), {"precision", "recall", "f1", "support"})
        self.assertEqual(summary["test"]["per_class"]["red"]["support"], 8)
        lines = (run / "metrics.jsonl").read_text().splitlines()
        self.assertEqual(len(lines), summary["epochs"])
        self.assertEqual(json.loads(lines[-1])["epoch"], summary["epochs"])
        self.assertEqual(list(json.loads(lines[-1])),
                         ["epoch", "train_loss", "train_accuracy", "val_loss", "val_accuracy", "learning_rate", "seconds"])

        with open(run / "results.csv", newline="") as file:
            rows = list(csv.DictReader(file))
        self.assertEqual([{key: float(value) for key, value in row.items()} for row in rows],
                         [json.loads(line) for line in lines])
        for split in ("val", "test"):
            with open(run / f"predictions_{split}.csv", newline="") as file:
                rows = list(csv.DictReader(file))
            self.assertEqual(len(rows), 16)
            self.assertEqual(list(rows[0]), ["path", "true", "predicted", "correct", "confidence", "p:blue", "p:red"])
            self.assertAlmostEqual(sum(int(row["correct"]) for row in rows) / 16, summary[split]["accuracy"])
            for row in rows:
                self.assertIn(f"/{split}/{row['true']}/", row["path"])
                self.assertEqual(row["correct"], "01"[row["true"] == row["predicted"]])
                self.assertEqual(row["confidence"], row[f"p:{row['predicted']}"])

        model = torch.jit.load(str(run / "model.pt"))
        x = torch.rand(2, 3, 32, 32)
        logits = model(x)
        self.assertEqual(tuple(logits.shape), (2, 2))
        self.assertTrue(torch.allclose(model.predict(x), logits.softmax(1), atol=1e-6))
        self.assertEqual(tuple(model.features(x).shape), (2, 16))

    def test_frozen_layers_are_bit_identical_and_the_head_moved(self):
        self.make_data()
        self.train("--augment-views", "2", "--augment", "strong")
        before = torch.jit.load(str(FIXTURES / "tiny.pt")).state_dict()
        after = torch.jit.load(str(self.folder / "run" / "model.pt")).state_dict()
        trunk = [name for name in before if not name.startswith("classifier.")]
        self.assertEqual(len(trunk), 18)
        for name in trunk:
            self.assertTrue(torch.equal(before[name], after["trunk." + name]), name)
        self.assertGreater(after["head.weight"].abs().max().item(), 0)

    def test_the_same_seed_gives_the_same_bytes_and_the_config_repeats_the_run(self):
        self.make_data()
        flags = ("--seed", "5", "--augment-views", "1", "--augment", "strong", "--set", "train.optimizer=adamw",
                 "--set", "train.epochs=3")
        self.train(*flags, out="a")
        self.train(*flags, "--set", "data.workers=1", out="b")
        self.run_transfer("--config", "a/config.yaml", "--out", "c")
        first = (self.folder / "a/predictions_val.csv").read_bytes()
        self.assertEqual(first, (self.folder / "b/predictions_val.csv").read_bytes())
        self.assertEqual(first, (self.folder / "c/predictions_val.csv").read_bytes())
        self.train(*flags, "--seed", "6", out="d")
        self.assertNotEqual(first, (self.folder / "d/predictions_val.csv").read_bytes())

    def test_features_in_files_give_the_same_model_and_are_read_again(self):
        self.make_data()
        self.train(out="memory")
        disk = ("--set", "cache.memory_mb=0", "--set", "cache.dir=store")
        self.train(*disk, out="first")
        again = self.train(*disk, out="second")
        self.assertRegex(again.stderr, r"train: .*16 images.*\bstore/")
        expected = (self.folder / "memory/predictions_val.csv").read_bytes()
        self.assertEqual(expected, (self.folder / "first/predictions_val.csv").read_bytes())
        self.assertEqual(expected, (self.folder / "second/predictions_val.csv").read_bytes())

    def test_flat_folders_and_csv_are_split_by_seed(self):
        self.make_data(root="flat", splits=("",), per_class=10)
        self.train("--set", "data.val_fraction=0.3", data="flat", out="a")
        self.assertEqual(self.summary("a")["train_images"], 14)
        self.assertEqual(self.summary("a")["val"]["images"], 6)
        rows = ["path,label,split"]
        for name in ("red", "blue"):
            rows += [f"flat/{name}/{i}.png,{name},{'val' if i < 4 else 'train'}" for i in range(10)]
        (self.folder / "list.csv").write_text("\n".join(rows) + "\n")
        self.train(data="list.csv", out="b")
        self.assertEqual(self.summary("b")["val"]["images"], 8)

    def test_views_alone_are_augmented(self):
        self.make_data()
        self.train("--augment-views", "2", "--set", "cache.memory_mb=0", "--set", "cache.dir=store")
        contents = {path.read_bytes() for path in (self.folder / "store").glob("*/*.features")}
        self.assertEqual(len(contents), 4, "train as it is, two views of it, and val")
        self.assertIn("preset: standard", (self.folder / "run/config.yaml").read_text())

    def test_the_best_epoch_is_kept_and_a_fit_that_explodes_stops(self):
        self.make_data()
        flags = ("--set", "train.optimizer=sgd", "--set", "train.epochs=20", "--set", "train.lr=0.5")
        self.train(*flags)
        lines = [json.loads(line) for line in (self.folder / "run/metrics.jsonl").read_text().splitlines()]
        best = min(lines, key=lambda line: line["val_loss"])
        self.assertEqual(self.summary()["best_epoch"], best["epoch"])
        self.assertAlmostEqual(self.summary()["val"]["loss"], best["val_loss"], places=6)
        done = self.train("--set", "train.optimizer=sgd", "--set", "train.lr=1000", "--set",
                          "head.weight_decay=1000", out="b", expect=7)
        self.assert_names(self.message(done), "loss", "train.lr")
        self.assertFalse((self.folder / "b").exists())

    def test_damaged_feature_files_are_computed_again(self):
        self.make_data()
        flags = ("--set", "cache.memory_mb=0", "--set", "cache.dir=store")
        self.train(*flags, out="a")
        for path in (self.folder / "store").glob("*/*.features"):
            path.write_bytes(path.read_bytes()[:100])
        done = self.train(*flags, out="b")
        self.assertTrue(self.warnings(done, ".features"), done.stderr)
        self.assertEqual((self.folder / "a/predictions_val.csv").read_bytes(),
                         (self.folder / "b/predictions_val.csv").read_bytes())

    def test_max_per_class_and_class_weights_and_json(self):
        self.make_data()
        done = self.train("--set", "data.max_per_class=3", "--set", "head.class_weights=auto",
                          "--set", "head.label_smoothing=0.1", "--json")
        summary = json.loads(done.stdout)
        self.assertEqual(summary["train_images"], 6)
        self.assertEqual(summary["val"]["images"], 6)

    def test_every_kind_of_image_is_read(self):
        root = self.make_data()
        base = Image.open(root / "train/red/0.png")
        folder = root / "train/red"
        base.save(folder / "a.JPG")
        base.save(folder / "b.bmp")
        base.save(folder / "c.tiff")
        base.save(folder / "d.webp")
        base.convert("L").save(folder / "e.png")
        base.convert("P").save(folder / "f.png")
        base.convert("CMYK").save(folder / "g.jpg")
        base.convert("RGBA").save(folder / "h.png")
        Image.new("I;16", (50, 50), 40000).save(folder / "i.png")
        (folder / "notes.txt").write_text("no image")
        self.train()
        summary = self.summary()
        self.assertEqual(summary["broken_images"], [])
        self.assertEqual(summary["train_images"], 16 + 9)
        self.assertEqual(summary["skipped_files"], 1)

    def test_broken_images_are_named_and_left_out(self):
        root = self.make_data(per_class=12)
        good = (root / "train/red/0.png").read_bytes()
        write_image(root / "train/red/0.jpg", (200, 40, 40), size=(90, 90))
        whole = (root / "train/red/0.jpg").read_bytes()
        (root / "train/red/cut.jpg").write_bytes(whole[: len(whole) // 2])
        (root / "train/blue/cut.png").write_bytes(good[: len(good) // 2])
        (root / "val/blue/page.jpg").write_text("<html>not found</html>")
        done = self.train("--set", "data.max_broken=0.2")
        broken = self.summary()["broken_images"]
        self.assertEqual(len(broken), 3)
        for name in ("cut.jpg", "cut.png", "page.jpg"):
            self.assertIn(name, done.stderr)
            self.assertTrue(any(name in line for line in broken), name)
        with open(self.folder / "run/predictions_val.csv", newline="") as file:
            self.assertEqual(len(list(csv.DictReader(file))), 24)

    def test_a_run_directory_is_not_overwritten_unasked(self):
        self.make_data()
        self.train()
        self.assertIn("--overwrite", self.message(self.train(expect=6)))
        self.train("--overwrite")

    def test_print_config_is_read_back(self):
        done = self.run_transfer("--data", "x", "--set", "train.lr=0.25", "--print-config")
        (self.folder / "c.yaml").write_text(done.stdout)
        again = self.run_transfer("--config", "c.yaml", "--print-config")
        self.assertEqual(without_comments(done.stdout), without_comments(again.stdout))
        self.assertIn("lr: 0.25", again.stdout)

    def test_a_trained_model_is_a_backbone(self):
        self.make_data()
        self.train()
        self.run_transfer("--data", "data", "--backbone", "run/model.pt", "--out", "next")
        self.assertEqual(self.summary("next")["val"], self.summary("run")["val"])

    def test_grey_backbones_and_backbones_without_metadata(self):
        self.make_data()
        self.run_transfer("--data", "data", "--backbone", "grey", "--out", "g")
        done = self.run_transfer("--data", "data", "--backbone", "no_metadata", "--out", "n")
        self.assert_names(done.stderr, "ImageNet", "preprocessing")


class Interrupt(TransferCase):
    """Ctrl-C: exit status 130, config and metrics stay, no model and no summary."""

    def interrupt(self, arguments, ready, number=signal.SIGINT):
        process = subprocess.Popen(
            self.command(*arguments), cwd=self.folder, env=self.environment(), stderr=subprocess.PIPE,
            stdout=subprocess.PIPE, text=True,
            preexec_fn=lambda: signal.signal(signal.SIGINT, signal.default_int_handler),
        )
        deadline = time.time() + 60
        while not ready() and process.poll() is None and time.time() < deadline:
            time.sleep(0.01)
        self.assertIsNone(process.poll(), "ended before it could be interrupted")
        process.send_signal(number)
        out, err = process.communicate(timeout=60)
        self.assertEqual(process.returncode, 128 + number, err)
        self.assertEqual(out, "")
        self.assertIn("transfer --resume run", err)
        names = {path.name for path in (self.folder / "run").iterdir()}
        self.assertEqual(names - {"results.csv"}, {"config.yaml", "metrics.jsonl"})
        again = self.run_transfer(*arguments, expect=6)
        self.assertIn("transfer --resume run", again.stderr)

    def test_during_extraction(self):
        self.make_data(per_class=40)
        config = self.folder / "run/metrics.jsonl"
        self.interrupt(("--data", "data", "--backbone", "tiny", "--out", "run", "--set", "augment.views=500"),
                       config.exists)

    def interrupt_training(self, number):
        self.make_data()
        metrics = self.folder / "run/metrics.jsonl"
        self.interrupt(("--data", "data", "--backbone", "tiny", "--out", "run", "--set", "train.optimizer=sgd",
                        "--set", "train.epochs=1000000", "--set", "train.patience=0"),
                       lambda: metrics.exists() and metrics.stat().st_size > 0, number)

    def test_ctrl_c_during_training(self):
        self.interrupt_training(signal.SIGINT)

    def test_sigterm_during_training(self):
        self.interrupt_training(signal.SIGTERM)

    def test_ctrl_c_while_predict_waits_for_its_list(self):
        process = subprocess.Popen(
            self.command("predict", "--model", "none.pt", "-"), cwd=self.folder, env=self.environment(),
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
        )
        self.addCleanup(process.kill)
        status = Path(f"/proc/{process.pid}/status")
        deadline = time.time() + 60
        while time.time() < deadline:
            fields = dict(line.split(":\t", 1) for line in status.read_text().splitlines() if ":\t" in line)
            if int(fields["SigCgt"], 16) & 1 << (signal.SIGINT - 1) and fields["State"].startswith("S"):
                break
            time.sleep(0.05)
        time.sleep(0.5)
        process.send_signal(signal.SIGINT)
        process.wait(timeout=30)  # stdin is still open
        self.assertEqual(process.returncode, 130)
        self.assertIn("Ctrl-C", process.stderr.read())
        for stream in (process.stdin, process.stdout, process.stderr):
            stream.close()
