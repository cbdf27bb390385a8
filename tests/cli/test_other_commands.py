"""evaluate, predict, inspect and preview by the built binary."""

import csv
import io
import json

from PIL import Image

from tests.cli.transfer_case import FIXTURES, TransferCase, write_image


class Trained(TransferCase):
    def setUp(self):
        super().setUp()
        self.make_data(splits=("train", "val", "test"))
        self.train()

    def test_evaluate_repeats_the_runs_own_numbers(self):
        summary = self.summary()
        for split in ("val", "test"):
            done = self.run_transfer("evaluate", "--model", "run/model.pt", "--data", "data", "--split", split, "--json")
            metrics = json.loads(done.stdout)
            self.assertEqual(metrics["confusion_matrix"], summary[split]["confusion_matrix"])
            self.assertAlmostEqual(metrics["loss"], summary[split]["loss"], places=4)
            self.assertEqual(metrics["format"], 2)
        default = self.run_transfer("evaluate", "--model", "run/model.pt", "--data", "data")
        self.assertRegex(default.stdout, r"\(test\).*\b16 images")

    def test_evaluate_writes_the_table_and_the_metrics(self):
        done = self.run_transfer("evaluate", "--model", "run", "--data", "data", "--json", "--output", "test.csv",
                                 "--output", "test.json")
        self.assertEqual((self.folder / "test.json").read_text(), done.stdout)
        written, own = (list(csv.reader(path.open())) for path in
                        (self.folder / "test.csv", self.folder / "run/predictions_test.csv"))
        self.assertEqual([row[:4] for row in written], [row[:4] for row in own])
        for row, known in zip(written[1:], own[1:]):
            self.assertAlmostEqual(float(row[4]), float(known[4]), places=4)
        for output, code, parts in (("x.txt", 2, (".csv", ".json")), ("none/x.csv", 6, ("none/x.csv",)),
                                    ("data.csv", 6, ("data.csv", "folder"))):
            (self.folder / "data.csv").mkdir(exist_ok=True)
            done = self.run_transfer("evaluate", "--model", "run", "--data", "data", "--output", output, expect=code)
            self.assert_names(self.message(done), *parts)
            self.assertEqual(done.stdout, "")
        self.assertEqual(list(self.folder.glob("*.tmp")), [])

    def test_evaluate_refuses_other_classes_and_other_files(self):
        write_image(self.folder / "other/train/green/0.png", (0, 255, 0))
        write_image(self.folder / "other/train/red/0.png", (255, 0, 0))
        done = self.run_transfer("evaluate", "--model", "run/model.pt", "--data", "other", expect=3)
        self.assert_names(self.message(done), "green", "model", "blue, red")
        self.run_transfer("evaluate", "--model", "none.pt", "--data", "data", expect=4)

    def test_a_run_directory_stands_for_its_model(self):
        for command in (("evaluate", "--data", "data", "--json"), ("predict", "data/test/red/0.png"), ("inspect",)):
            by_file, by_folder = (self.run_transfer(*command, "--model", model).stdout
                                  for model in ("run/model.pt", "run"))
            self.assertEqual(by_folder, by_file)
        done = self.run_transfer("--data", "data", "--backbone", "run", "--out", "onwards")
        self.assertIn("tiny", done.stderr)

    def test_a_directory_without_a_model_is_refused_with_what_it_lacks(self):
        (self.folder / "run/model.pt").unlink()
        (self.folder / "batch/batch").mkdir(parents=True)
        (self.folder / "stopped").mkdir()
        (self.folder / "stopped/config.yaml").write_text("")
        for folder, parts in {"run": ("finished", "--overwrite"), "data": ("run directory",),
                              "batch": ("batch", "summary.csv"), "stopped": ("--resume stopped",)}.items():
            for command in (("evaluate", "--data", "data"), ("predict", "data/test"), ("inspect",)):
                done = self.run_transfer(*command, "--model", folder, expect=4)
                self.assert_names(self.message(done), f"{folder}: ", "model.pt", *parts)

    def test_evaluate_names_top_k_accuracy_by_its_k_where_it_says_something(self):
        self.make_data(root="three", classes=("red", "blue", "green"))
        self.train(data="three", out="three-run")
        for k, is_there in ((1, False), (2, True), (3, False)):
            done = self.run_transfer("evaluate", "--model", "three-run/model.pt", "--data", "three", "--top-k", str(k),
                                     "--json")
            metrics = json.loads(done.stdout)
            self.assertEqual([key for key in metrics if key.startswith("top")], ["top2_accuracy"] if is_there else [])
            if is_there:
                self.assertGreaterEqual(metrics["top2_accuracy"], metrics["accuracy"])

    def test_predict_csv_has_one_row_per_image_and_errors_in_their_column(self):
        (self.folder / "bad, name.jpg").write_text("<html>")
        done = self.run_transfer("predict", "--model", "run/model.pt", "data/test", "bad, name.jpg", "none.png",
                                 "--format", "csv", "--top", "2")
        self.assertTrue(done.stdout.startswith("path,class,probability,error,class_2,probability_2\n"))
        rows = list(csv.DictReader(io.StringIO(done.stdout)))
        self.assertEqual(len(rows), 18)
        for row in rows[:16]:
            self.assertEqual(row["error"], "")
            self.assertAlmostEqual(float(row["probability"]) + float(row["probability_2"]), 1, places=4)
            self.assertIn(f"/{row['class']}/", row["path"])
        for row in rows[16:]:
            self.assertEqual(row["class"], "")
            self.assertNotEqual(row["error"], "")

    def test_predict_reads_a_list_and_writes_json_and_text(self):
        done = self.run_transfer("predict", "--model", "run/model.pt", "-", "--format", "json",
                                 stdin="data/test/red/0.png\ndata/test/blue/1.png\n")
        self.assertEqual([row["class"] for row in json.loads(done.stdout)], ["red", "blue"])
        done = self.run_transfer("predict", "--model", "run/model.pt", "data/test/red/0.png")
        self.assertRegex(done.stdout, r"^data/test/red/0\.png:  red \d+\.\d\d %\n$")

    def test_predict_fails_when_no_image_could_be_read(self):
        (self.folder / "bad.jpg").write_bytes(b"")
        done = self.run_transfer("predict", "--model", "run/model.pt", "bad.jpg", "--format", "csv", expect=3)
        self.assertIn("0 bytes", done.stdout)


class Untrained(TransferCase):
    def test_inspect(self):
        done = self.run_transfer("inspect", "--backbone", "tiny")
        for part in ("licence", "blocks.0", "12x16x16", "16 features -> 10 outputs"):
            self.assertIn(part, done.stdout)
        stages = json.loads(self.run_transfer("inspect", "--backbone", "tiny", "--json").stdout)["stages"]
        self.assertEqual([stage["path"] for stage in stages], ["blocks.0", "blocks.1", "classifier"])

    def test_a_network_without_a_classifier_gives_its_output_as_features(self):
        headless = FIXTURES / "endings/headless_bottleneck.scripted.pt"
        said = "no classifier (it ends in add): the output of 24 numbers is taken as features"
        done = self.run_transfer("inspect", "--backbone", headless)
        self.assertIn(said, done.stdout)
        self.make_data()
        for strategy in ("freeze-conv", "fine-tune"):
            done = self.run_transfer("--data", "data", "--backbone", headless, "--out", strategy, "--strategy", strategy,
                                     "--set", "train.epochs=1", "--set", "data.input_size=64")
            self.assertIn(said, done.stderr)
            done = self.run_transfer("inspect", "--backbone", f"{strategy}/model.pt", "--json")
            found = json.loads(done.stdout)["classifier"]
            self.assertEqual((found["path"], found["inputs"], found["outputs"]), ("head", 24, 2))

    def test_preview_draws_rows_and_views(self):
        self.make_data()
        done = self.run_transfer("preview", "--data", "data", "--backbone", "tiny", "--augment", "strong",
                                 "--images", "3", "--views", "4", "--output", "sheet.png")
        self.assertEqual(done.stdout, "sheet.png\n")
        with Image.open(self.folder / "sheet.png") as sheet:
            self.assertGreaterEqual(sheet.width, 5 * 32)
            self.assertGreaterEqual(sheet.height, 3 * 32)
            three_rows = sheet.height
        done = self.run_transfer("preview", "--data", "data", "--backbone", "tiny", "--pictures", "2", "--views", "0",
                                 "--output", "former.png")
        self.assertTrue(self.warnings(done, "--pictures", "--images"), done.stderr)
        with Image.open(self.folder / "former.png") as former:
            self.assertLess(former.height, three_rows)
        self.assertNotIn("--pictures", self.run_transfer("preview", "--help").stdout)
        (self.folder / "auto.yaml").write_text("strategy: auto\n")
        self.run_transfer("preview", "--data", "data", "--backbone", "tiny", "--config", "auto.yaml", "--output", "b.png")


class Orientation(TransferCase):
    def test_every_format_is_turned_as_its_exif_says(self):
        upright = Image.linear_gradient("L").resize((64, 48)).convert("RGB")
        stored = upright.transpose(Image.Transpose.ROTATE_90)
        exif = Image.Exif()
        exif[0x0112] = 6  # a viewer turns it by 90 degrees clockwise
        for ending, options in {"png": {}, "jpg": {}, "webp": {"lossless": True}, "tiff": {}}.items():
            for name in ("a", "b"):
                folder = self.folder / ending / name
                folder.mkdir(parents=True)
                for i in range(2):  # no copies of one another
                    stored.putpixel((0, 0), (60 * i, 60 * "ab".index(name), 0))
                    stored.save(folder / f"{i}.{ending}", exif=exif, **options)
            sheet = self.folder / f"{ending}.sheet.png"
            self.run_transfer("preview", "--data", ending, "--backbone", "tiny", "--images", "1", "--views", "0",
                              "--output", sheet)
            cell = Image.open(sheet).convert("L").crop((4, 22, 36, 54))
            self.assertLess(cell.getpixel((16, 1)) + 100, cell.getpixel((16, 30)), f"{ending}: dark above, light below")
