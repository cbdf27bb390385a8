"""Every shell and Python block of README and docs is run, in the order of its page, in one folder per page.

Blocks marked `<!-- not run: REASON -->` are left out, and named. The page of Slurm has a test of its own.
"""

import os
import shutil
import subprocess
import sys
import tempfile
import unittest
from pathlib import Path

from tests.docs import scratch
from tests.docs.pages import PAGES, blocks

PAGE_OF_SLURM = "slurm.md"
LONGEST_BLOCK = 240  # seconds


class PageCase(unittest.TestCase):
    """Each test has `self.folder`, a scratch folder that is the working directory of its blocks."""

    @classmethod
    def setUpClass(cls):
        cls.shared = Path(tempfile.mkdtemp(prefix="transfer-docs-"))
        cls.addClassCleanup(shutil.rmtree, cls.shared, ignore_errors=True)
        (cls.shared / "data").mkdir()
        (cls.shared / "tools").mkdir()
        scratch.make_data(cls.shared / "data")
        scratch.make_tools(cls.shared / "tools")
        cls.environment = scratch.environment(cls.shared / "tools")

    def setUp(self):
        self.folder = self.shared / self.id().rpartition(".")[2]
        shutil.copytree(self.shared / "data", self.folder)
        scratch.link_sources(self.folder)

    def run_block(self, page, block, environment=None, text=None):
        """Runs a block, and asserts that it succeeds; writes a YAML block to the file that it names."""
        text = text or block.text
        if block.language == "yaml":
            (self.folder / block.file_name).write_text(text)
            return None
        command = [sys.executable, "-c", text] if block.language == "python" else ["bash", "-euo", "pipefail", "-c", text]
        done = subprocess.run(command, cwd=self.folder, env=environment or self.environment, text=True,
                              capture_output=True, stdin=subprocess.DEVNULL, timeout=LONGEST_BLOCK)
        self.assertEqual(done.returncode, 0, f"{page.name}:{block.line}\n{text}\n{done.stdout}\n{done.stderr}")
        return done


def why_not(block):
    """Why a block is not run here; None where it is."""
    if block.reason:
        return block.reason
    if "mpirun" in block.text and (os.environ.get("TRANSFER_HAS_MPI") != "ON" or not shutil.which("mpirun")):
        return "transfer was built without MPI, or there is no mpirun"
    return None


class Pages(PageCase):
    """One test per page, added below."""


def add_test(page):
    def test(self):
        for block in blocks(page):
            if block.language not in ("sh", "python", "yaml"):
                continue
            if reason := why_not(block):
                print(f"SKIPPED: {page.name}:{block.line}: {reason}", flush=True)
                continue
            self.run_block(page, block)

    setattr(Pages, f"test_{page.stem.replace('-', '_').lower()}_{page.parent.name}", test)


for one in PAGES:
    if one.name != PAGE_OF_SLURM and blocks(one):
        add_test(one)


class Results(PageCase):
    """What the README's Python block prints is what `transfer predict` says."""

    def test_python_gives_the_probabilities_of_predict(self):
        readme = PAGES[0]
        self.assertEqual(readme.name, "README.md")
        (python,) = [block for block in blocks(readme) if block.language == "python"]
        self.run_block(readme, python._replace(language="sh", text="transfer --data pets --output runs/pets"))
        printed = dict(line.split(": ") for line in self.run_block(readme, python).stdout.splitlines())
        self.assertEqual(sorted(printed), ["cats", "dogs"])
        for enlarged in (False, True):
            if enlarged:
                scratch.write_image(self.folder / "photo.jpg", (120, 80, 120), seed=4, size=(20, 27))
                printed = dict(line.split(": ") for line in self.run_block(readme, python).stdout.splitlines())
            predicted = self.run_block(readme, python._replace(
                language="sh", text="transfer predict --model runs/pets/model.pt photo.jpg --format csv")).stdout
            row = dict(zip(*(line.split(",") for line in predicted.splitlines())))
            self.assertAlmostEqual(float(printed[row["class"]]), float(row["probability"]), delta=0.0002)


if __name__ == "__main__":
    unittest.main()
