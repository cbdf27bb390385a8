"""Networks without metadata that read other images than ImageNet's: the settings, what they write, and who honours it."""

import json
import unittest

import numpy
import torch
from PIL import Image

from tests.cli.transfer_case import TransferCase

SIZE = ("--set", "data.input_size=32")


def load(model):
    """The model in Python, and what it says of its preprocessing."""
    inside = {"transfer.json": ""}
    module = torch.jit.load(str(model), _extra_files=inside)
    return module, json.loads(inside["transfer.json"])["preprocessing"]


def bands(shape, level, seed):
    """uint8 [height, width, 4] around `level`."""
    return numpy.random.default_rng(seed).integers(level - 30, level + 30, (*shape, 4)).astype(numpy.uint8)


class ForeignInput(TransferCase):
    def predicted(self, image):
        """The probability of each class that `predict` gives, in the classes' order."""
        done = self.run_transfer("predict", "--model", "run/model.pt", "--format", "json", "--top", "2", image)
        (row,) = json.loads(done.stdout)
        scores = {entry["class"]: entry["probability"] for entry in row["top"]}
        return torch.tensor([scores[name] for name in sorted(scores)])

    def compare_with_python(self, image):
        module, rule = load(self.folder / "run/model.pt")
        self.assert_same(image, module.classify(torch.from_numpy(numpy.array(Image.open(self.folder / image)))))
        return rule

    def assert_same(self, image, classified):
        expected = torch.tensor([probability for _, probability in sorted(classified)])
        self.assertLess((self.predicted(image) - expected).abs().max().item(), 1e-5)

    def make_band_data(self):
        for split in ("train", "val"):
            for name, level in (("dark", 60), ("light", 180)):
                for i in range(6):
                    folder = self.folder / "data" / split / name
                    folder.mkdir(parents=True, exist_ok=True)
                    pages = [Image.fromarray(numpy.ascontiguousarray(page)) for page in
                             bands((40, 40), level, 100 * len(split) + i).transpose(2, 0, 1)]
                    pages[0].save(folder / f"{i}.tif", save_all=True, append_images=pages[1:])

    def test_a_grey_network_gets_grey_images_and_says_so(self):
        self.make_data()
        done = self.run_transfer("--data", "data", "--backbone", "channels_1", "--out", "run", *SIZE)
        self.assert_names(done.stderr, "stem.0", "reads 1 channel", "grey", "transfer.json")
        rule = self.compare_with_python("data/val/red/0.png")
        self.assertEqual(rule["channels"], "gray")

    def test_caffe_preprocessing_in_a_wide_padded_input(self):
        self.make_data()
        (self.folder / "net.yaml").write_text(
            "backbone: no_metadata\ndata: {input_size: [32, 48], resize: pad}\ninput:\n  order: bgr\n  scale: 0-255\n"
            "  mean: [103.939, 116.779, 123.68]\n  std: 57.5\n")
        done = self.run_transfer("--data", "data", "--config", "net.yaml", "--out", "run")
        self.assertNotIn("assumed", done.stderr)
        rule = self.compare_with_python("data/val/blue/0.png")
        self.assertEqual((rule["channels"], rule["scale"], rule["resize_rule"], rule["input_size"]),
                         ("bgr", "0-255", "pad", [32, 48]))

    def test_four_bands(self):
        self.make_band_data()
        self.refused("--data", "data", "--backbone", "channels_4", "--out", "run", expect=4,
                     parts=["channels_4.pt", "4 channels", "stem.0", "input.channels=4", "input.mean", "input.std"])
        # The remedy of that message.
        self.run_transfer("--data", "data", "--backbone", "channels_4", "--out", "run", *SIZE, "--set", "input.channels=4",
                          "--set", "input.mean=[0.5,0.5,0.5,0.5]", "--set", "input.std=0.25")
        self.assertEqual(self.summary()["val"]["accuracy"], 1.0)
        image = "data/val/light/0.tif"
        module, rule = load(self.folder / "run/model.pt")
        self.assertEqual((rule["channels"], rule["mean"]), ("bands", [0.5] * 4))
        with Image.open(self.folder / image) as file:
            pages = []
            for page in range(4):
                file.seek(page)
                pages.append(numpy.array(file))
        self.assert_same(image, module.classify(torch.from_numpy(numpy.stack(pages, axis=2))))

    def test_images_with_other_bands_are_named(self):
        self.make_data()
        self.refused("--data", "data", "--backbone", "channels_4", "--out", "run", "--set", "input.mean=0.5", "--set",
                     "input.std=0.5", *SIZE, expect=3, parts=["is a PNG", "4 bands", "TIFF"])

    def test_a_file_that_decides_by_itself_is_not_contradicted(self):
        self.make_data()
        self.refused("--data", "data", "--backbone", "tiny", "--out", "run", "--set", "input.mean=0.4", expect=2,
                     parts=["--set: input.mean", "tiny.pt", "0.5", "leave the key out"])

    def test_inspect_takes_the_settings(self):
        done = self.run_transfer("inspect", "--backbone", "channels_4", "--set", "input.mean=0.5", "--set",
                                 "input.std=0.5", "--set", "data.input_size=32x64")
        self.assert_names(done.stdout, "4 bands", "32x64", "cover", "stem.0")
        self.refused("inspect", "--backbone", "channels_4", "--set", "train.lr=1", expect=2,
                     parts=["train.lr", "no effect", "input.mean"])


if __name__ == "__main__":
    unittest.main()
