"""`transfer ensemble` and `transfer soup`: what they write, print and refuse."""

import csv
import json
import shutil
import unittest

from tests.cli.transfer_case import FIXTURES, TransferCase, without_privileges

try:
    import numpy
    import torch
    from PIL import Image
except ImportError:
    torch = None

TUNED = ("--strategy", "fine-tune", "--set", "train.epochs=2", "--threads", "1", "--set", "report.html=false",
         "--set", "report.pictures=false")


class ModelCase(TransferCase):
    def probabilities(self, model, *flags):
        """{path: {class: probability}} of the validation images."""
        done = self.run_transfer("predict", "--model", model, "data/val", "--top", "10", "--format", "json", *flags)
        return {row["path"]: {entry["class"]: entry["probability"] for entry in row["top"]} for row in json.loads(done.stdout)}

    def assert_mean(self, given, members, within=1e-4):
        for path, row in given.items():
            for name, probability in row.items():
                mean = sum(member[path][name] for member in members) / len(members)
                self.assertAlmostEqual(probability, mean, delta=within, msg=f"{path} {name}")

    def refuse(self, *arguments, expect=2, parts, output="new.pt", **options):
        done = self.run_transfer(*arguments, "--output", output, expect=expect, **options)
        self.assert_names(self.message(done), *parts)
        self.assertEqual(done.stdout, "")
        self.assertFalse((self.folder / "new.pt").exists())
        self.assertEqual(list(self.folder.glob("**/*.tmp")), [])


class Ensemble(ModelCase):
    def setUp(self):
        super().setUp()
        self.make_data()

    def test_the_file_gives_the_mean_here_and_in_python(self):
        self.train("--calibrate", "on", out="a")
        self.train("--seed", "1", "--strategy", "early-features", out="b")
        done = self.run_transfer("ensemble", "a", "b/model.pt", "--output", "both.pt")
        self.assertRegex(done.stdout, r"a +tiny +\d+x\d+")
        self.assertRegex(done.stdout, r"ensemble +\d+\.\d\d %")
        self.assert_names(done.stdout, "16 validation images", "both.pt", "val accuracy")
        (self.folder / "runs").mkdir()
        for name in ("a", "b"):
            (self.folder / name).rename(self.folder / "runs" / name)
        self.run_transfer("ensemble", "runs", "--output", "folder.pt")
        self.assertEqual((self.folder / "both.pt").read_bytes(), (self.folder / "folder.pt").read_bytes())
        (self.folder / "none").mkdir()
        self.refuse("ensemble", "none", parts=("none", "no run is there"))
        for name in ("a", "b"):
            (self.folder / "runs" / name).rename(self.folder / name)
        given = self.probabilities("both.pt")
        self.assertEqual(len(given), 16)
        self.assert_mean(given, [self.probabilities("a"), self.probabilities("b")])
        if torch is None:
            self.skipTest("no torch in Python")
        model = torch.jit.load(str(self.folder / "both.pt"))
        for path, row in given.items():
            pixels = torch.from_numpy(numpy.array(Image.open(self.folder / path).convert("RGB")))
            for name, probability in model.classify(pixels):
                self.assertAlmostEqual(probability, row[name], delta=1e-4)
            x = model.preprocess(pixels)
            self.assertTrue(0 <= float(x.min()) and float(x.max()) <= 1, "images are not normalised")
            self.assertEqual(model.features(x).shape[0], 1)

    def test_an_ensemble_of_one_is_that_model(self):
        self.train("--calibrate", "on", out="a")
        self.run_transfer("ensemble", "a", "--output", "one.pt")
        self.assert_mean(self.probabilities("one.pt"), [self.probabilities("a")], within=1e-5)

    def test_members_of_other_sizes_and_class_orders(self):
        self.train(out="a")
        self.train("--set", "data.input_size=80", out="b")
        report = json.loads(self.run_transfer("ensemble", "a", "b", "--output", "both.pt", "--json").stdout)
        self.assertEqual([member["path"] for member in report["members"]], ["a", "b"])
        self.assertEqual(report["members"][1]["input_size"], [80, 80])
        self.assertEqual(report["classes"], ["blue", "red"])
        self.assertEqual(report["val"]["images"], 16)
        # Close to the mean only: the smaller member sees the larger one's crop, resized.
        self.assert_mean(self.probabilities("both.pt"), [self.probabilities("a"), self.probabilities("b")], within=0.2)
        done = self.run_transfer("evaluate", "--model", "both.pt", "--data", "data", "--report", "page")
        self.assert_names(done.stdout, "accuracy")
        self.assertTrue((self.folder / "page/report.html").exists())

    def test_the_score_is_that_of_the_mean_of_the_tables(self):
        self.train(out="a")
        self.train("--seed", "1", out="b")
        # One table is made wrong by our hand: surely wrong, so that the mean is wrong too.
        table = self.folder / "b/predictions_val.csv"
        header, *rows = csv.reader(table.read_text().splitlines())
        for row in rows[:4]:
            right = header.index(f"p:{row[1]}")
            row[5:7] = [("0.0" if column == right else "1.0") for column in (5, 6)]
        for row in rows[4:8]:  # wrong by less than the other is right
            right = header.index(f"p:{row[1]}")
            row[5:7] = [("0.45" if column == right else "0.55") for column in (5, 6)]
        table.write_text("\n".join(",".join(row) for row in [header, *rows]) + "\n")
        report = json.loads(self.run_transfer("ensemble", "a", "b", "--output", "both.pt", "--json").stdout)
        a = {row["path"]: float(row["p:" + row["true"]]) for row in csv.DictReader((self.folder / "a/predictions_val.csv").read_text().splitlines())}
        b = {row["path"]: float(row["p:" + row["true"]]) for row in csv.DictReader(table.read_text().splitlines())}
        self.assertAlmostEqual(report["members"][1]["val"]["value"], sum(p > 0.5 for p in b.values()) / 16)
        self.assertAlmostEqual(report["val"]["value"], sum(a[path] + b[path] > 1 for path in a) / 16)
        self.assertLess(report["members"][1]["val"]["value"], report["val"]["value"])

    def test_without_common_validation_images_it_says_why(self):
        self.make_data(root="more")
        self.train(out="a")
        self.train(data="more", out="b")
        done = self.run_transfer("ensemble", "a", "b", "--output", "both.pt")
        self.assert_names(done.stdout, "no score", "other images", "transfer evaluate")
        shutil.copy(self.folder / "b/model.pt", self.folder / "alone.pt")
        report = json.loads(self.run_transfer("ensemble", "a", "alone.pt", "--output", "both.pt", "--overwrite", "--json").stdout)
        self.assert_names(report["no_score"], "alone.pt")
        self.assertNotIn("val", report)

    def test_labels_and_numbers(self):
        files = sorted((self.folder / "data").glob("*/*/*.png"))
        labels = ["red|round", "red", "round", ""]
        split = [path.relative_to(self.folder / "data").parts[0] for path in files]
        (self.folder / "labels.csv").write_text(
            "path,split,label\n" + "".join(f"{path},{split[i]},{labels[i % 4]}\n" for i, path in enumerate(files)))
        (self.folder / "numbers.csv").write_text(
            "path,split,weight\n" + "".join(f"{path},{split[i]},{100 + 7 * i}\n" for i, path in enumerate(files)))
        for data, flags, key in (("labels.csv", ("--set", "head.loss=binary_cross_entropy"), "probabilities"),
                                 ("numbers.csv", ("--task", "regression"), "values")):
            for out, seed in (("a", 0), ("b", 1)):
                self.train(*flags, "--seed", seed, "--overwrite", data=data, out=out)
            report = json.loads(self.run_transfer("ensemble", "a", "b", "--output", "both.pt", "--overwrite", "--json").stdout)
            self.assertEqual(report["val"]["name"], "r2" if key == "values" else "mean_average_precision")
            for member, out in zip(report["members"], ("a", "b")):
                self.assertAlmostEqual(member["val"]["value"], self.summary(out)["val"][report["val"]["name"]], places=3)
            rows = [json.loads(self.run_transfer("predict", "--model", model, "data/val", "--format", "json").stdout)
                    for model in ("both.pt", "a", "b")]
            for both, a, b in zip(*rows):
                for name, number in both[key].items():
                    self.assertAlmostEqual(number, (a[key][name] + b[key][name]) / 2, delta=1e-4 * max(1, abs(number)))

    def test_what_the_other_commands_make_of_it(self):
        self.train(out="a")
        self.train("--set", "data.input_size=80", out="b")
        self.run_transfer("ensemble", "a", "b", "--output", "both.pt")
        self.run_transfer("embed", "--model", "both.pt", "data/val", "--output", "both.csv")
        self.run_transfer("embed", "--model", "a", "data/val", "--output", "a.csv")
        width = {name: len((self.folder / f"{name}.csv").read_text().splitlines()[1].split(",")) - 1 for name in ("both", "a")}
        self.assertEqual(width["both"], 2 * width["a"])
        found = json.loads(self.run_transfer("neighbours", "--model", "both.pt", "--data", "data", "data/train/red/0.png", "--json").stdout)
        self.assertAlmostEqual(found[0]["neighbours"][0]["similarity"], 1, places=4)
        self.run_transfer("inspect", "--model", "both.pt")
        for arguments, parts, expect in (
                (("explain", "--model", "both.pt", "data/val", "--output", "maps"), ("ensemble of 2", "one by one"), 4),
                (("--data", "data", "--backbone", "both.pt", "--output", "run"), ("both.pt", "ensemble of 2", "members"), 4),
                (("predict", "--model", "both.pt", "data/val", "--reject"), ("both.pt", "ensemble"), 2),
                (("predict", "--model", "both.pt", "data/val", "--coverage", "0.9"), ("both.pt", "ensemble"), 2),
                (("ensemble", "a", "both.pt", "--output", "more.pt"), ("ensemble itself",), 4)):
            with self.subTest(arguments=arguments):
                done = self.run_transfer(*arguments, expect=expect)
                self.assert_names(self.message(done), *parts)

    def test_refusals(self):
        self.make_data(root="other", classes=("red", "green"))
        self.train(out="a")
        self.train(data="other", out="c")
        self.refuse("ensemble", "a", "c", parts=("c/model.pt", "'blue'"))
        self.refuse("ensemble", "a", "a/model.pt", parts=("a/model.pt", "twice"))
        self.refuse("ensemble", "a", FIXTURES / "tiny.pt", parts=("tiny.pt", "class names"), expect=4)
        self.refuse("ensemble", "a", "absent", parts=("absent", "no such"), expect=4)
        self.refuse("ensemble", "a", "data", parts=("data", "no run is there"))
        damaged = (self.folder / "a/model.pt").read_bytes()
        (self.folder / "half.pt").write_bytes(damaged[:len(damaged) // 2])
        self.refuse("ensemble", "a", "half.pt", parts=("half.pt",), expect=4)
        (self.folder / "old.pt").write_text("mine")
        self.refuse("ensemble", "a", output="old.pt", parts=("old.pt", "exists", "--overwrite"), expect=6)
        self.assertEqual((self.folder / "old.pt").read_text(), "mine")
        self.refuse("ensemble", "a", output="new.onnx", parts=("new.onnx", ".pt"))
        self.refuse("ensemble", "a", output="none/new.pt", parts=("none",), expect=6)
        (self.folder / "locked").mkdir(mode=0o555)
        self.refuse("ensemble", "a", output="locked/new.pt", parts=("locked",), expect=6, before=without_privileges)
        (self.folder / "c/summary.json").unlink()
        self.refuse("ensemble", "a", "c", parts=("c:", "not finished", "--resume"))
        (self.folder / "a/model.pt").unlink()
        self.refuse("ensemble", "a", parts=("a:", "no model.pt"), expect=4)


class Soup(ModelCase):
    def setUp(self):
        super().setUp()
        self.make_data(per_class=10)  # 20 validation images are enough to tell unknown ones

    def make_runs(self, *flags):
        for seed in (0, 1, 2):
            self.train(*TUNED, "--seed", seed, *flags, out=f"runs/{seed}")

    def soup(self, *arguments):
        return json.loads(self.run_transfer("soup", *arguments, "--threads", "1", "--json").stdout)

    def state(self, model):
        module = torch.jit.load(str(self.folder / model))
        return {**dict(module.named_parameters()), **dict(module.named_buffers())}

    def test_uniform_weights_are_the_mean(self):
        self.make_runs("--calibrate", "on")
        report = self.soup("runs/0", "runs/1", "runs/2", "--method", "uniform", "--output", "soup.pt")
        self.assertEqual([run["taken"] for run in report["runs"]], [True] * 3)
        self.assertEqual([run["val"]["value"] for run in report["runs"]],
                         [self.summary(f"runs/{seed}")["val"]["accuracy"] for seed in (0, 1, 2)])
        done = self.run_transfer("evaluate", "--model", "soup.pt", "--data", "data", "--split", "val", "--json")
        self.assertAlmostEqual(json.loads(done.stdout)["accuracy"], report["val"]["value"])
        self.assertEqual(set(self.probabilities("soup.pt")), set(self.probabilities("runs/0")))
        self.run_transfer("predict", "--model", "soup.pt", "data/val", "--reject")
        if torch is None:
            self.skipTest("no torch in Python")
        members = [self.state(f"runs/{seed}/model.pt") for seed in (0, 1, 2)]
        moved = 0
        for name, tensor in self.state("soup.pt").items():
            expected = sum(member[name].double() for member in members) / 3 if tensor.is_floating_point() else members[0][name]
            self.assertTrue(torch.allclose(tensor.double(), expected.double(), atol=1e-6), name)
            moved += not torch.equal(members[0][name], members[1][name])
        self.assertGreater(moved, 4, "the runs hardly differ")

    def test_greedy_takes_the_best_first_and_what_does_no_harm(self):
        self.make_runs()
        # The summaries alone say which run is the best: it is tried first and always taken.
        for seed, accuracy in ((0, 0.5), (1, 0.75), (2, 0.25)):
            file = self.folder / f"runs/{seed}/summary.json"
            summary = json.loads(file.read_text())
            summary["val"]["accuracy"] = accuracy
            file.write_text(json.dumps(summary))
        # A run whose head gives the wrong class: with it the score falls.
        if torch is not None:
            self.turn_head("runs/2/model.pt")
            report = self.soup("runs/0", "runs/1", "runs/2", "--output", "soup.pt")
            self.assertTrue(report["runs"][1]["taken"])
            self.assertFalse(report["runs"][2]["taken"])
        done = self.run_transfer("soup", "runs/0", "runs/1", "--threads", "1", "--output", "soup.pt", "--overwrite")
        self.assertRegex(done.stdout, r"runs/1 +75\.00 % +yes")
        self.assert_names(done.stdout, "soup", "20 validation images", "written to soup.pt")

    def turn_head(self, model):
        """Writes the model again with a head that says the opposite, a hundred times as sure."""
        inside = {"transfer.json": "", "known_images": ""}
        module = torch.jit.load(str(self.folder / model), _extra_files=inside)
        with torch.no_grad():
            for parameter in module.head.parameters():
                parameter.mul_(-100)
        inside = {name: text for name, text in inside.items() if text}
        torch.jit.save(module, str(self.folder / model), _extra_files=inside)

    def test_equal_runs_make_an_equal_soup(self):
        self.make_runs()
        self.soup("runs/0", "runs/1", "runs/2", "--method", "uniform", "--output", "one.pt")
        self.soup("runs", "--method", "uniform", "--output", "two.pt")  # a folder stands for its runs
        self.assertEqual((self.folder / "one.pt").read_bytes(), (self.folder / "two.pt").read_bytes())

    def test_unlike_runs_are_refused_with_the_first_difference(self):
        self.make_data(root="other", per_class=9)
        self.make_data(root="classes", classes=("red", "green"))
        self.train(*TUNED, out="a")
        for out, data, flags, parts in (
                ("size", "data", ("--set", "data.input_size=80"), ("data.input_size", "80")),
                ("hidden", "data", ("--set", "head.hidden=[8]"), ("head.hidden",)),
                ("folded", "data", ("--set", "train.batch_norm=folded"), ("train.batch_norm", "folded")),
                ("images", "other", (), ("validation images", "18", "16")),
                ("classes-run", "classes", (), ("classes", "green", "blue")),
                ("scratch", "data", ("--set", "train.from_scratch=true"), ("train.from_scratch", "random"))):
            with self.subTest(out):
                self.train(*TUNED, *flags, data=data, out=out)
                self.refuse("soup", "a", out, parts=(f"{out}:", *parts))
        self.train(out="frozen")
        self.refuse("soup", "a", "frozen", parts=("frozen:", "freeze-conv", "head alone"))
        self.run_transfer("--data", "data", "--backbone", FIXTURES / "residual.pt", *TUNED, "--out", "residual")
        self.refuse("soup", "a", "residual", parts=("residual:", "backbone_sha256"))

    def test_refusals(self):
        self.train(*TUNED, out="a")
        self.train(*TUNED, "--seed", "1", out="b")
        self.refuse("soup", "a", parts=("only run", "two"))
        self.refuse("soup", "a", "a/", parts=("twice",))
        self.refuse("soup", "a", "b/model.pt", parts=("b/model.pt", "directory"))
        self.refuse("soup", "a", "absent", parts=("absent", "no such folder"))
        self.refuse("soup", "a", "b", output="new.txt", parts=("new.txt", ".pt"))
        (self.folder / "old.pt").write_text("mine")
        self.refuse("soup", "a", "b", output="old.pt", parts=("old.pt", "--overwrite"), expect=6)
        self.refuse("soup", "a", "b", "--method", "best", parts=("best", "greedy"))
        shutil.copytree(self.folder / "b", self.folder / "c")
        (self.folder / "c/data.json").unlink()
        self.refuse("soup", "a", "c", parts=("c/data.json",), expect=3)
        (self.folder / "c/data.json").write_text("{")
        self.refuse("soup", "a", "c", parts=("c/data.json", "damaged"), expect=3)
        model = (self.folder / "b/model.pt").read_bytes()
        (self.folder / "b/model.pt").write_bytes(model[:len(model) // 2])
        self.refuse("soup", "a", "b", "--threads", "1", parts=("b/model.pt",), expect=4)
        (self.folder / "b/model.pt").write_bytes(model)
        (self.folder / "data/val/red/0.png").unlink()
        self.refuse("soup", "a", "b", parts=("data", "removed"), expect=3)
        shutil.rmtree(self.folder / "data")
        self.refuse("soup", "a", "b", parts=("data",), expect=3)
        (self.folder / "b/summary.json").unlink()
        self.refuse("soup", "a", "b", parts=("b:", "not finished"))


if __name__ == "__main__":
    unittest.main()
