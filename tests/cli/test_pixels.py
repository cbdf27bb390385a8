"""The backbone flatten, heads with hidden layers and IDX files, by the built binary."""

import gzip
import json
import random
import struct

import torch

from tests.cli.transfer_case import TransferCase

SIDE = 10
IMAGES = "train-images-idx3-ubyte.gz"
LABELS = "train-labels-idx1-ubyte.gz"


class PixelsCase(TransferCase):
    """IDX files whose class is the third of the image that is bright."""

    def make_idx(self, root="digits", train=60, test=30):
        folder = self.folder / root
        folder.mkdir()
        generator = random.Random(2)
        for prefix, count in (("train", train), ("t10k", test)):
            labels = bytes(i % 3 for i in range(count))
            pixels = bytes(
                generator.randint(0, 90) + (150 if 3 * x // SIDE == label else 0)
                for label in labels for _ in range(SIDE) for x in range(SIDE))
            images = struct.pack(">IIII", 0x803, count, SIDE, SIDE) + pixels
            (folder / f"{prefix}-images-idx3-ubyte.gz").write_bytes(gzip.compress(images))
            (folder / f"{prefix}-labels-idx1-ubyte.gz").write_bytes(
                gzip.compress(struct.pack(">II", 0x801, count) + labels))
        return folder

    def flatten(self, *arguments, out="run", **options):
        return self.run_transfer("--data", "digits", "--backbone", "flatten", "--out", out, *arguments, **options)

    def load(self, out="run"):
        return torch.jit.load(str(self.folder / out / "model.pt"))


class Flatten(PixelsCase):
    def test_softmax_regression_on_pixels_is_one_layer_that_python_can_read(self):
        self.make_idx()
        done = self.flatten("--strategy", "fine-tune", "--seed", "1")
        self.assertRegex(done.stderr, r"flatten .*strategy")
        self.assertRegex(done.stderr, r"\b48 train.*\b12 val.*\b30 test")
        summary = self.summary()
        self.assertEqual(summary["classes"], ["0", "1", "2"])
        self.assertGreater(summary["test"]["accuracy"], 0.9)
        model = self.load()
        self.assertEqual(model.head.weight.shape, (3, SIDE * SIDE))
        images = torch.frombuffer(
            bytearray(gzip.decompress((self.folder / "digits/t10k-images-idx3-ubyte.gz").read_bytes())[16:]),
            dtype=torch.uint8).view(-1, 1, SIDE, SIDE) / 255
        right = (model.predict(images).argmax(1) == torch.arange(30) % 3).double().mean().item()
        self.assertAlmostEqual(right, summary["test"]["accuracy"])
        evaluated = self.run_transfer("evaluate", "--model", "run/model.pt", "--data", "digits", "--json")
        self.assertAlmostEqual(json.loads(evaluated.stdout)["accuracy"], right)

    def test_hidden_layers_repeat_bit_for_bit_and_a_seed_changes_them(self):
        self.make_idx()
        settings = ("--set", "head.hidden=[16, 8]", "--set", "head.activation=sigmoid", "--set", "train.epochs=40",
                    "--set", "train.lr=0.01", "--set", "train.batch_size=16")
        for out, seed in (("a", 4), ("b", 4), ("c", 5)):
            self.flatten(*settings, "--seed", str(seed), out=out)
        models = {out: (self.folder / out / "model.pt").read_bytes() for out in "abc"}
        self.assertEqual(models["a"], models["b"])
        self.assertNotEqual(models["a"], models["c"])
        self.assertGreater(self.summary("a")["test"]["accuracy"], 0.9)
        parameters = {name: tuple(value.shape) for name, value in self.load("a").head.named_parameters()}
        self.assertEqual(parameters, {
            "hidden0.weight": (16, SIDE * SIDE), "hidden0.bias": (16,), "hidden1.weight": (8, 16),
            "hidden1.bias": (8,), "weight": (3, 8), "bias": (3,)})
        config = (self.folder / "a/config.yaml").read_text()
        for line in ("hidden: [16, 8]", "activation: sigmoid", "optimizer: adamw", "dropout: 0.2"):
            self.assertIn(line, config)
        self.run_transfer("--config", "a/config.yaml", "--out", "again")
        self.assertEqual((self.folder / "again/model.pt").read_bytes(), models["a"])

    def test_coloured_image_files_keep_their_colours(self):
        self.make_data(per_class=6)
        self.run_transfer("--data", "data", "--backbone", "flatten", "--out", "run", "--set", "data.input_size=4")
        self.assertEqual(self.load().head.weight.shape, (2, 3 * 4 * 4))
        self.assertEqual(self.summary()["val"]["accuracy"], 1.0)
        done = self.run_transfer("predict", "--model", "run/model.pt", "data/val/red/0.png", "--format", "json")
        self.assertIn('"red"', done.stdout)


class HiddenLayers(PixelsCase):
    def test_above_a_frozen_and_a_trained_backbone(self):
        self.make_data()
        hidden = ("--set", "head.hidden=[12]", "--set", "train.epochs=3", "--set", "train.replicas=auto")
        for strategy in ("freeze-conv", "fine-tune"):
            self.train("--strategy", strategy, *hidden, out=strategy)
            model = self.load(strategy)
            self.assertEqual(model.head.hidden0.weight.shape, (12, 16))
            self.assertEqual(model(torch.zeros(2, 3, 32, 32)).shape, (2, 2))
            self.assertEqual(model.features(torch.zeros(2, 3, 32, 32)).shape, (2, 16))

    def test_numbers_are_given_back_in_their_units(self):
        self.make_data(per_class=12)
        rows = [f"data/{split}/{name}/{i}.png,{20000 + 3000 * (name == 'red') + i},{split}"
                for split in ("train", "val") for name in ("red", "blue") for i in range(12)]
        (self.folder / "numbers.csv").write_text("\n".join(["path,grams,split", *rows]) + "\n")
        self.train("--task", "regression", "--set", "head.hidden=[12]", "--set", "train.epochs=60",
                   "--set", "train.lr=0.01", data="numbers.csv")
        self.assertGreater(self.summary()["val"]["r2"], 0.9)


class Refusals(PixelsCase):
    def test_files_and_settings_are_named_with_a_remedy(self):
        folder = self.make_idx()
        whole = (folder / IMAGES).read_bytes()
        flags = ("--data", "digits", "--backbone", "flatten", "--out", "run")
        for bytes_, parts in (
            (gzip.decompress(whole), (IMAGES, "gzip", ".gz")),
            (whole[:-200], (IMAGES, "damaged", "download")),
            (gzip.compress(gzip.decompress(whole)[:-5]), (IMAGES, "5995", "6000")),
            ((folder / LABELS).read_bytes(), (IMAGES, "0x00000801", "0x00000803")),
        ):
            (folder / IMAGES).write_bytes(bytes_)
            self.refused(*flags, expect=3, parts=parts)
        (folder / IMAGES).write_bytes(whole)
        (folder / "t10k-labels-idx1-ubyte.gz").write_bytes(
            gzip.compress(struct.pack(">II", 0x801, 30) + bytes([7] + [0] * 29)))
        self.refused(*flags, expect=3, parts=("class '7'", "t10k-images-idx3-ubyte.gz#0", "0, 1, 2"))
        (folder / IMAGES).unlink()
        self.refused(*flags, expect=3, parts=(LABELS, "train-images-idx3-ubyte", "folder"))
        (folder / IMAGES).write_bytes(whole)
        for setting, parts in (
            ("head.hidden=[0]", ("head.hidden", "[512, 256]")),
            ("head.hidden=12", ("head.hidden", "list")),
            ("head.activation=rely", ("head.activation", "relu")),
            ("head.dropout=1", ("head.dropout", "0.99")),
        ):
            self.refused(*flags, "--set", setting, expect=2, parts=parts)
        self.refused(*flags, "--set", "head.hidden=[8]", "--set", "train.optimizer=lbfgs", expect=2,
                     parts=("train.optimizer", "lbfgs", "adamw", "sgd"))
        self.refused(*flags, "--task", "regression", expect=3, parts=("digits", "CSV"))
        self.refused("lr-find", "--data", "digits", "--backbone", "flatten", expect=2, parts=("flatten", "pretrained"))


if __name__ == "__main__":
    import unittest

    unittest.main()
