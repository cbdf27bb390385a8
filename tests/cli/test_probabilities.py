"""Calibrated probabilities, sets of classes, and images that are unlike the training images."""

import csv
import json
import unittest

from tests.cli.transfer_case import TransferCase, hash_of, write_image

try:
    import numpy
    import torch
    from PIL import Image
except ImportError:
    torch = None

PER_CLASS = 24


def rows_of(text):
    return list(csv.DictReader(text.splitlines()))


class Probabilities(TransferCase):
    def setUp(self):
        super().setUp()
        self.make_data(per_class=PER_CLASS)
        # Some images of the other class, so that not every image can be right.
        for split in ("train", "val"):
            for name, other in (("red", (40, 40, 200)), ("blue", (200, 40, 40))):
                for i in range(4):
                    seed = hash_of(split, name, "odd", i)
                    write_image(self.folder / "data" / split / name / f"odd{i}.png", other, seed=seed)

    def predict(self, *flags, model="run", paths=("data/val",), **options):
        return self.run_transfer("predict", "--model", model, *paths, *flags, **options)

    def table(self, out):
        return rows_of((self.folder / out / "predictions_val.csv").read_text())

    def refused_by(self, *flags, parts, model="run"):
        done = self.predict(*flags, model=model, expect=2)
        self.assert_names(self.message(done), *parts)
        self.assertEqual(done.stdout, "")

    def make_unknown_image(self):
        """A checkerboard, which no training image is like."""
        image = Image.new("RGB", (48, 40))
        image.putdata([(255, 255, 255) if (x // 4 + y // 4) % 2 else (0, 0, 0) for y in range(40) for x in range(48)])
        (self.folder / "other").mkdir()
        image.save(self.folder / "other/chair.png")

    def test_a_temperature_changes_probabilities_and_no_class(self):
        self.train("--calibrate", "off", out="off")
        done = self.train("--calibrate", "on", out="on")
        off, on = self.table("off"), self.table("on")
        self.assertEqual([row["predicted"] for row in off], [row["predicted"] for row in on])
        self.assertNotEqual([row["confidence"] for row in off], [row["confidence"] for row in on])
        self.assertEqual(self.summary("off")["val"]["accuracy"], self.summary("on")["val"]["accuracy"])
        self.assertEqual(self.summary("off")["calibration"],
                         {"temperature": None, "choice": "off", "temperature_images": 0, "coverage_images": 56})
        calibration = self.summary("on")["calibration"]
        self.assertEqual(calibration["choice"], "taken")
        self.assertEqual((calibration["temperature_images"], calibration["coverage_images"]), (28, 28))
        self.assertNotEqual(calibration["before"]["loss"], calibration["after"]["loss"])
        self.assert_names(done.stdout, "probabilities: temperature", "unknown images: told by 56 images")
        for row, printed in zip(on, rows_of(self.predict("--format", "csv", model="on").stdout), strict=True):
            self.assertAlmostEqual(float(row["confidence"]), float(printed["probability"]), places=4)
        evaluated = json.loads(self.run_transfer("evaluate", "--model", "on", "--data", "data", "--json").stdout)
        self.assertAlmostEqual(evaluated["loss"], self.summary("on")["val"]["loss"], places=4)

    def test_explain_gives_those_of_predict(self):
        self.train("--calibrate", "on")
        self.assertNotAlmostEqual(self.summary()["calibration"]["temperature"], 1, places=2)
        predicted = json.loads(self.predict("--json").stdout)
        done = self.run_transfer("explain", "--model", "run", "data/val", "--output", "maps", "--json")
        for row, image in zip(predicted, json.loads(done.stdout)["images"], strict=True):
            self.assertEqual((row["path"], row["class"]), (image["path"], image["output"]))
            self.assertAlmostEqual(row["probability"], image["value"], places=4)

    @unittest.skipIf(torch is None, "the Python package torch is missing")
    def test_python_predicts_the_same(self):
        self.train("--calibrate", "on")
        rows = rows_of(self.predict("--format", "csv").stdout)
        model = torch.jit.load(str(self.folder / "run/model.pt"))
        temperature = self.summary()["calibration"]["temperature"]
        for row in rows[::9]:
            image = torch.from_numpy(numpy.array(Image.open(self.folder / row["path"]).convert("RGB")))
            with torch.inference_mode():
                x = model.preprocess(image)
                self.assertAlmostEqual(model.predict(x).max().item(), float(row["probability"]), places=4)
                self.assertEqual(model.classify(image)[0][0], row["class"])
                expected = torch.softmax(model(x) / temperature, 1)
                self.assertLess((model.predict(x) - expected).abs().max().item(), 1e-6, "model(x) are raw logits")

    def test_an_unknown_image_is_told_and_rejected(self):
        self.train()
        self.make_unknown_image()
        unknown = self.summary()["unknown"]
        self.assertGreaterEqual(unknown["validation_kept"], 0.95)
        rows = rows_of(self.predict("--format", "csv").stdout)
        known = [row["known"] == "yes" for row in rows]
        self.assertGreaterEqual(sum(known) / len(known), 0.95)
        for row in rows:
            self.assertEqual(row["known"] == "yes", float(row["unknown_score"]) <= unknown["threshold"] + 1e-6)
        other = rows_of(self.predict("--format", "csv", paths=["other"]).stdout)[0]
        self.assertEqual(other["known"], "no")
        self.assertIn(other["class"], ("red", "blue"))
        rejected = rows_of(self.predict("--format", "csv", "--reject", paths=["other"]).stdout)[0]
        self.assertEqual((rejected["class"], rejected["probability"]), ("unknown", ""))
        likeliest = ["class_1", "probability_1", "class_2", "probability_2"]
        for row in rows_of(self.predict("--format", "csv", "--reject", "--top", "2", paths=["other", "data/val/red/0.png"]).stdout):
            self.assertEqual([key for key in row if key[-1] in "12"], likeliest)
            self.assertGreaterEqual(float(row["probability_1"]), float(row["probability_2"]))
            self.assertIn(row["class"], ("unknown", row["class_1"]))
        self.assertIn("known: no", self.predict(paths=["other"]).stdout)
        self.assertEqual(self.predict("--reject", paths=["other"]).stdout, "other/chair.png:  unknown\n")
        listed = json.loads(self.predict("--reject", "--json", paths=["other"]).stdout)[0]
        self.assertEqual((listed["class"], listed["probability"], listed["known"]), ("unknown", None, "no"))
        self.predict("--reject", "--sort-into", "sorted", paths=["other", "data/val/red/0.png"])
        self.assertTrue((self.folder / "sorted/unknown/chair.png").is_file())
        self.assertEqual(len(list((self.folder / "sorted").glob("*/0.png"))), 1)

    def test_sets_hold_the_classes_that_are_needed(self):
        self.train("--calibrate", "on")
        sizes = {}
        for coverage in ("0.5", "0.95"):
            rows = json.loads(self.predict("--coverage", coverage, "--json").stdout)
            for row in rows:
                self.assertIn(row["set"], ([], ["red"], ["blue"], ["red", "blue"], ["blue", "red"]))
                if row["set"]:
                    self.assertEqual(row["set"][0], row["class"])
            sizes[coverage] = sum(len(row["set"]) for row in rows)
        self.assertLess(sizes["0.5"], sizes["0.95"])
        rows = rows_of(self.predict("--coverage", "0.95", "--format", "csv").stdout)
        self.assertEqual(sum(len(row["set"].split("|")) if row["set"] else 0 for row in rows), sizes["0.95"])

    def test_refuses_a_coverage_that_is_none_or_too_high(self):
        self.train("--calibrate", "on")
        for coverage in ("0", "1", "1.5", "-0.1", "nan", "half"):
            self.refused_by(f"--coverage={coverage}", parts=["--coverage", coverage])
        self.refused_by("--coverage", "0.99", parts=["--coverage 0.99", "at most 0.965", "28 images"])

    def test_refuses_models_that_lack_the_data(self):
        self.train("--set", "train.known_images=0", out="run")
        self.assertNotIn("unknown", self.summary())
        self.refused_by("--reject", parts=["--reject", "run", "train.known_images"])
        self.assertNotIn("known", rows_of(self.predict("--format", "csv").stdout)[0])
        self.run_transfer("predict", "data/val", "--reject", expect=2)

    @unittest.skipIf(torch is None, "the Python package torch is missing")
    def test_models_of_older_versions_predict_as_before(self):
        self.train("--calibrate", "off")
        inside = {"transfer.json": ""}
        model = torch.jit.load(str(self.folder / "run/model.pt"), _extra_files=inside)
        about = json.loads(inside["transfer.json"])
        self.assertEqual(about.pop("format_version"), 4)
        del about["calibration"]
        torch.jit.save(model, str(self.folder / "old.pt"),
                       _extra_files={"transfer.json": json.dumps({**about, "format_version": 1})})
        new = rows_of(self.predict("--format", "csv").stdout)
        old = rows_of(self.predict("--format", "csv", model="old.pt").stdout)
        self.assertEqual(list(old[0]), ["path", "class", "probability", "error"])
        self.assertEqual([row["probability"] for row in old], [row["probability"] for row in new])
        self.refused_by("--reject", model="old.pt", parts=["--reject", "old.pt", "older versions"])
        self.refused_by("--coverage", "0.9", model="old.pt", parts=["--coverage", "old.pt", "older versions"])

    def test_labels_and_numbers_have_none_of_it(self):
        images = sorted((self.folder / "data").glob("*/*/*.png"))
        names = [str(path.relative_to(self.folder)) for path in images]
        split = [path.parts[-3] for path in images]
        labels = ["red|warm" if path.parts[-2] == "red" else "blue" for path in images]
        for name, column, values, flags in (
                ("labels", "label", labels, ("--set", "head.loss=binary_cross_entropy")),
                ("numbers", "weight", range(len(images)), ("--task", "regression"))):
            with open(self.folder / f"{name}.csv", "w", newline="") as file:
                csv.writer(file).writerows([("path", column, "split"), *zip(names, values, split, strict=True)])
            self.train(*flags, data=f"{name}.csv", out=name)
            self.assertNotIn("calibration", self.summary(name))
            self.assertNotIn("unknown", self.summary(name))
            for flag in (("--reject",), ("--coverage", "0.9")):
                self.refused_by(*flag, model=name, parts=[flag[0], name, "one class"])
        done = self.train("--set", "head.loss=binary_cross_entropy", "--calibrate", "on", data="labels.csv", out="more")
        self.assertTrue(self.warnings(done, "train.calibrate"), done.stderr)

    def test_says_where_too_few_images_are_there(self):
        self.make_data("few", per_class=8)
        done = self.train("--calibrate", "on", data="few")
        self.assertTrue(self.warnings(done, "not calibrated", "16 images", "20"), done.stderr)
        self.assertEqual(self.summary()["calibration"]["choice"], "too few images")
        self.assertIn("cannot tell unknown images: 16 images for validation, and 20 are needed", done.stderr)
        self.assertNotIn("unknown", self.summary())
        self.assertNotIn("known", rows_of(self.predict("--format", "csv").stdout)[0])
        self.refused_by("--reject", parts=["--reject", "keeps no features"])

    def test_trained_layers_have_it_too(self):
        self.train("--strategy", "fine-tune", "--set", "train.epochs=1", "--threads", "1", "--calibrate", "on")
        self.make_unknown_image()
        self.assertEqual(self.summary()["unknown"]["training_images"], 56)
        rows = rows_of(self.predict("--format", "csv", "--coverage", "0.9").stdout)
        self.assertGreaterEqual(sum(row["known"] == "yes" for row in rows) / len(rows), 0.95)
        for row, printed in zip(self.table("run"), rows, strict=True):
            self.assertAlmostEqual(float(row["confidence"]), float(printed["probability"]), places=4)


if __name__ == "__main__":
    unittest.main()
