"""docs/summary.schema.json describes the summaries of every kind of run, and refuses others."""

import copy
import csv
import json
import unittest
from pathlib import Path

from tests.cli.transfer_case import TransferCase

try:
    import jsonschema
except ImportError:
    jsonschema = None

SCHEMA = json.loads((Path(__file__).parents[2] / "docs/summary.schema.json").read_text())
TUNED = ("--strategy", "fine-tune", "--set", "train.epochs=1", "--threads", "1")


@unittest.skipIf(jsonschema is None, "the Python package jsonschema is missing")
class SummarySchema(TransferCase):
    def setUp(self):
        super().setUp()
        jsonschema.Draft202012Validator.check_schema(SCHEMA)
        self.validator = jsonschema.Draft202012Validator(SCHEMA)
        self.make_data(splits=("train", "val", "test"), classes=("red", "blue", "green"))

    def write_table(self, name, columns, cells):
        """A CSV of all images; `cells` gives the cells behind path and split for a colour and a number."""
        with open(self.folder / name, "w", newline="") as file:
            writer = csv.writer(file)
            writer.writerow(["path", "split", *columns])
            for path in sorted((self.folder / "data").glob("*/*/*.png")):
                split, colour = path.parts[-3:-1]
                writer.writerow([path.relative_to(self.folder), split, *cells(colour, int(path.stem))])

    def check(self, out, *flags, data):
        self.train(*flags, data=data, out=out)
        summary = self.summary(out)
        self.validator.validate(summary)
        return summary

    def test_classes(self):
        summary = self.check("run", "--set", "train.top_k=2", data="data")
        self.assertEqual(summary["data"]["path"], str(self.folder / "data"))
        for split in ("train", "val", "test"):
            self.assertEqual(summary["data"]["images"][split],
                             {"count": 24, "per_class": {"blue": 8, "green": 8, "red": 8}})
        self.assertIn("--data data --backbone tiny --out run --set train.top_k=2", summary["command"])
        self.assertIsNone(summary["hardware"]["gpu"])
        tuned = self.check("tuned", *TUNED, data="data")
        self.assertEqual(tuned["data"]["sha256"], summary["data"]["sha256"], "whatever the strategy")
        taught = self.check("taught", *TUNED, "--teacher", "run", data="data")
        self.assertEqual(taught["teacher"]["path"], "run")
        self.check("stages", "--strategy", "early-features", data="data")
        self.check("all", "--strategy", "all-features", data="data")
        picture = self.folder / "data/train/red/0.png"
        picture.write_bytes(picture.read_bytes() + b"more")
        self.assertNotEqual(self.check("other", data="data")["data"]["sha256"], summary["data"]["sha256"])

    def test_labels(self):
        self.write_table("labels.csv", ["label"], lambda colour, i: [f"{colour}|even" if i % 2 == 0 else colour])
        flags = ("--set", "head.loss=binary_cross_entropy")
        summary = self.check("run", *flags, data="labels.csv")
        self.assertEqual(summary["data"]["images"]["val"],
                         {"count": 24, "per_label": {"blue": 8, "even": 12, "green": 8, "red": 8}})
        self.check("tuned", *flags, *TUNED, data="labels.csv")

    def test_numbers(self):
        self.write_table("numbers.csv", ["warmth", "number"], lambda colour, i: [{"red": 2, "blue": 0}.get(colour, 1), i / 10])
        flags = ("--task", "regression")
        summary = self.check("run", *flags, data="numbers.csv")
        self.assertEqual(summary["data"]["images"]["val"], {"count": 24})
        self.check("tuned", *flags, *TUNED, data="numbers.csv")
        self.check("stages", *flags, "--strategy", "early-features", data="numbers.csv")

    def test_what_breaks_the_schema_is_found(self):
        summary = self.check("run", data="data")
        for change in (lambda s: s.pop("val"), lambda s: s.update(unknown=1), lambda s: s.update(date="today"),
                       lambda s: s["val"].pop("accuracy"), lambda s: s["data"]["images"].pop("train"),
                       lambda s: s["hardware"].update(cores="many")):
            broken = copy.deepcopy(summary)
            change(broken)
            self.assertFalse(self.validator.is_valid(broken))


if __name__ == "__main__":
    unittest.main()
