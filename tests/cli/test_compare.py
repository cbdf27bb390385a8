"""`transfer compare`: several runs on one page and in one table."""

import json
import shutil

from tests.cli.report_page import page_data
from tests.cli.transfer_case import TransferCase, without_privileges


class Compare(TransferCase):
    def compared(self, *arguments):
        return json.loads(self.run_transfer("compare", *arguments, "--json").stdout)["comparisons"]

    def make_runs(self):
        """Two runs on the same images, of which the second has several predictions wrong by our hand."""
        self.make_data(per_class=10)
        self.train(out="runs/good")
        self.train("--seed", "1", out="runs/bad")
        table = self.folder / "runs/bad/predictions_val.csv"
        header, *rows = table.read_text().splitlines()
        rows = [self.turned(row) if i < 9 else row for i, row in enumerate(rows)]
        table.write_text("\n".join([header, *rows]) + "\n")
        summary = self.folder / "runs/bad/summary.json"
        changed = json.loads(summary.read_text())
        changed["val"]["accuracy"] -= 9 / 20
        summary.write_text(json.dumps(changed))

    @staticmethod
    def turned(row):
        path, true, predicted, _, confidence, first, second = row.split(",")
        return ",".join([path, true, "red" if predicted == "blue" else "blue", "0", confidence, second, first])

    def test_scores_intervals_tests_and_settings(self):
        self.make_runs()
        done = self.run_transfer("compare", "runs/bad", "runs/good", "--output", "page é.html")
        rows = done.stdout.splitlines()
        self.assertRegex(rows[0], "validation images")
        self.assertRegex(rows[2], r"runs/good +freeze-conv +20 +100\.00 % +83\.9 to 100\.0 %")
        self.assertRegex(rows[3], r"runs/bad +freeze-conv +20 +55\.00 % .*45\.00 points +0\.004")
        self.assertRegex(done.stdout, r"setting +good +bad\nseed +0 +1\n")
        self.assertIn("written to page é.html", done.stdout)
        (comparison,) = self.compared("runs/bad", "runs/good")
        best, other = comparison["runs"]
        self.assertIsNone(best["with_best"])
        test = other["with_best"]
        self.assertEqual((test["images"], test["test"], test["exact"]), (20, "mcnemar", True))
        self.assertEqual((test["only_best_right"], test["only_this_right"]), (9, 0))
        self.assertAlmostEqual(test["p_value"], 2 / 2 ** 9)
        self.assertAlmostEqual(test["difference"], 9 / 20)
        self.assertLess(test["interval"][0], 9 / 20)
        self.assertEqual(comparison["differences"], {"seed": ["0", "1"]})
        data = page_data(self.folder / "page é.html")
        self.assertEqual([run["run"] for run in data["comparisons"][0]["runs"]], ["runs/good", "runs/bad"])
        self.assertGreater(len(data["comparisons"][0]["runs"][0]["epochs"]), 0)
        self.assertEqual([run["run"] for run in self.compared("runs")[0]["runs"]], ["runs/good", "runs/bad"], "a folder of runs")

    def test_runs_on_other_images_are_not_tested(self):
        self.make_data()
        self.make_data(root="more")
        self.train(out="a")
        self.train(data="more", out="b")
        done = self.run_transfer("compare", "a", "b")
        self.assertIn("b: judged other images than the best run", done.stdout)
        shutil.rmtree(self.folder / "more")
        done = self.run_transfer("compare", "a", "b")
        self.assertIn("other images", done.stdout, "the images themselves are not needed")
        rows = (self.folder / "a/predictions_val.csv").read_text().splitlines()
        (self.folder / "b/predictions_val.csv").write_text("\n".join(rows[:9]) + "\n")
        summary = json.loads((self.folder / "b/summary.json").read_text())
        summary["val"]["images"] = 8
        (self.folder / "b/summary.json").write_text(json.dumps(summary))
        done = self.run_transfer("compare", "a", "b")
        self.assertIn("b: was not judged on the same images as the best run: the test is about the 8", done.stdout)
        (self.folder / "b/predictions_val.csv").unlink()
        self.assertIn("predictions is gone", self.run_transfer("compare", "a", "b").stdout)

    def test_numbers_and_labels_are_tested_by_a_paired_bootstrap(self):
        self.make_data(per_class=6)
        rows = [(path.relative_to(self.folder), *path.parts[-3:-1]) for path in (self.folder / "data").glob("*/*/*.png")]
        (self.folder / "labels.csv").write_text("path,split,label\n" + "".join(f"{p},{s},{c}|x\n" for p, s, c in rows))
        (self.folder / "numbers.csv").write_text(
            "path,split,red\n" + "".join(f"{p},{s},{int(c == 'red')}\n" for p, s, c in rows))
        for seed in ("0", "1"):
            self.train("--set", "head.loss=binary_cross_entropy", "--seed", seed, data="labels.csv", out=f"runs/labels{seed}")
            self.train("--task", "regression", "--seed", seed, data="numbers.csv", out=f"runs/numbers{seed}")
        comparisons = self.compared("runs")
        self.assertEqual([list(one["runs"][0]["scores"]) for one in comparisons],
                         [["mean_average_precision", "macro_f1", "auroc"], ["r2", "mae", "rmse"]])
        for one in comparisons:
            self.assertEqual(one["runs"][1]["with_best"]["test"], "paired_bootstrap")
            self.assertEqual(one["runs"][1]["with_best"]["images"], 12)

    def test_runs_of_other_classes_are_said_to_be_apart(self):
        self.make_data()
        self.make_data(root="other", classes=("red", "green"))
        self.train(out="a")
        self.train(data="other", out="b")
        done = self.run_transfer("compare", "a", "b", "--output", "pages/new/x.html")
        self.assertIn("do not all predict the same classes", done.stdout)
        self.assertIn("do not all predict", page_data(self.folder / "pages/new/x.html")["apart"])
        self.train("--seed", "1", out="c")
        done = self.run_transfer("compare", "a", "c", "a/", "--output", "pages/new/x.html")
        self.assertIn("named twice and counts once", done.stderr)
        self.assertNotIn("do not all predict", done.stdout)
        self.assertEqual(page_data(self.folder / "pages/new/x.html")["apart"], "")

    def test_a_batch_leaves_the_page(self):
        self.make_data()
        (self.folder / "jobs.yaml").write_text(
            "defaults: {data: {path: data}, backbone: tiny}\njobs:\n  - {name: a}\n  - {name: b, seed: 1}\n")
        done = self.run_transfer("batch", "jobs.yaml", "--output", "study")
        self.assertIn("summary.json compare.html", done.stdout)
        self.assertEqual(json.loads((self.folder / "study/summary.json").read_text())["comparison"], "compare.html")
        self.assertEqual(len(page_data(self.folder / "study/compare.html")["comparisons"][0]["runs"]), 2)

    def test_refusals(self):
        self.make_data()
        self.train(out="a")
        self.train(out="b")
        (self.folder / "empty").mkdir()
        (self.folder / "folder.html").mkdir()
        (self.folder / "closed").mkdir(mode=0o500)

        def refused(*arguments, expect, parts, **options):
            done = self.run_transfer("compare", *arguments, expect=expect, **options)
            self.assert_names(self.message(done), *parts)
            self.assertEqual(done.stdout, "")
            self.assertFalse((self.folder / "compare.html").exists())

        refused("a", expect=2, parts=("a is the only finished run", "two"))
        refused("a", "a", expect=2, parts=("only finished run",))
        refused("a", "empty", expect=2, parts=("empty", "no run"))
        refused("a", "none", expect=3, parts=("none: no such folder",))
        refused("a", "b", "--split", "test", expect=2, parts=("--split test", "evaluate"))
        refused("a", "b", "--output", "page.png", expect=2, parts=("--output page.png", ".html"))
        refused("a", "b", "--output", "folder.html", expect=6, parts=("folder.html",))
        refused("a", "b", "--output", "closed/page.html", expect=6, parts=("closed",), before=without_privileges)
        table = self.folder / "b/predictions_val.csv"
        whole = table.read_text()
        table.write_text(whole.replace("blue", "green"))
        refused("a", "b", expect=3, parts=("predictions_val.csv", "columns"))
        table.write_text("".join(line + ("x\n" if i == 1 else "\n") for i, line in enumerate(whole.splitlines())))
        refused("a", "b", expect=3, parts=("predictions_val.csv", "line 2", "number"))
        lines = whole.splitlines()
        for changed, parts in ((lines[:-3], ("13 images", "expected 16", "summary.json")),
                               ([*lines[:-1], lines[1]], ("twice",)),
                               ([*lines[:-1], lines[-1].rsplit(",", 1)[0] + ",nan"], ("line 17", "nan")),
                               ([*lines[:-1], lines[-1].rsplit(",", 1)[0] + ",1.5"], ("line 17", "1.5", "0 to 1"))):
            table.write_text("\n".join(changed) + "\n")
            refused("a", "b", expect=3, parts=("b/predictions_val.csv", *parts))
        table.write_text(whole)
        (self.folder / "notes.html").write_text("<p>mine</p>")
        refused("a", "b", "--output", "notes.html", expect=6, parts=("--output notes.html", "no page of compare"))
        self.assertEqual((self.folder / "notes.html").read_text(), "<p>mine</p>")
        (self.folder / "b/summary.json").write_text("{")
        refused("a", "b", expect=3, parts=("b/summary.json", "damaged"))
