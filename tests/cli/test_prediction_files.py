"""Many images: predictions in a file that a killed command leaves and another goes on with, features in a file, and
images sorted by their predicted class."""

import csv
import json
import os
import signal
import subprocess
import time
import unittest

import numpy
import torch
from PIL import Image

from tests.cli.transfer_case import SLOWER, TransferCase, files_of_at_most, write_image


class PredictionFilesCase(TransferCase):
    def setUp(self):
        super().setUp()
        self.make_data(per_class=4)
        self.train("--strategy", "freeze-conv", "--set", "head.weight_decay=0.01")

    def make_photos(self, count=6):
        colours = [(200, 40, 40), (40, 40, 200)]
        for i in range(count):
            write_image(self.folder / "photos" / f"{i:04}.png", colours[i % 2], seed=i)
        (self.folder / "photos" / "zz.png").write_bytes(b"\x89PNG\r\n\x1a\nno image")

    def predict(self, *arguments, **options):
        return self.run_transfer("predict", "--model", "run", "photos", *arguments, **options)


class OutputFile(PredictionFilesCase):
    def test_it_holds_what_stdout_would(self):
        self.make_photos()
        for layout in ("csv", "jsonl", "json", "text"):
            printed = self.predict("--format", layout).stdout
            done = self.predict("--output", f"out.{layout}")
            self.assertEqual(done.stdout, "")
            self.assertEqual((self.folder / f"out.{layout}").read_text(), printed, "the ending chooses the format")
            self.predict("--output", "other", "--format", layout)
            self.assertEqual((self.folder / "other").read_text(), printed)
        self.assertEqual(list(self.folder.glob("*.part*")), [])
        rows = [json.loads(line) for line in (self.folder / "out.jsonl").read_text().splitlines()]
        self.assertEqual(rows, json.loads((self.folder / "out.json").read_text()))
        self.assertIn("error", rows[-1])

    def test_a_killed_command_is_gone_on_with_and_no_row_is_twice(self):
        self.make_photos(count=600)
        whole = self.predict("--format", "csv", "--top", "2").stdout
        kills = 0
        for _ in range(200):
            process = subprocess.Popen(
                self.command("predict", "--model", "run", "photos", "--top", "2", "--output", "out.csv", "--resume",
                             "--threads", "1"),
                cwd=self.folder, env=self.environment(), stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
            part = self.folder / "out.csv.part"
            before = part.stat().st_size if part.exists() else 0
            while process.poll() is None and (not part.exists() or part.stat().st_size <= before + 500):
                time.sleep(0.001)
            if process.poll() is not None:
                break
            process.send_signal(signal.SIGKILL)
            process.wait()
            kills += 1
            with part.open("a") as file:
                file.write("photos/01")  # a row cut short
        self.assertEqual(process.returncode, 0)
        self.assertGreater(kills, 1)
        self.assertEqual((self.folder / "out.csv").read_text(), whole)
        self.assertEqual(list(self.folder.glob("out.csv.*")), [])

    def test_ctrl_c_says_how_to_go_on(self):
        self.make_photos(count=600)
        process = subprocess.Popen(
            self.command("predict", "--model", "run", "photos", "--output", "out.jsonl", "--threads", "1"),
            cwd=self.folder, env=self.environment(), stderr=subprocess.PIPE, text=True)
        part = self.folder / "out.jsonl.part"
        while process.poll() is None and (not part.exists() or part.stat().st_size == 0):
            time.sleep(0.001)
        process.send_signal(signal.SIGINT)
        text = process.communicate(timeout=60 * SLOWER)[1]
        self.assertEqual(process.returncode, 130)
        self.assert_names(text, "out.jsonl.part", "--resume")
        done = self.predict("--output", "out.jsonl", "--resume")
        self.assert_names(done.stderr, "of 601 images were done before")
        self.assertEqual(len((self.folder / "out.jsonl").read_text().splitlines()), 601)

    def test_failures_of_the_stopped_command_count(self):
        self.make_photos()
        self.predict("--output", "out.csv")
        rows = (self.folder / "out.csv").read_text()
        self.assertEqual(len(rows.splitlines()), 8)
        self.begin_again("out.csv", rows)
        done = self.predict("--output", "out.csv", "--resume", "--strict", expect=3)
        self.assert_names(done.stderr, "7 of 7 images were done before", "1 of 7 images", "zz.png")
        self.assertEqual((self.folder / "out.csv").read_text(), rows)

    def begin_again(self, name, rows):
        """Leaves FILE.part as a command leaves it that is killed after these rows."""
        process = subprocess.Popen(self.command("predict", "--model", "run", "photos", "--output", name),
                                   cwd=self.folder, env=self.environment(), stderr=subprocess.DEVNULL)
        identity = self.folder / f"{name}.part.json"
        text = ""
        while process.poll() is None:
            try:
                text = identity.read_text() or text
            except FileNotFoundError:
                time.sleep(0.0005)
        self.assertTrue(text, "the file beside the rows was never seen")
        (self.folder / name).unlink()
        identity.write_text(text)
        (self.folder / f"{name}.part").write_text(rows)

    def test_what_does_not_go_together_is_refused(self):
        self.make_photos()
        self.begin_again("out.csv", "path,class,probability,error\nphotos/0000.png,red,0.9,\n")
        self.refused_here("another list of images", "run", "photos/0000.png", "--output", "out.csv", "--resume")
        self.refused_here("another --sort-into", "run", "photos", "--output", "out.csv", "--resume", "--sort-into", "s")
        self.refused_here("another --top", "run", "photos", "--output", "out.csv", "--resume", "--top", "2")
        self.train("--strategy", "freeze-conv", "--set", "head.weight_decay=1", out="other")
        self.refused_here("another model", "other", "photos", "--output", "out.csv", "--resume")
        self.refused_here("--output FILE", "run", "photos", "--resume")
        self.refused_here("jsonl", "run", "photos", "--output", "out.json", "--resume")
        self.refused_here("--sort-into DIR", "run", "photos", "--link")
        self.refused_here("one of the images", "run", "photos", "--output", "photos/0001.png")
        self.refused_here("--min-confidence", "run", "photos", "--sort-into", "s", "--min-confidence", "nan")
        done = self.predict("--output", "out.csv")
        self.assertTrue(self.warnings(done, "out.csv.part", "overwritten"))

    def test_rows_that_somebody_changed_are_refused(self):
        self.make_photos()
        self.predict("--output", "out.jsonl")
        rows = (self.folder / "out.jsonl").read_text()
        self.begin_again("out.jsonl", rows.replace("photos/0002.png", "photos/0003.png"))
        done = self.predict("--output", "out.jsonl", "--resume", expect=3)
        self.assert_names(self.message(done), "row 3 is not that of the image")
        (self.folder / "out.jsonl.part").write_text('{"path":1,"error":"x"}\n')
        self.predict("--output", "out.jsonl", "--resume", expect=3)

    def test_a_disk_that_was_full_leaves_whole_rows(self):
        self.make_photos(count=200)
        whole = self.predict("--format", "csv").stdout
        done = self.predict("--output", "out.csv", "--threads", "2", before=files_of_at_most(1000), expect=6)
        self.assert_names(self.message(done), "out.csv")
        self.predict("--output", "out.csv", "--resume")
        self.assertEqual((self.folder / "out.csv").read_text(), whole)

    def refused_here(self, part, model, *arguments):
        done = self.run_transfer("predict", "--model", model, *arguments, expect=2)
        self.assert_names(self.message(done), part)


class SortedImages(PredictionFilesCase):
    def test_images_are_copied_into_the_folders_of_their_classes(self):
        self.make_photos()
        done = self.predict("--sort-into", "sorted", "--format", "csv")
        rows = list(csv.DictReader(done.stdout.splitlines()))
        for row in rows[:-1]:
            name = row["path"].split("/")[-1]
            copy = self.folder / "sorted" / row["class"] / name
            self.assertEqual(copy.read_bytes(), (self.folder / row["path"]).read_bytes())
        self.assertEqual(len([path for path in (self.folder / "sorted").glob("*/*")]), 6)
        self.assert_names(done.stderr, "6 images copied to sorted", "red 3", "blue 3")
        done = self.predict("--sort-into", "sorted", expect=6)
        self.assert_names(self.message(done), "not empty")

    def test_links_share_the_file_and_the_uncertain_are_unsure(self):
        self.make_photos()
        self.predict("--sort-into", "sorted", "--link", "--min-confidence", "1")
        for i in range(6):
            self.assertTrue(os.path.samefile(self.folder / "photos" / f"{i:04}.png",
                                             self.folder / "sorted" / "unsure" / f"{i:04}.png"))

    def test_they_must_not_lie_among_the_images(self):
        self.make_photos()
        (self.folder / "alias").symlink_to("photos")
        for place in ("photos/sorted", "photos", "alias/a/b"):
            done = self.predict("--sort-into", place, expect=2)
            self.assert_names(self.message(done), f"--sort-into {place}", "lies in photos", "outside")
        self.assertEqual(len(list((self.folder / "photos").iterdir())), 7)

    def test_a_disk_that_is_full_says_what_is_there(self):
        self.make_photos()
        big = numpy.random.default_rng(0).integers(0, 255, (200, 200, 3), dtype=numpy.uint8)
        Image.fromarray(big).save(self.folder / "photos/0003.png")
        done = self.predict("--sort-into", "sorted", "--threads", "1", expect=6, before=files_of_at_most(50_000))
        self.assert_names(self.message(done), "0003.png", "File too large", "sorted holds the 3 images before", "--resume")
        Image.fromarray(big).save(self.folder / "photos/0000.png")
        self.predict("--sort-into", "other", "--threads", "1", expect=6, before=files_of_at_most(50_000))
        self.assertFalse((self.folder / "other").exists(), "an empty folder is left")

    def test_a_list_may_be_separated_by_zeros(self):
        self.make_photos()
        names = ["photos/0000.png", "photos/new\nline.png"]
        (self.folder / names[1]).write_bytes((self.folder / "photos/0001.png").read_bytes())
        done = self.run_transfer("predict", "--model", "run", "-", "--json", stdin="\0".join(names) + "\0")
        self.assertEqual([row["path"] for row in json.loads(done.stdout)], names)

    def test_a_model_of_numbers_has_no_folders(self):
        rows = ["path,weight"] + [f"photos/{i:04}.png,{i}" for i in range(6)]
        self.make_photos()
        (self.folder / "weights.csv").write_text("\n".join(rows) + "\n")
        self.train("--task", "regression", data="weights.csv", out="numbers")
        done = self.run_transfer("predict", "--model", "numbers", "photos", "--sort-into", "sorted", expect=2)
        self.assert_names(self.message(done), "--sort-into", "--output")
        self.assertFalse((self.folder / "sorted").exists())


class Embed(PredictionFilesCase):
    def test_features_are_those_of_the_model(self):
        self.make_photos()
        done = self.run_transfer("embed", "--model", "run", "photos", "--output", "photos.npy")
        self.assert_names(done.stderr, "6 images", "1 of 7 images", "zz.png")
        features = numpy.load(self.folder / "photos.npy")
        paths = [row["path"] for row in csv.DictReader((self.folder / "photos.paths.csv").read_text().splitlines())]
        self.assertEqual(paths, [f"photos/{i:04}.png" for i in range(6)])
        self.assertEqual((len(features), features.dtype), (6, numpy.float32))
        logits = self.logits_of(features)
        printed = json.loads(self.predict("--json", "--top", "2").stdout)
        model = torch.jit.load(str(self.folder / "run/model.pt"))
        for row, object_ in zip(logits, printed):
            probabilities = {name: value.item() for name, value in zip(model.classes, row.softmax(0))}
            for top in object_["top"]:
                self.assertAlmostEqual(probabilities[top["class"]], top["probability"], places=4)
        self.run_transfer("embed", "--model", "run", "photos", "--output", "photos.csv")
        rows = list(csv.reader((self.folder / "photos.csv").read_text().splitlines()))
        self.assertEqual(rows[0][:2], ["path", "feature_0"])
        self.assertEqual([row[0] for row in rows[1:]], paths)
        numpy.testing.assert_array_equal(numpy.array([row[1:] for row in rows[1:]], dtype=numpy.float32), features)

    def logits_of(self, features):
        """The model's head, applied to its features."""
        head = [(name, value) for name, value in
                torch.jit.load(str(self.folder / "run/model.pt")).named_parameters() if name.startswith("head")]
        weight = next(value for _, value in head if value.dim() == 2)
        bias = next(value for _, value in head if value.dim() == 1)
        return torch.from_numpy(features) @ weight.t() + bias

    def test_any_stage_of_a_backbone(self):
        self.make_photos()
        stages = [stage["path"] for stage in json.loads(
            self.run_transfer("inspect", "--backbone", "tiny", "--json").stdout)["stages"]]
        stage = next(name for name in stages if name)
        self.run_transfer("embed", "--backbone", "tiny", "photos", "--stage", stage, "--output", "early.npy")
        self.run_transfer("embed", "--backbone", "tiny", "photos", "--output", "late.npy")
        early, late = numpy.load(self.folder / "early.npy"), numpy.load(self.folder / "late.npy")
        self.assertEqual((len(early), len(late)), (6, 6))
        self.assertNotEqual(early.shape, late.shape)
        done = self.run_transfer("embed", "--backbone", "tiny", "photos", "--stage", stage + "x", "--output", "x.npy",
                                 expect=2)
        self.assert_names(self.message(done), f"did you mean '{stage}'", "penultimate")

    def test_what_cannot_be_is_refused_and_leaves_no_file(self):
        self.make_photos()
        for name, status, part in (("photos.txt", 2, ".npy"), ("photos", 6, "folder")):
            done = self.run_transfer("embed", "--backbone", "tiny", "photos", "--output", name, expect=status)
            self.assert_names(self.message(done), part)
        self.run_transfer("embed", "--backbone", "tiny", "photos", "--output", "x.npy", "--strict", expect=3)
        self.run_transfer("embed", "--backbone", "tiny", "photos/zz.png", "--output", "x.npy", expect=3)
        self.assertEqual([path.name for path in self.folder.glob("x*")], [])


if __name__ == "__main__":
    unittest.main()
