"""What the black-box tests share: a folder of their own, images made on the spot, and the binary."""

import contextlib
import csv
import ctypes
import json
import os
import random
import resource
import shutil
import signal
import struct
import subprocess
import tempfile
import unittest
from pathlib import Path

from PIL import Image

BINARY = os.environ.get("TRANSFER_BINARY", "build/transfer")
FIXTURES = Path(os.environ.get("TRANSFER_FIXTURES", "build/fixtures")).resolve()
# How much longer the binary may take: sanitizers make it slow.
SLOWER = int(os.environ.get("TRANSFER_TEST_TIMEOUT_FACTOR", "1"))


class TransferCase(unittest.TestCase):
    """Each test has `self.folder`, a temporary folder that is the binary's working directory."""

    def setUp(self):
        self.folder = Path(tempfile.mkdtemp(prefix="transfer-cli-"))
        self.addCleanup(shutil.rmtree, self.folder, ignore_errors=True)

    def command(self, *arguments):
        return [str(Path(BINARY).resolve()), *map(str, arguments)]

    def environment(self):
        return {**os.environ, "TRANSFER_MODELS": str(FIXTURES)}

    def run_transfer(self, *arguments, expect=0, stdin=None, before=None, stdout=None):
        """Runs the binary and asserts its exit status, unless `expect` is None; returns the finished process.

        `before` is called in the child process before the binary starts; `stdout` names a file to write to.
        """
        with open(stdout, "wb") if stdout else contextlib.nullcontext(subprocess.PIPE) as output:
            done = subprocess.run(
                self.command(*arguments), cwd=self.folder, env=self.environment(), input=stdin, stdout=output,
                stderr=subprocess.PIPE, text=True, timeout=120 * SLOWER, preexec_fn=before, restore_signals=before is None,
            )
        if expect is not None:
            self.assertEqual(done.returncode, expect, f"{arguments}\n{done.stdout}\n{done.stderr}")
        return done

    def assert_names(self, text, *parts):
        """Asserts that `text` names all `parts`: files, keys, numbers and nouns, in any case of letters."""
        for part in parts:
            self.assertIn(part.lower(), text.lower())

    def message(self, done):
        """The error message that the binary ended with, without what it reported before."""
        start = done.stderr.rfind("transfer: ")
        self.assertGreaterEqual(start, 0, f"no error message: {done.stderr}")
        return done.stderr[start:]

    def warnings(self, done, *parts):
        """The lines of stderr that are warnings and name all `parts`."""
        return [line for line in done.stderr.splitlines()
                if line.startswith("warning: ") and all(part.lower() in line.lower() for part in parts)]

    def refused(self, *arguments, expect, parts, **options):
        """Asserts that the binary refuses, that its message names all `parts`, and that no run is left half-written."""
        done = self.run_transfer(*arguments, expect=expect, **options)
        self.assert_names(self.message(done), *parts)
        self.assertEqual(done.stdout, "")
        for name in ("model.pt", "summary.json"):
            self.assertEqual(list(self.folder.glob(f"**/{name}")), [])
        self.assertEqual(list(self.folder.glob("**/*.tmp")), [])
        self.assertFalse((self.folder / "run").exists(), "a refused run leaves its directory")
        return done

    def train(self, *arguments, data="data", out="run", **options):
        done = self.run_transfer("--data", data, "--backbone", "tiny", "--out", out, *arguments, **options)
        return done

    def summary(self, out="run"):
        return json.loads((self.folder / out / "summary.json").read_text())

    def read_csv(self, name):
        with open(self.folder / name, newline="") as file:
            return list(csv.DictReader(file))

    def metrics_lines(self, out="run"):
        return [json.loads(line) for line in (self.folder / out / "metrics.jsonl").read_text().splitlines()]

    def make_data(self, root="data", splits=("train", "val"), per_class=8, classes=("red", "blue")):
        """Class folders of small images; the colour gives the class."""
        colours = {"red": (200, 40, 40), "blue": (40, 40, 200), "green": (40, 200, 40)}
        for split in splits:
            for name in classes:
                for i in range(per_class):
                    path = self.folder / root / split / name / f"{i}.png"
                    write_image(path, colours[name], seed=hash_of(split, name, i))
        return self.folder / root


def without_comments(text):
    """What --print-config prints, without its comments."""
    lines = (line.split("  # ")[0].split(" # ")[0].rstrip() for line in text.splitlines())
    return "".join(line + "\n" for line in lines if line and not line.lstrip().startswith("#"))


def without_privileges():
    """For a child process: root gives up its capabilities, so that file modes hold for it too."""
    if os.geteuid() != 0:
        return
    PR_SET_SECUREBITS, SECBIT_NOROOT = 28, 1  # prctl(2): exec as user 0 must not give them back
    libc = ctypes.CDLL(None, use_errno=True)
    header = struct.pack("Ii", 0x20080522, 0)  # capset(2), version 3, this process
    if libc.prctl(PR_SET_SECUREBITS, SECBIT_NOROOT, 0, 0, 0) != 0 or libc.capset(header, bytes(24)) != 0:
        raise OSError(ctypes.get_errno(), "capabilities cannot be given up")


def files_of_at_most(count):
    """For a child process: writing beyond `count` bytes of any file fails, as on a full disk."""
    def limit():
        signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
        resource.setrlimit(resource.RLIMIT_FSIZE, (count, count))
    return limit


def hash_of(*parts):
    return sum(ord(letter) * (position + 1) for position, letter in enumerate(repr(parts)))


def write_image(path, colour, seed=0, size=(48, 40), **options):
    """An image of one colour with noise; the file's ending decides its format."""
    path.parent.mkdir(parents=True, exist_ok=True)
    generator = random.Random(seed)
    image = Image.new("RGB", size)
    image.putdata([
        tuple(max(0, min(255, channel + generator.randint(-30, 30))) for channel in colour)
        for _ in range(size[0] * size[1])
    ])
    image.save(path, **options)
