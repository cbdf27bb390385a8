"""Thresholds of labels: chosen on validation images, kept in model.pt and used wherever labels are predicted."""

import csv
import json

import torch

from tests.cli.transfer_case import TransferCase, write_image

FLAGS = ("--set", "head.loss=binary_cross_entropy")


class LabelThresholds(TransferCase):
    def setUp(self):
        super().setUp()
        lines = ["path,label,split"]
        for i in range(96):
            # The rare label is hard to tell and seldom likelier than not; the common one is plain.
            labels = (["common"] if i % 2 else []) + (["rare"] if i % 6 == 0 else [])
            red, blue = (200 if i % 2 else 60), (96 if i % 6 == 0 else 80) + (i * 7) % 12
            write_image(self.folder / f"p/{i}.png", (red, 70, blue), seed=i)
            lines.append(f"p/{i}.png,{'|'.join(labels)},{'train' if i % 4 < 2 else 'val'}")
        (self.folder / "labels.csv").write_text("\n".join(lines) + "\n")

    def metadata(self, out="run"):
        extra = {"transfer.json": ""}
        torch.jit.load(str(self.folder / out / "model.pt"), _extra_files=extra)
        return json.loads(extra["transfer.json"])

    def thresholds(self, out="run"):
        return {name: scores["threshold"] for name, scores in self.summary(out)["val"]["per_label"].items()}

    def test_an_ensemble_takes_their_mean(self):
        self.train(*FLAGS, data="labels.csv", out="a")
        self.train(*FLAGS, "--strategy", "early-features", "--set", "train.label_thresholds=fixed", data="labels.csv", out="b")
        (self.folder / "both").mkdir()
        self.run_transfer("ensemble", "a", "b", "--output", "both/model.pt")
        chosen, about = self.thresholds("a"), self.metadata("both")
        for name, threshold in zip(about["classes"], about["label_thresholds"]):
            self.assertAlmostEqual(threshold, (chosen[name] + 0.5) / 2, places=6)

    def test_they_are_chosen_kept_and_used(self):
        self.train(*FLAGS, "--set", "train.label_thresholds=fixed", data="labels.csv", out="fixed")
        self.assertEqual(self.thresholds("fixed"), {"common": 0.5, "rare": 0.5})
        self.assertEqual(self.metadata("fixed")["format_version"], 2)
        done = self.train(*FLAGS, data="labels.csv")
        self.assertIn("threshold", done.stdout)
        chosen = self.thresholds()
        self.assertNotEqual(chosen["rare"], 0.5)
        about = self.metadata()
        self.assertEqual(about["format_version"], 5)
        self.assertEqual(dict(zip(about["classes"], about["label_thresholds"])), chosen)
        fixed, auto = (self.summary(out)["val"] for out in ("fixed", "run"))
        self.assertGreater(auto["per_label"]["rare"]["f1"], fixed["per_label"]["rare"]["f1"])
        self.assertEqual(auto["mean_average_precision"], fixed["mean_average_precision"])

        rows = self.read_csv("run/predictions_val.csv")
        for row in rows:
            labels = "|".join(name for name in ("common", "rare") if float(row[f"p:{name}"]) >= chosen[name])
            self.assertEqual(row["predicted"], labels)
        self.assertGreater(len({row["predicted"] for row in rows}), 2)
        paths = [row["path"] for row in rows]
        table = list(csv.DictReader(self.run_transfer("predict", "--model", "run", *paths, "--format", "csv").stdout.splitlines()))
        self.assertEqual([row["labels"] for row in table], [row["predicted"] for row in rows])
        listed = json.loads(self.run_transfer("predict", "--model", "run", *paths, "--json").stdout)
        self.assertEqual(["|".join(row["labels"]) for row in listed], [row["predicted"] for row in rows])
        shown = self.run_transfer("predict", "--model", "run", *paths).stdout.splitlines()
        rare = next(i for i, row in enumerate(rows) if row["predicted"] == "rare")
        self.assertIn("rare", shown[rare])
        evaluated = json.loads(self.run_transfer("evaluate", "--model", "run", "--data", "labels.csv", "--split", "val", "--json").stdout)
        self.assertEqual(evaluated["per_label"], auto["per_label"])
        self.assertEqual(evaluated["macro_f1"], auto["macro_f1"])

        done = json.loads(self.run_transfer("compare", "run", "fixed", "--json").stdout)
        for run in done["comparisons"][0]["runs"]:
            self.assertAlmostEqual(run["scores"]["macro_f1"]["value"], self.summary(run["run"])["val"]["macro_f1"], places=6)

    def test_trained_layers_choose_them_too_and_classes_have_none(self):
        self.refused(*FLAGS, "--data", "labels.csv", "--backbone", "tiny", "--out", "x", "--set",
                     "train.label_thresholds=best", expect=2, parts=["train.label_thresholds", "best", "auto", "fixed"])
        self.train("--strategy", "fine-tune", "--epochs", "2", *FLAGS, data="labels.csv")
        self.assertEqual(dict(zip(self.metadata()["classes"], self.metadata()["label_thresholds"])), self.thresholds())
        self.make_data()
        done = self.train("--set", "train.label_thresholds=fixed", out="classes")
        self.assertTrue(self.warnings(done, "train.label_thresholds has no effect with the loss cross_entropy"), done.stderr)
