"""Predictions as the mean over several views of an image: `--tta` of predict and evaluate, and train.tta."""

import csv
import json
import unittest

from tests.cli.transfer_case import TransferCase, write_image

try:
    import numpy
    import torch
    from PIL import Image
except ImportError:
    torch = None


def rows_of(text):
    return list(csv.DictReader(text.splitlines()))


def view_of(x, view):
    """As docs/test-time-augmentation.md lists them."""
    if view < 2:
        return x.flip(3) if view else x
    down, right, mirror = ((1, 1, 0), (0, 0, 0), (2, 2, 0), (0, 2, 0), (2, 0, 0), (1, 1, 1), (0, 0, 1), (2, 2, 1))[view - 2]
    height, width = x.shape[2] * 7 // 8, x.shape[3] * 7 // 8
    top, left = (x.shape[2] - height) * down // 2, (x.shape[3] - width) * right // 2
    part = x[:, :, top:top + height, left:left + width]
    part = torch.nn.functional.interpolate(part, size=x.shape[2:], mode="bilinear", align_corners=False)
    return part.flip(3) if mirror else part


class TestTimeAugmentation(TransferCase):
    def make_uneven_data(self):
        """Images whose right half is of another colour, so that their mirror images differ."""
        self.make_data(splits=("train", "val", "test"), per_class=24)
        for path in sorted((self.folder / "data").glob("*/*/*.png")):
            image = Image.open(path).convert("RGB")
            side = Image.new("RGB", (image.width // 2, image.height), (90 + 5 * (len(path.name) + int(path.stem)), 90, 60))
            image.paste(side, (image.width // 2, 0))
            image.save(path)

    def predict(self, *flags, model="run", paths=("data/val",), **options):
        return self.run_transfer("predict", "--model", model, *paths, *flags, **options)

    def evaluate(self, *flags, model="run"):
        return json.loads(self.run_transfer("evaluate", "--model", model, "--data", "data", "--json", *flags).stdout)

    @unittest.skipIf(torch is None, "the Python package torch is missing")
    def test_predictions_are_the_mean_of_what_python_says_of_the_views(self):
        self.make_uneven_data()
        self.train()
        model = torch.jit.load(str(self.folder / "run/model.pt"))
        alone = rows_of(self.predict("--format", "csv").stdout)
        for flag, views in (("flip", 2), ("2", 2), ("5", 5), ("10", 10)):
            rows = rows_of(self.predict("--tta", flag, "--format", "csv").stdout)
            self.assertEqual([row["path"] for row in rows], [row["path"] for row in alone])
            for row in rows[::11]:
                image = torch.from_numpy(numpy.array(Image.open(self.folder / row["path"]).convert("RGB")))
                with torch.inference_mode():
                    x = model.preprocess(image)
                    mean = torch.stack([model.predict(view_of(x, view)) for view in range(views)]).mean(0)
                self.assertAlmostEqual(mean.max().item(), float(row["probability"]), places=4)
            self.assertNotEqual([row["probability"] for row in rows], [row["probability"] for row in alone])
        one, two = (self.predict("--tta", "5", "--format", "csv", "--threads", n).stdout for n in ("1", "2"))
        self.assertEqual(one, two)

    def test_evaluate_and_training_measure_by_views(self):
        self.make_uneven_data()
        self.train()
        plain, flip = self.evaluate(), self.evaluate("--tta", "flip")
        self.assertNotIn("tta_views", plain)
        self.assertEqual(flip["tta_views"], 2)
        self.assertNotEqual(plain["loss"], flip["loss"])
        done = self.run_transfer("evaluate", "--model", "run", "--data", "data", "--tta", "flip", "--output", "table.csv")
        self.assertIn("mean of 2 views", done.stdout)
        table = rows_of((self.folder / "table.csv").read_text())
        predicted = rows_of(self.predict("--tta", "flip", "--format", "csv", paths=["data/test"]).stdout)
        for row, other in zip(table, predicted, strict=True):
            self.assertAlmostEqual(float(row["confidence"]), float(other["probability"]), places=5)
        for strategy, flags in (("freeze-conv", ()), ("fine-tune", ("--epochs", "1"))):
            done = self.train("--strategy", strategy, *flags, "--set", "train.tta=flip", out=strategy)
            self.assertIn("validation, mean of 2 views", done.stdout)
            self.assertIn("mean over 2 views", (self.folder / strategy / "report.html").read_text())
            summary = self.summary(strategy)
            self.assertEqual(summary["tta_views"], 2)
            for split in ("val", "test"):
                measured = self.evaluate("--tta", "flip", "--split", split, model=strategy)
                self.assertAlmostEqual(measured["loss"], summary[split]["loss"], places=6)
                self.assertEqual(measured["confusion_matrix"], summary[split]["confusion_matrix"])
        self.assertNotIn("tta_views", self.summary("run"))
        self.assertEqual(self.summary("freeze-conv")["calibration"], self.summary("run")["calibration"],
                         "the temperature is fitted to the images as they are")

    def test_what_a_model_says_of_its_probabilities_is_of_the_image_itself(self):
        self.make_uneven_data()
        self.train("--calibrate", "on")
        flags = ("--format", "csv", "--coverage", "0.8")
        plain, views = rows_of(self.predict(*flags).stdout), rows_of(self.predict(*flags, "--tta", "4").stdout)
        for key in ("set", "known", "unknown_score"):
            self.assertEqual([row[key] for row in plain], [row[key] for row in views], key)
        self.assertNotEqual([row["probability"] for row in plain], [row["probability"] for row in views])
        rejected = rows_of(self.predict(*flags, "--tta", "4", "--reject").stdout)
        self.assertEqual([row["class"] == "unknown" for row in rejected], [row["known"] == "no" for row in plain])

    def test_numbers_and_labels_have_means_too(self):
        for i in range(24):
            write_image(self.folder / f"p/{i}.png", (40 + 7 * i, 60, 200 - 5 * i), seed=i)
        rows = [f"p/{i}.png,{i},{'high' if i > 12 else ''}" for i in range(24)]
        (self.folder / "numbers.csv").write_text("path,y\n" + "\n".join(row.rsplit(",", 1)[0] for row in rows) + "\n")
        (self.folder / "labels.csv").write_text("path,label\n" + "\n".join(f"{r.split(',')[0]},{r.split(',')[2]}" for r in rows) + "\n")
        for data, flags, column in (("numbers.csv", ("--task", "regression"), "y"),
                                    ("labels.csv", ("--set", "head.loss=binary_cross_entropy"), "high")):
            self.train(*flags, data=data, out=column)
            model = torch.jit.load(str(self.folder / column / "model.pt"))
            image = torch.from_numpy(numpy.array(Image.open(self.folder / "p/3.png").convert("RGB")))
            with torch.inference_mode():
                x = model.preprocess(image)
                mean = (model.predict(x) + model.predict(x.flip(3))) / 2
            row = rows_of(self.predict("--tta", "flip", "--format", "csv", model=column, paths=["p/3.png"]).stdout)[0]
            self.assertAlmostEqual(float(row[column]), mean.item(), places=4)

    def test_wrong_numbers_of_views_are_refused(self):
        self.make_data()
        for value in ("1", "11", "flop", "2.5"):
            self.refused("--data", "data", "--backbone", "tiny", "--out", "x", "--set", f"train.tta={value}", expect=2,
                         parts=["train.tta", value, "2 to 10"])
        self.refused("--data", "data", "--backbone", "tiny", "--out", "x", "--tta", "flip", expect=2,
                     parts=["--tta", "train.tta=flip"])
        self.train()
        for value in ("1", "11", "flop", "2.5"):
            done = self.predict("--tta", value, expect=2)
            self.assert_names(self.message(done), "--tta", value, "flip", "2 to 10")
        self.predict("--tta", "flip", "--output", "p.csv")
        self.assertEqual(len(rows_of((self.folder / "p.csv").read_text())), 16)
