"""Prepares the ELPV solar cells (PyPI: elpv-dataset) as class folders with a fixed split.

Usage: python datasets/prepare/elpv.py [--out DIR]

Writes DIR/{train,val,test}/{functional,defective}/*.png and DIR/labels.csv (path,label,split,probability,type).
A cell is defective where its annotated defect probability is at least 0.5. A quarter of the cells is for testing, as
in Deitsch et al. 2019, and 15 % of the others for validation, each stratified by label and cell type.
"""

import argparse
import csv
import hashlib
import importlib.util
import io
import os
import shutil
import sys
from collections import Counter, defaultdict
from dataclasses import dataclass
from pathlib import Path
from typing import Dict, Hashable, List, Sequence

ROOT = Path(__file__).resolve().parents[2]
SPLITS = ("train", "val", "test")
LABELS = ("functional", "defective")
COLUMNS = ("path", "label", "split", "probability", "type")
TEST_FRACTION = 0.25
VAL_FRACTION = 0.15
SEED = 0

LICENCE = "CC BY-NC-SA 4.0 (not for commercial use); see the elpv-dataset package"
CITATION = (
    "S. Deitsch et al., Automatic classification of defective photovoltaic module cells in electroluminescence "
    "images, Solar Energy 185 (2019) 455-468, doi:10.1016/j.solener.2019.02.067"
)


class PrepareError(Exception):
    """Why the data set cannot be prepared, and what to do about it."""


@dataclass(frozen=True)
class Cell:
    """One image: path relative to the package's data folder, annotation as written, "mono" or "poly"."""

    path: str
    probability: str
    type: str

    @property
    def label(self) -> str:
        return LABELS[float(self.probability) >= 0.5]


def package_data() -> Path:
    """The folder of elpv-dataset's labels and images; the package itself is not imported."""
    spec = importlib.util.find_spec("elpv_dataset")
    if spec is None or spec.origin is None:
        raise PrepareError(
            "elpv-dataset is not installed; run: pip install --no-deps -r datasets/prepare/requirements.txt"
        )
    return Path(spec.origin).parent / "data"


def read_cells(data: Path) -> List[Cell]:
    """The rows of `data`/labels.csv, whose three columns are separated by spaces."""
    lines = (data / "labels.csv").read_text().splitlines()
    return [Cell(*line.split()) for line in lines if line.strip()]


def shares(sizes: Dict[Hashable, int], fraction: float) -> Dict[Hashable, int]:
    """How many to draw from each group, so that the total is round(fraction * all); by largest remainder."""
    exact = {key: size * fraction for key, size in sizes.items()}
    counts = {key: int(value) for key, value in exact.items()}
    missing = round(sum(sizes.values()) * fraction) - sum(counts.values())
    by_remainder = sorted(exact, key=lambda key: (counts[key] - exact[key], key))
    for key in by_remainder[:missing]:
        counts[key] += 1
    return counts


def draw(cells: Sequence[Cell], fraction: float, purpose: str) -> List[Cell]:
    """A sample stratified by label and type. It depends neither on the order of `cells` nor on the platform."""
    strata = defaultdict(list)
    for cell in cells:
        strata[cell.label, cell.type].append(cell)
    counts = shares({key: len(members) for key, members in strata.items()}, fraction)

    def rank(cell: Cell) -> str:
        return hashlib.sha256(f"{SEED}:{purpose}:{cell.path}".encode()).hexdigest()

    return [cell for key in sorted(strata) for cell in sorted(strata[key], key=rank)[: counts[key]]]


def split_cells(cells: Sequence[Cell]) -> Dict[Cell, str]:
    """The split of each cell: test first, then validation from the rest."""
    assignment = dict.fromkeys(cells, "train")
    test = draw(cells, TEST_FRACTION, "test")
    assignment.update(dict.fromkeys(test, "test"))
    rest = [cell for cell in cells if assignment[cell] == "train"]
    assignment.update(dict.fromkeys(draw(rest, VAL_FRACTION, "val"), "val"))
    return assignment


def placed_path(cell: Cell, split: str) -> str:
    return f"{split}/{cell.label}/{Path(cell.path).name}"


def labels_csv(assignment: Dict[Cell, str]) -> str:
    """The text of labels.csv, with its rows sorted by path."""
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(COLUMNS)
    rows = [
        (placed_path(cell, split), cell.label, split, cell.probability, cell.type)
        for cell, split in assignment.items()
    ]
    writer.writerows(sorted(rows))
    return text.getvalue()


def is_complete(out: Path, data: Path, assignment: Dict[Cell, str]) -> bool:
    """Whether `out` holds these labels and every image at its full size."""
    try:
        same_labels = (out / "labels.csv").read_text() == labels_csv(assignment)
        return same_labels and all(
            (out / placed_path(cell, split)).stat().st_size == (data / cell.path).stat().st_size
            for cell, split in assignment.items()
        )
    except OSError:
        return False


def link_or_copy(source: Path, target: Path) -> None:
    try:
        os.link(source, target)
    except OSError:
        shutil.copyfile(source, target)


def fill(folder: Path, data: Path, assignment: Dict[Cell, str]) -> None:
    for split in SPLITS:
        for label in LABELS:
            (folder / split / label).mkdir(parents=True)
    for cell, split in assignment.items():
        link_or_copy(data / cell.path, folder / placed_path(cell, split))
    (folder / "labels.csv").write_text(labels_csv(assignment))


def prepare(data: Path, out: Path) -> bool:
    """Puts the cells of `data` into `out`; returns False where `out` was complete already.

    `out` appears whole or not at all. Raises PrepareError where it holds anything else, which is left untouched.
    """
    assignment = split_cells(read_cells(data))
    if is_complete(out, data, assignment):
        return False
    if out.exists() and (not out.is_dir() or any(out.iterdir())):
        raise PrepareError(f"{out} is not a complete ELPV set; remove it or give another folder with --out")
    out.parent.mkdir(parents=True, exist_ok=True)
    beside = out.with_name(f".{out.name}.{os.getpid()}.tmp")
    try:
        fill(beside, data, assignment)
        os.rename(beside, out)
    finally:
        shutil.rmtree(beside, ignore_errors=True)
    return True


def summary(out: Path) -> str:
    """Counts of each split, licence and citation."""
    with open(out / "labels.csv", newline="") as file:
        counts = Counter((row["split"], row["label"]) for row in csv.DictReader(file))
    lines = [
        f"  {split:5} {sum(counts[split, label] for label in LABELS):5} images: "
        + ", ".join(f"{counts[split, label]} {label}" for label in LABELS)
        for split in SPLITS
    ]
    return "\n".join(lines + [f"  licence: {LICENCE}", f"  cite: {CITATION}"])


def main() -> int:
    parser = argparse.ArgumentParser(description="Prepare the ELPV solar cells as class folders.")
    parser.add_argument("--out", type=Path, default=ROOT / "datasets" / "demo" / "elpv", help="default: %(default)s")
    out = parser.parse_args().out.absolute()
    try:
        written = prepare(package_data(), out)
    except (PrepareError, OSError) as error:
        print(f"elpv: {error}", file=sys.stderr)
        return 1
    print(f"elpv: {'written to' if written else 'up to date at'} {out}")
    print(summary(out))
    return 0


if __name__ == "__main__":
    sys.exit(main())
