"""Data that contradicts itself, and what is passed over: refused, or said on stderr and in summary.json."""

import csv
import io
import shutil

from tests.cli.transfer_case import TransferCase


class Contradictions(TransferCase):
    def test_images_in_train_and_val(self):
        root = self.make_data()
        shutil.copy(root / "train/red/3.png", root / "val/red/again.png")
        self.refused("--data", "data", "--backbone", "tiny", "--out", "run", expect=3,
                     parts=["data: 1 of 17 val images", "also in train", "val/red/again.png", "data.allow_leakage=true"])
        (root / "train/red/copy.png").write_bytes((root / "train/red/0.png").read_bytes())
        done = self.train("--set", "data.allow_leakage=true")
        self.assertTrue(self.warnings(done, "1 of 17 val images", "val/red/again.png"), done.stderr)
        self.assertRegex(done.stderr, r"\b2 images are copies")
        found = self.summary()["data"]
        self.assertEqual(found["copies"], 2)
        self.assertEqual(found["copies_across_splits"], ["data/val/red/again.png = data/train/red/3.png"])

    def test_what_is_passed_over_is_named_in_training_and_by_predict(self):
        root = self.make_data(splits=("",), classes=("red", "blue"))
        shutil.copytree(root / "red", root / ".net")
        shutil.copy(root / "red/0.png", root / "loose.png")
        (root / "python").symlink_to("/nowhere/python")
        for i in range(4):
            (root / f"red/{i}.txt").write_text("no image")
        done = self.train()
        for parts in (("hidden", "data/.net/"), ("nowhere", "data/python"), ("outside", "data/loose.png")):
            self.assertEqual(len(self.warnings(done, "skipped 1 ", *parts)), 1, done.stderr)
        self.assertRegex(done.stderr, r"skipped 4 files without an image extension: data/red/0\.txt, ")
        self.assertEqual(self.summary()["skipped_files"], 7)
        predict = ("predict", "--model", "run/model.pt", "data/red", "nope.jpg", "--format", "csv")
        done = self.run_transfer(*predict)
        self.assertIn("skipped 4 files", done.stderr)
        self.assertRegex(done.stderr.splitlines()[-1], r"\b1 of 9 images have no prediction: nope\.jpg$")
        done = self.run_transfer(*predict, "--strict", expect=3)
        self.assert_names(self.message(done), "1 of 9 images", "nope.jpg", "--strict")
        self.assertEqual(len(done.stdout.splitlines()), 10, "the table is written all the same")

    def test_columns_of_other_names_and_targets_called_as_ours(self):
        self.make_data(splits=("train",))
        rows = [f"data\\train\\{name}\\{i}.png;{i + shift}" for name, shift in (("red", 0), ("blue", 40)) for i in range(8)]
        (self.folder / "a.csv").write_text("\n".join(["photo;error", *rows]) + "\n", encoding="utf-16")
        done = self.train("--task", "regression", "--set", "data.columns=path=photo", data="a.csv")
        self.assert_names(done.stderr, "a.csv: is UTF-16", "semicolons", "16 paths have backslashes")
        printed = self.run_transfer("predict", "--model", "run/model.pt", "data/train/red/0.png", "--format", "csv").stdout
        row = next(csv.DictReader(io.StringIO(printed)))
        float(row["error"])
        self.assertEqual(row["image_error"], "")
        evaluate = ("evaluate", "--model", "run/model.pt", "--data", "a.csv")
        self.assertRegex(self.run_transfer(*evaluate, "--columns", "path=photo").stdout, r"\b16 images")
        self.assert_names(self.message(self.run_transfer(*evaluate, expect=3)), "a.csv:1", "'path'", "photo")
