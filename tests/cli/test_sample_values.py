"""Images of more than 8 bits: the training set decides what is black and white, and the model keeps it."""

import json
import shutil
import struct
import zipfile
import zlib

from PIL import Image

from tests.cli.transfer_case import TransferCase, hash_of


def grey_tiff(values, width, kind):
    """A grey TIFF of one strip; `kind` is a letter of `struct`: H for 16 bits, f for floats."""
    data = struct.pack(f"<{len(values)}{kind}", *values)
    sample_format = {"H": 1, "f": 3}[kind]
    entries = {256: width, 257: len(values) // width, 258: 8 * struct.calcsize(kind), 259: 1, 262: 1, 273: 8, 277: 1,
               278: len(values) // width, 279: len(data), 339: sample_format}
    directory = struct.pack("<H", len(entries))
    directory += b"".join(struct.pack("<HHII", tag, 4, 1, value) for tag, value in sorted(entries.items()))
    return b"II*\0" + struct.pack("<I", 8 + len(data)) + data + directory + bytes(4)


def grey_png(values, width):
    """A 16-bit grey PNG."""
    def chunk(name, data):
        return struct.pack(">I", len(data)) + name + data + struct.pack(">I", zlib.crc32(name + data))
    rows = [values[i:i + width] for i in range(0, len(values), width)]
    pixels = b"".join(b"\0" + struct.pack(f">{width}H", *row) for row in rows)
    return (b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", struct.pack(">IIBBBBB", width, len(rows), 16, 0, 0, 0, 0))
            + chunk(b"IDAT", zlib.compress(pixels)) + chunk(b"IEND", b""))


class SampleValues(TransferCase):
    WIDTH = 24

    def shades(self, *parts):
        """Light or dark 8-bit values, by the first part."""
        base = 190 if parts[0] == "light" else 30
        return [base + (hash_of(*parts) + 7 * i) % 40 for i in range(self.WIDTH * self.WIDTH)]

    def write_data(self, root, ending, encode):
        """Two classes in train and val, each image made from its 8-bit values."""
        for split, count in (("train", 6), ("val", 3)):
            for name in ("light", "dark"):
                for i in range(count):
                    path = self.folder / root / split / name / f"{i}.{ending}"
                    path.parent.mkdir(parents=True, exist_ok=True)
                    path.write_bytes(encode(self.shades(name, split, i)))

    def metadata(self, run):
        with zipfile.ZipFile(self.folder / run / "model.pt") as archive:
            name = next(n for n in archive.namelist() if n.endswith("extra/transfer.json"))
            return json.loads(archive.read(name))

    def probability(self, path):
        done = self.run_transfer("predict", "--model", "run/model.pt", path, "--format", "json")
        return json.loads(done.stdout)[0], done.stderr

    def test_the_training_set_decides_and_the_model_keeps_it(self):
        self.write_data("data", "png", lambda values: grey_png([16 * v for v in values], self.WIDTH))
        done = self.train()
        self.assertRegex(done.stderr, r"12 of 12 training images, such as data/train/\S+, hold 16-bit numbers .*"
                                      r"0 becomes black and 4095 white")
        self.assertIn("sample_range: [0, 4095]", (self.folder / "run/config.yaml").read_text())
        self.assertEqual(self.metadata("run")["preprocessing"]["sample_range"], [0, 4095])

        # An 8-bit image of the same shades gives nearly the same answer, another range cuts off.
        values = self.shades("light", "new")
        (self.folder / "deep.png").write_bytes(grey_png([16 * v for v in values], self.WIDTH))
        Image.frombytes("L", (self.WIDTH, self.WIDTH), bytes(values)).save(self.folder / "plain.png")
        deep, message = self.probability("deep.png")
        self.assertNotIn("deep.png", message)
        plain, _ = self.probability("plain.png")
        self.assertEqual(deep["class"], plain["class"])
        self.assertAlmostEqual(deep["probability"], plain["probability"], places=2)
        (self.folder / "bright.png").write_bytes(grey_png([250 * v for v in values], self.WIDTH))
        self.assertRegex(self.probability("bright.png")[1], r"bright.png, hold values outside of the range 0 to 4095")

        # The run can be repeated from its own settings, which are then not decided again.
        again = self.run_transfer("--config", "run/config.yaml", "--out", "again")
        self.assertNotIn("becomes black", again.stderr)
        self.assertEqual(self.metadata("again")["preprocessing"]["sample_range"], [0, 4095])
        done = self.run_transfer("evaluate", "--model", "run/model.pt", "--data", "data", "--split", "val", "--json")
        self.assertEqual(json.loads(done.stdout)["accuracy"], self.summary()["val"]["accuracy"])

    def test_floats_and_settings(self):
        self.write_data("data", "tif", lambda values: grey_tiff([v - 100.5 for v in values], self.WIDTH, "f"))
        done = self.train("--set", "data.sample_range=[-100.5, 154.5]")
        self.assertNotIn("becomes black", done.stderr)
        self.assertEqual(self.metadata("run")["preprocessing"]["sample_range"], [-100.5, 154.5])
        shutil.rmtree(self.folder / "run")
        self.refused("--data", "data", "--backbone", "tiny", "--out", "run", "--set", "data.sample_range=[5, 5]",
                     expect=2, parts=["data.sample_range", "[smallest, largest]"])
        # 16-bit numbers and floats have no range in common.
        mixed = self.folder / "data/train/dark/mixed.png"
        mixed.write_bytes(grey_png([200 * v for v in self.shades("dark", "mixed")], self.WIDTH))
        self.refused("--data", "data", "--backbone", "tiny", "--out", "run", expect=3,
                     parts=["mixed.png", "16-bit numbers", "floats", "Convert"])

    def test_images_of_another_range_are_refused_or_named(self):
        number = iter(range(100))

        def encode(values):
            unit = 255 if next(number) % 2 else 1
            return grey_tiff([v / unit for v in values], self.WIDTH, "f")

        self.write_data("data", "tif", encode)
        preview = ["preview", "--data", "data", "--backbone", "tiny", "--output", "images.png"]
        self.refused(*preview, expect=3, parts=["reach no further than 1", "need 0 to 255", "data.sample_range=[0,255]"])
        done = self.run_transfer(*preview, "--set", "data.sample_range=[0,255]")
        self.assertRegex(done.stderr, r"6 of 12 training images, such as \S+, hold values that the range 0 to 255 .* "
                                      "single shade")

    def test_a_model_without_a_range_refuses_what_it_would_have_to_guess(self):
        self.make_data()
        self.train()
        self.assertNotIn("sample_range", self.metadata("run")["preprocessing"])
        (self.folder / "a.tif").write_bytes(grey_tiff([float(v) for v in self.shades("dark")], self.WIDTH, "f"))
        (self.folder / "b.tif").write_bytes(grey_tiff([v / 255 for v in self.shades("dark")], self.WIDTH, "f"))
        done = self.run_transfer("predict", "--model", "run/model.pt", "a.tif", "b.tif")
        self.assertRegex(done.stdout, "a.tif: error: holds values from 30 to 69.*data.sample_range")
        self.assertRegex(done.stdout, "(?m)^b.tif: *(red|blue)")
        self.assert_names(done.stderr, "2 of 2 images", "floats are read from 0 to 1")

    def test_what_is_left_out_of_an_image_is_said_once(self):
        self.make_data()
        frames = [Image.new("RGB", (24, 24), colour) for colour in ("red", "blue", "green")]
        for ending in ("webp", "png", "gif", "tiff"):
            frames[0].save(self.folder / f"data/train/red/animated.{ending}", save_all=True, append_images=frames[1:])
        Image.new("RGBA", (24, 24), (9, 9, 9, 0)).save(self.folder / "data/train/red/clear.png")
        (self.folder / "data/train/red/0.png").rename(self.folder / "data/train/red/0.jfif")
        done = self.train()
        lines = [line for line in done.stderr.splitlines() if "first image of each" in line]
        self.assertEqual(len(lines), 1, done.stderr)
        self.assert_names(lines[0], "4 of 21 training images", "animated.")
        self.assertEqual(self.summary()["train_images"], 21)
        self.assertRegex(done.stderr, "1 of 21 training images, such as .*clear.png, are transparent everywhere")
        self.assertEqual(self.summary()["broken_images"], [])
