"""model.pt by itself: its `classes`, `preprocess` and `classify` say in Python what `transfer predict` says."""

import json
import os
import unittest
import zipfile
from pathlib import Path

import numpy
import torch
from PIL import Image, ImageOps

from tests.cli.transfer_case import FIXTURES, TransferCase

DATA = os.environ.get("TRANSFER_DATA")
torch.set_num_threads(1)
# Width and height: smaller and larger than the network's input, halved exactly, and too long to be resized whole.
SIZES = [(1, 1), (5, 300), (700, 9), (33, 31), (64, 64), (112, 56), (97, 640), (31, 90), (301, 299)]


def pixels(path):
    """What the README's snippet gives to the model."""
    return torch.from_numpy(numpy.array(ImageOps.exif_transpose(Image.open(path)).convert("RGB")))


class ClassifyCase(TransferCase):
    def make_odd_images(self):
        folder = self.folder / "odd"
        folder.mkdir()
        for number, (width, height) in enumerate(SIZES):
            coarse = numpy.random.default_rng(number).integers(0, 256, (9, 9, 3), dtype=numpy.uint8)
            image = Image.fromarray(coarse).resize((width, height), Image.Resampling.NEAREST)
            image.save(folder / f"{number}.png")
        return sorted(folder.iterdir())

    def model(self, out="run"):
        return torch.jit.load(str(self.folder / out / "model.pt"), map_location="cpu")

    def assert_python_agrees(self, paths, out="run", within=1e-5):
        """Asserts that Python gives the numbers of `predict` for all images; returns what Python gives."""
        done = self.run_transfer("predict", "--model", f"{out}/model.pt", "--format", "json", "--top", "1000", *paths)
        rows = json.loads(done.stdout)
        self.assertEqual(len(rows), len(paths))
        model, given = self.model(out), []
        for row, path in zip(rows, paths):
            expected = row.get("values") or row.get("probabilities") or {
                entry["class"]: entry["probability"] for entry in row["top"]}
            with torch.inference_mode(), torch.jit.optimized_execution(False):
                given.append(model.classify(pixels(path)))
            self.assertEqual(set(dict(given[-1])), set(expected))
            for name, number in given[-1]:
                self.assertAlmostEqual(number, expected[name], delta=within * max(1, abs(number)), msg=f"{path} {name}")
        return given


class Classify(ClassifyCase):
    def test_images_of_any_size_by_every_rule(self):
        self.make_data(classes=("red", "blue", "green"))
        images = self.make_odd_images()
        for flags in ((), ("--set", "data.input_size=[24, 60]"), ("--set", "data.resize=pad", "--set", "data.input_size=[40, 30]"),
                      ("--set", "data.resize=stretch", "--set", "data.input_size=56")):
            with self.subTest(flags=flags):
                self.train(*flags, "--overwrite")
                given = self.assert_python_agrees(images)
                self.assertGreater(len({round(result[0][1], 3) for result in given}), 4, "the images hardly differ")
        model = self.model()
        self.assertEqual(model.classes, ["blue", "green", "red"])
        for result in given:
            self.assertEqual([p for _, p in result], sorted((p for _, p in result), reverse=True))
            self.assertAlmostEqual(sum(p for _, p in result), 1, places=5)
        x = model.preprocess(pixels(images[0]))
        self.assertEqual((x.dtype, tuple(x.shape)), (torch.float32, (1, 3, 56, 56)))

    def test_bicubic_interpolation(self):
        inside = {"transfer.json": ""}
        network = torch.jit.load(str(FIXTURES / "tiny.pt"), _extra_files=inside)
        about = json.loads(inside["transfer.json"])
        about["preprocessing"]["interpolation"] = "bicubic"
        torch.jit.save(network, str(self.folder / "bicubic.pt"), _extra_files={"transfer.json": json.dumps(about)})
        self.make_data()
        self.run_transfer("--data", "data", "--backbone", "bicubic.pt", "--set", "data.input_size=48", "--out", "run")
        self.assert_python_agrees(self.make_odd_images())

    def test_labels_come_by_their_probability_and_numbers_in_their_order(self):
        self.make_data()
        images = self.make_odd_images()
        files = sorted((self.folder / "data").glob("*/*/*.png"))
        labels = ["red|round", "red", "round", ""]
        (self.folder / "labels.csv").write_text(
            "path,label\n" + "".join(f"{path},{labels[i % 4]}\n" for i, path in enumerate(files)))
        self.train("--set", "head.loss=binary_cross_entropy", data="labels.csv")
        for result in self.assert_python_agrees(images):
            self.assertEqual([p for _, p in result], sorted((p for _, p in result), reverse=True))
        (self.folder / "numbers.csv").write_text(
            "path,weight,height\n" + "".join(f"{path},{100 + 7 * i},{-i}\n" for i, path in enumerate(files)))
        self.train("--task", "regression", data="numbers.csv", out="numbers")
        for result in self.assert_python_agrees(images, out="numbers"):
            self.assertEqual([name for name, _ in result], ["weight", "height"])

    def test_grey_arrays_are_taken_and_others_are_refused_with_a_reason(self):
        self.make_data()
        self.train()
        model = self.model()
        grey = torch.arange(48 * 40, dtype=torch.int32).view(48, 40).remainder(256).byte()
        colours = model.classify(grey.unsqueeze(2).expand(-1, -1, 3))
        self.assertEqual(model.classify(grey), colours)
        self.assertEqual(model.classify(grey.unsqueeze(2)), colours)
        for wrong, reason in ((grey.float(), "torch.uint8"), (grey.view(10, 48, 4), r"width, 3\], found \[10, 48, 4\]"),
                              (grey[:0], r"found \[0, 40, 3\]")):
            with self.assertRaisesRegex(Exception, reason):
                model.classify(wrong)

    def test_the_next_run_gets_methods_of_its_own(self):
        self.make_data()
        self.make_data(root="more", classes=("green", "red", "blue"))
        self.train("--set", "data.input_size=40")
        flags = ("--backbone", "run/model.pt", "--data", "more")
        self.run_transfer(*flags, "--out", "frozen", "--set", "data.resize=pad")
        self.run_transfer(*flags, "--out", "tuned", "--strategy", "fine-tune", "--set", "train.epochs=1", "--threads", "1")
        images = self.make_odd_images()
        for out in ("frozen", "tuned"):
            self.assert_python_agrees(images, out=out)
            self.assertEqual(self.model(out).classes, ["blue", "green", "red"])
            with zipfile.ZipFile(self.folder / out / "model.pt") as archive:
                code = [archive.read(name).decode() for name in archive.namelist() if name.endswith(".py")]
            for method in ("class Preprocessing(", "def classify(", "def fitted("):
                self.assertEqual(sum(text.count(method) for text in code), 1, f"{out}: {method}")


@unittest.skipUnless(DATA, "TRANSFER_DATA is not set: no real images")
class RealImages(ClassifyCase):
    SETS = ("hymenoptera_data/val", "flowers_subset/val", "neu_surface_defects/val", "cifar10_tiny/val", "omniglot_small1/val")

    def test_a_hundred_of_five_sets(self):
        images = []
        for name in self.SETS:
            found = sorted(path for path in Path(DATA, name).glob("*/*") if path.suffix.lower() in (".jpg", ".jpeg", ".png", ".bmp"))
            images += found[::len(found) // 20][:20]
        self.assertEqual(len(images), 100)
        # A large JPEG, which `transfer` lets libjpeg decode at half its size.
        images.append(Path(DATA, self.SETS[0], "ants", "ants-devouring-remains-of-large-dead-insect-on-red-tile-in-Stellenbosch-South-Africa-closeup-1-DHD.jpg"))
        self.assertGreater(min(pixels(images[-1]).shape[:2]), 1000)
        self.make_data()
        self.train("--set", "data.input_size=160")
        self.assert_python_agrees(images, within=1e-3)


if __name__ == "__main__":
    unittest.main()
