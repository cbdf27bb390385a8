"""`report.html` of a run and of `transfer evaluate --report`."""

import shutil

from tests.cli.report_page import page_data
from tests.cli.transfer_case import TransferCase, without_privileges, write_image

TUNED = ("--strategy", "fine-tune", "--set", "train.epochs=2", "--threads", "1")
AWKWARD = '<script>alert("1")</script> & \'ё猫🐱\' عربى'


class Reports(TransferCase):
    def evaluate(self, *arguments, **options):
        return self.run_transfer("evaluate", "--model", "run", "--data", "data", "--report", "page", *arguments, **options)

    def test_every_run_leaves_one_and_can_do_without(self):
        self.make_data(splits=("train", "val", "test"))
        done = self.train()
        self.assertRegex(done.stdout, r"written to run: report\.html model\.pt")
        data = page_data(self.folder / "run/report.html")
        why = {fact["title"]: fact["text"] for fact in data["facts"]}["Why this strategy"]
        self.assertEqual(why, "the default, or set by the command or its configuration")
        summary = self.summary()
        self.assertEqual([scores["split"] for scores in data["scores"]], ["validation", "test"])
        self.assertEqual(data["scores"][1]["rows"][0]["value"], summary["test"]["accuracy"])
        self.assertEqual(data["split"], "test", "what training has not seen is shown in detail")
        self.assertEqual(data["best_epoch"], summary["best_epoch"])
        self.assertEqual(len(data["epochs"]), len((self.folder / "run/metrics.jsonl").read_text().splitlines()))
        self.assertIn("strategy: freeze-conv", data["config"])
        self.assertEqual(data["classes"], ["blue", "red"])
        self.assertEqual(data["pictures"]["counted"], 16)
        self.assertIsNone(data["augmentation"], "frozen layers saw no changed images")
        self.train("--overwrite", "--set", "report.html=false")
        self.assertFalse((self.folder / "run/report.html").exists(), "that of the run before is gone too")

    def test_the_command_it_names_repeats_the_run(self):
        self.make_data()
        self.train()
        before = self.summary()["val"]
        command = page_data(self.folder / "run/report.html")["repeat"]
        self.assertTrue(command.startswith("transfer train --config "), command)
        self.run_transfer(*command.split()[1:])
        self.assertEqual(self.summary("run-again")["val"], before)

    def test_trained_layers_show_what_augmentation_does(self):
        self.make_data()
        self.train(*TUNED, "--set", "augment.brightness=1", "--set", "augment.brightness_factor=[0.3,0.5]")
        data = page_data(self.folder / "run/report.html")
        self.assertEqual(len(data["augmentation"]), 4)
        self.assertEqual(len(data["augmentation"][0]["views"]), 4)
        self.assertIn("epoch", data["epochs"][0])

    def test_images_show_where_the_answer_comes_from_and_what_they_look_like(self):
        self.make_data()
        self.train()
        self.train(*TUNED, out="tuned")
        self.evaluate()
        for page, has_neighbours in (("run", True), ("tuned", True), ("page", False)):
            images = page_data(self.folder / page / "report.html")["pictures"]["images"]
            explained = [image for image in images if image.get("overlay", "").startswith("data:image/jpeg;base64,")]
            self.assertGreaterEqual(len(explained), 2, page)
            for image in explained:
                self.assertEqual([neighbour["path"].split("/")[1] for neighbour in image.get("nearest", [])],
                                 ["train"] * 3 if has_neighbours else [], page)

    def test_names_of_classes_and_files_with_any_characters(self):
        for split in ("train", "val"):
            for name, colour in ((AWKWARD.replace("/", "⁄"), (200, 40, 40)), ("line\nbreak", (40, 40, 200))):
                for i in range(4):
                    write_image(self.folder / "data" / split / name / f"ä {i}\n\"é\".png", colour, seed=i + 10 * len(split))
        self.train(out="a run é\n1")
        data = page_data(self.folder / "a run é\n1/report.html")
        self.assertEqual(sorted(data["classes"]), sorted([AWKWARD.replace("/", "⁄"), "line\nbreak"]))
        self.assertIn("\n", data["pictures"]["images"][0]["path"])
        self.assertNotIn("<script>alert", (self.folder / "a run é\n1/report.html").read_text())

    def test_one_that_cannot_be_written_is_warned_of(self):
        self.make_data()
        (self.folder / "run/report.html/x").mkdir(parents=True)
        done = self.train("--overwrite")
        self.assertEqual(len(self.warnings(done, "report.html", "could not be written")), 1, done.stderr)
        self.assertNotIn("report.html", done.stdout)
        self.assertEqual(self.summary()["val"]["images"], 16)

    def test_evaluate_writes_one_with_how_the_run_trained(self):
        self.make_data()
        self.train("--set", "report.html=false")
        self.evaluate()
        data = page_data(self.folder / "page/report.html")
        self.assertEqual(data["scores"][0]["rows"][0]["value"], self.summary()["val"]["accuracy"])
        self.assertGreater(len(data["epochs"]), 0)
        (self.folder / "alone.pt").write_bytes((self.folder / "run/model.pt").read_bytes())
        self.run_transfer("evaluate", "--model", "alone.pt", "--data", "data", "--report", "nested/page é")
        self.assertEqual(page_data(self.folder / "nested/page é/report.html")["epochs"], [])

    def test_evaluate_replaces_no_other_report(self):
        self.make_data()
        self.train()
        own = (self.folder / "run/report.html").read_bytes()
        (self.folder / "stopped").mkdir()
        (self.folder / "stopped/config.yaml").write_text("")
        (self.folder / "mine").mkdir()
        (self.folder / "mine/report.html").write_text("<title>mine</title>")
        (self.folder / "odd/report.html").mkdir(parents=True)
        for folder, parts in (("run", ("run directory", "summary.json")), ("stopped", ("run directory", "config.yaml")),
                              ("mine", ("mine/report.html", "no report of evaluate")), ("odd", ("odd/report.html is a folder",))):
            done = self.run_transfer("evaluate", "--model", "run", "--data", "data", "--report", folder, expect=6)
            self.assert_names(self.message(done), f"--report {folder}", *parts)
        self.assertEqual((self.folder / "run/report.html").read_bytes(), own)
        self.assertEqual((self.folder / "mine/report.html").read_text(), "<title>mine</title>")
        self.evaluate()
        self.evaluate("--split", "train")
        self.assertEqual(page_data(self.folder / "page/report.html")["split"], "training")

    def test_images_that_the_model_has_seen_are_called_so(self):
        self.make_data()
        self.train()
        done = self.evaluate("--split", "train")
        self.assertIn("images that the model was trained on", done.stdout)
        self.assertEqual(page_data(self.folder / "page/report.html")["seen"], "yes")
        self.evaluate()
        self.assertEqual(page_data(self.folder / "page/report.html")["seen"], "no")
        self.make_data(root="flat", splits=("",))
        self.run_transfer("evaluate", "--model", "run", "--data", "flat", "--report", "page")
        data = page_data(self.folder / "page/report.html")
        self.assertEqual((data["seen"], data["split"]), ("perhaps", "all"))

    def test_resamples_that_are_all_the_same_are_no_interval(self):
        self.make_data(per_class=3)
        self.train()
        rows = {row["key"]: row for row in page_data(self.folder / "run/report.html")["scores"][0]["rows"]}
        self.assertEqual((rows["macro_f1"]["value"], rows["auroc"]["value"]), (1, 1))
        for key in ("macro_f1", "auroc"):
            self.assertEqual((rows[key]["low"], rows[key]["high"], rows[key]["method"]), (None, None, None))
        self.assertEqual(rows["accuracy"]["method"], "wilson")

    def test_images_that_cannot_be_read_are_left_out_and_named(self):
        self.make_data()
        self.train()
        (self.folder / "data/val/red/0.png").write_bytes(b"no image")
        self.evaluate()
        data = page_data(self.folder / "page/report.html")
        self.assertEqual(data["broken"]["count"], 1)
        self.assertIn("0.png", data["broken"]["items"][0])
        self.assertEqual(data["pictures"]["counted"], 15)

    def test_refusals(self):
        self.make_data()
        self.train()
        (self.folder / "empty").mkdir()
        (self.folder / "a file").write_text("x")
        shutil.copytree(self.folder / "data", self.folder / "other")
        (self.folder / "other/val/red").rename(self.folder / "other/val/green")

        def refused(*arguments, expect, parts, **options):
            done = self.run_transfer("evaluate", *arguments, expect=expect, **options)
            self.assert_names(self.message(done), *parts)
            self.assertEqual(done.stdout, "")
            self.assertEqual(list(self.folder.glob("**/page/report.html")), [])
            self.assertEqual(list(self.folder.glob("**/*.tmp")), [])

        model = ("--model", "run", "--report", "page")
        refused("--model", "none.pt", "--data", "data", "--report", "page", expect=4, parts=("none.pt",))
        refused(*model, "--data", "other", expect=3, parts=("green",))
        refused(*model, "--data", "empty", expect=3, parts=("empty",))
        refused(*model, "--data", "gone", expect=3, parts=("gone",))
        refused("--model", "run", "--data", "data", "--report", "a file", expect=6, parts=("--report a file", "folder"))
        (self.folder / "closed").mkdir(mode=0o500)
        refused("--model", "run", "--data", "data", "--report", "closed", expect=6, parts=("closed",), before=without_privileges)
        shutil.rmtree(self.folder / "data/val")
        refused(*model, "--data", "data", "--split", "val", expect=3, parts=("val",))
        self.assertFalse((self.folder / "page").exists(), "an empty folder is left")
