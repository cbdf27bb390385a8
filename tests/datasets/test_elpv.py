"""The ELPV preparation: its split, and what it does to folders that are complete, foreign or half written."""

import csv
import importlib.util
import random
import sys
import tempfile
import unittest
from collections import Counter
from pathlib import Path
from unittest import mock

sys.path.insert(0, str(Path(__file__).resolve().parents[2] / "datasets" / "prepare"))

import elpv  # noqa: E402


def synthetic_cells(count=1000):
    """Cells with uneven strata; the probabilities are the four values that the annotations use."""
    chosen = random.Random(3)
    probabilities = ("0.0", "0.3333333333333333", "0.6666666666666666", "1.0")
    return [
        elpv.Cell(
            f"images/cell{index:04}.png",
            chosen.choices(probabilities, (6, 1, 1, 3))[0],
            chosen.choices(("mono", "poly"), (2, 3))[0],
        )
        for index in range(count)
    ]


def write_package_data(folder, cells):
    """A folder laid out as the package's data, every image with bytes of its own."""
    (folder / "images").mkdir(parents=True)
    rows = [f"{cell.path}  {cell.probability}  {cell.type}\n" for cell in cells]
    (folder / "labels.csv").write_text("".join(rows))
    for cell in cells:
        (folder / cell.path).write_bytes(b"image of " + cell.path.encode())


def read_rows(out):
    with open(out / "labels.csv", newline="") as file:
        return list(csv.DictReader(file))


class Split(unittest.TestCase):
    def setUp(self):
        self.cells = synthetic_cells()
        self.assignment = elpv.split_cells(self.cells)

    def test_fractions(self):
        self.assertEqual(Counter(self.assignment.values()), {"test": 250, "val": 112, "train": 638})

    def test_every_stratum_has_its_share_to_within_one_cell(self):
        strata = Counter((cell.label, cell.type) for cell in self.cells)
        drawn = Counter((cell.label, cell.type, split) for cell, split in self.assignment.items())
        self.assertEqual(len(strata), 4)
        for (label, kind), size in strata.items():
            test, val = drawn[label, kind, "test"], drawn[label, kind, "val"]
            self.assertLess(abs(test - 0.25 * size), 1)
            self.assertLess(abs(val - 0.15 * (size - test)), 1)

    def test_label_is_defective_from_a_half_on(self):
        labels = [elpv.Cell("x", value, "mono").label for value in ("0.3333333333333333", "0.5", "0.6666666666666666")]
        self.assertEqual(labels, ["functional", "defective", "defective"])

    def test_order_of_the_rows_does_not_matter(self):
        shuffled = random.Random(9).sample(self.cells, len(self.cells))
        self.assertEqual(elpv.split_cells(shuffled), self.assignment)

    def test_shares_add_up(self):
        self.assertEqual(elpv.shares({"a": 705, "b": 1098, "c": 369, "d": 452}, 0.25),
                         {"a": 176, "b": 275, "c": 92, "d": 113})


class Prepare(unittest.TestCase):
    def setUp(self):
        temporary = tempfile.TemporaryDirectory()
        self.addCleanup(temporary.cleanup)
        self.data, self.out = Path(temporary.name) / "data", Path(temporary.name) / "out"
        self.cells = synthetic_cells(60)
        write_package_data(self.data, self.cells)

    def test_every_image_is_once_in_one_split_with_its_bytes(self):
        self.assertTrue(elpv.prepare(self.data, self.out))
        rows = read_rows(self.out)
        self.assertEqual(tuple(rows[0]), elpv.COLUMNS)
        self.assertEqual(sorted(Path(row["path"]).name for row in rows),
                         sorted(Path(cell.path).name for cell in self.cells))
        files = {str(path.relative_to(self.out)) for path in self.out.rglob("*.png")}
        self.assertEqual(files, {row["path"] for row in rows})
        for row in rows:
            self.assertTrue(row["path"].startswith(f"{row['split']}/{row['label']}/"))
            original = self.data / "images" / Path(row["path"]).name
            self.assertEqual((self.out / row["path"]).read_bytes(), original.read_bytes())

    def test_a_repeat_leaves_a_complete_folder_alone(self):
        elpv.prepare(self.data, self.out)
        before = (self.out.stat().st_ino, (self.out / "labels.csv").stat().st_mtime_ns)
        self.assertFalse(elpv.prepare(self.data, self.out))
        self.assertEqual((self.out.stat().st_ino, (self.out / "labels.csv").stat().st_mtime_ns), before)

    def test_two_folders_get_identical_lists(self):
        other = self.out.with_name("other")
        elpv.prepare(self.data, self.out)
        elpv.prepare(self.data, other)
        self.assertEqual((self.out / "labels.csv").read_bytes(), (other / "labels.csv").read_bytes())

    def test_copies_where_links_are_not_possible(self):
        with mock.patch("os.link", side_effect=PermissionError):
            elpv.prepare(self.data, self.out)
        self.assertTrue(elpv.is_complete(self.out, self.data, elpv.split_cells(self.cells)))

    def test_a_folder_with_something_else_is_refused_and_kept(self):
        self.out.mkdir()
        (self.out / "mine.txt").write_text("keep")
        with self.assertRaisesRegex(elpv.PrepareError, "give another folder"):
            elpv.prepare(self.data, self.out)
        self.assertEqual([path.name for path in self.out.iterdir()], ["mine.txt"])

    def test_a_folder_that_lost_per_image_is_not_complete(self):
        elpv.prepare(self.data, self.out)
        next(self.out.rglob("*.png")).unlink()
        with self.assertRaises(elpv.PrepareError):
            elpv.prepare(self.data, self.out)

    def test_a_failure_leaves_nothing_behind(self):
        (self.data / self.cells[-1].path).unlink()
        with self.assertRaises(OSError):
            elpv.prepare(self.data, self.out)
        self.assertEqual([path.name for path in self.out.parent.iterdir()], ["data"])


@unittest.skipIf(importlib.util.find_spec("elpv_dataset") is None, "elpv-dataset is not installed")
class RealData(unittest.TestCase):
    def test_counts_are_those_of_the_paper(self):
        assignment = elpv.split_cells(elpv.read_cells(elpv.package_data()))
        self.assertEqual(Counter(assignment.values()), {"train": 1673, "val": 295, "test": 656})


if __name__ == "__main__":
    unittest.main()
