"""What the black-box tests share: a folder of their own, pictures made on the spot, and the binary."""

import json
import os
import random
import shutil
import subprocess
import tempfile
import unittest
from pathlib import Path

from PIL import Image

BINARY = os.environ.get("TRANSFER_BINARY", "build/transfer")
FIXTURES = Path(os.environ.get("TRANSFER_FIXTURES", "build/fixtures")).resolve()


class TransferCase(unittest.TestCase):
    """Each test has `self.folder`, a temporary folder that is the binary's working directory."""

    def setUp(self):
        self.folder = Path(tempfile.mkdtemp(prefix="transfer-cli-"))
        self.addCleanup(shutil.rmtree, self.folder, ignore_errors=True)

    def command(self, *arguments):
        return [str(Path(BINARY).resolve()), *map(str, arguments)]

    def environment(self):
        return {**os.environ, "TRANSFER_MODELS": str(FIXTURES)}

    def run_transfer(self, *arguments, expect=0, stdin=None):
        """Runs the binary and asserts its exit status; returns the finished process."""
        done = subprocess.run(
            self.command(*arguments), cwd=self.folder, env=self.environment(), input=stdin,
            capture_output=True, text=True, timeout=120,
        )
        self.assertEqual(done.returncode, expect, f"{arguments}\n{done.stdout}\n{done.stderr}")
        return done

    def refused(self, *arguments, expect, parts):
        """Asserts that the binary refuses, that stderr has all `parts`, and that no run is left half-written."""
        done = self.run_transfer(*arguments, expect=expect)
        for part in parts:
            self.assertIn(part, done.stderr)
        self.assertEqual(done.stdout, "")
        for name in ("model.pt", "summary.json"):
            self.assertEqual(list(self.folder.glob(f"**/{name}")), [])
        self.assertEqual(list(self.folder.glob("**/*.tmp")), [])
        return done

    def train(self, *arguments, data="data", out="run", **options):
        done = self.run_transfer("--data", data, "--backbone", "tiny", "--out", out, *arguments, **options)
        return done

    def summary(self, out="run"):
        return json.loads((self.folder / out / "summary.json").read_text())

    def make_data(self, root="data", splits=("train", "val"), per_class=8, classes=("red", "blue")):
        """Class folders of small pictures that colour tells apart."""
        colours = {"red": (200, 40, 40), "blue": (40, 40, 200), "green": (40, 200, 40)}
        for split in splits:
            for name in classes:
                for i in range(per_class):
                    path = self.folder / root / split / name / f"{i}.png"
                    write_picture(path, colours[name], seed=hash_of(split, name, i))
        return self.folder / root


def hash_of(*parts):
    return sum(ord(letter) * (position + 1) for position, letter in enumerate(repr(parts)))


def write_picture(path, colour, seed=0, size=(48, 40), **options):
    """A picture of one colour with noise; the file's ending decides its format."""
    path.parent.mkdir(parents=True, exist_ok=True)
    generator = random.Random(seed)
    picture = Image.new("RGB", size)
    picture.putdata([
        tuple(max(0, min(255, channel + generator.randint(-30, 30))) for channel in colour)
        for _ in range(size[0] * size[1])
    ])
    picture.save(path, **options)
