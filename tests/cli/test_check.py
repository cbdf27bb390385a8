"""transfer check: what it finds, its page and its cleaned copies, and what it refuses."""

import csv
import json
import os
import random
import re
import shutil
import unittest

from PIL import Image, ImageFilter

from tests.cli.report_page import page_data
from tests.cli.transfer_case import TransferCase, files_of_at_most, without_privileges


def picture(seed, colour):
    """Random blocks of one hue: no two seeds look alike."""
    generator = random.Random(seed)
    coarse = Image.new("RGB", (12, 10))
    coarse.putdata([tuple(max(0, min(255, c + generator.randint(-90, 90))) for c in colour) for _ in range(120)])
    return coarse.resize((192, 160), Image.NEAREST)


class Check(TransferCase):
    def make_pictures(self, root="data", splits=("train", "val"), per_class=12):
        seed = 0
        for split in splits:
            for name, colour in (("red", (190, 80, 80)), ("blue", (80, 80, 190))):
                (self.folder / root / split / name).mkdir(parents=True)
                for i in range(per_class):
                    picture(seed := seed + 1, colour).save(self.folder / root / split / name / f"{i}.png")
        return self.folder / root

    def check(self, *arguments, data="data", **options):
        return self.run_transfer("check", "--data", data, *arguments, **options)

    def found(self, *arguments, **options):
        """The check's JSON, and its findings as {fault: [[path, other], …]}."""
        done = self.check("--backbone", "tiny", "--json", *arguments, **options)
        result = json.loads(done.stdout)
        faults = {}
        for finding in result["findings"]:
            faults.setdefault(finding["fault"], []).append([finding["path"], finding.get("other")])
        return result, faults

    def test_what_is_planted_is_found(self):
        root = self.make_pictures()
        train, val = root / "train", root / "val"
        shutil.copy(train / "red/0.png", train / "red/copy.png")
        shutil.copy(train / "red/1.png", val / "red/leak.png")
        Image.open(train / "red/2.png").resize((120, 100)).save(train / "red/near.jpg", quality=80)
        Image.open(train / "red/3.png").save(train / "blue/other.jpg", quality=70)
        Image.open(train / "red/4.png").filter(ImageFilter.GaussianBlur(9)).save(train / "red/soft.png")
        Image.open(train / "blue/4.png").point(lambda v: v // 6).save(train / "blue/night.png")
        Image.new("RGB", (90, 90), (9, 200, 9)).save(train / "red/plain.png")
        picture(99, (190, 80, 80)).resize((400, 60), Image.NEAREST).save(train / "red/wide.png")
        (train / "blue/broken.png").write_bytes((train / "blue/5.png").read_bytes()[:300])
        Image.open(train / "blue/6.png").save(train / "blue/named.png", format="JPEG")
        result, faults = self.found()
        at = lambda name: f"data/train/{name}"
        self.assertEqual(faults["exact_duplicate"],
                         [[at("red/copy.png"), at("red/0.png")], ["data/val/red/leak.png", at("red/1.png")]])
        self.assertEqual(faults["leak"], [["data/val/red/leak.png", at("red/1.png")]])
        self.assertEqual(sorted(map(sorted, faults["two_labels"])), [sorted([at("blue/other.jpg"), at("red/3.png")])])
        self.assertIn(sorted([at("red/near.jpg"), at("red/2.png")]), [sorted(pair) for pair in faults["near_duplicate"]])
        for fault, name in (("blurry", "red/soft.png"), ("dark", "blue/night.png"), ("one_shade", "red/plain.png"),
                            ("cropped", "red/wide.png"), ("broken", "blue/broken.png"), ("other_ending", "blue/named.png")):
            self.assertEqual([path for path, _ in faults[fault]], [at(name)], fault)
        self.assertEqual(result["images"], 58)
        self.assertEqual(result["classes"][1], {"name": "red", "train": 17, "val": 13})
        self.assertEqual(result["counts"]["leak"], 1)
        self.assertTrue([s for s in result["shortcuts"] if s["name"] == "colour" and s["suspicious"]])
        text = self.check("--backbone", "tiny").stdout
        self.assert_names(text, "leak.png: the same picture as data/train/red/1.png", "the mean colour", "Sizes: 90 to 400", "blue   ")

    def test_without_features_no_backbone_is_needed(self):
        self.make_pictures(per_class=3)
        shutil.rmtree(self.folder / "data/val")
        done = self.check("--no-features", "--backbone", "nowhere.pt", "--json")
        result = json.loads(done.stdout)
        self.assertIsNone(result["backbone"])
        self.assertRegex(" ".join(result["notes"]), "label errors and outliers were not looked for")
        self.assertEqual(result["counts"]["exact_duplicate"], 0)

    def test_the_page_shows_names_as_text_and_fits_into_a_mail(self):
        root = self.make_pictures(splits=("train",), per_class=4)
        evil = root / "train/red/<img src=x onerror=alert(1)>.png"
        shutil.copy(root / "train/red/0.png", evil)
        shutil.copy(root / "train/red/1.png", os.fsencode(root / "train/red") + b"/\xff\n.png")
        done = self.check("--no-features", "--output", "out")
        page = (self.folder / "out/check.html").read_text()
        self.assertNotIn("<img src=x", page)
        self.assertNotRegex(page, "https?://")
        data = json.loads(re.search(r'<script type="application/json" id="data">(.*?)</script>', page, re.S)[1])
        pictures = {picture["path"]: picture for picture in data["pictures"]}
        self.assertTrue(pictures["data/train/red/" + evil.name]["can_be_marked"])
        self.assertTrue(all(p["thumbnail"].startswith("data:image/jpeg;base64,") for p in pictures.values()))
        self.assertEqual([p["can_be_marked"] for p in pictures.values()].count(False), 1)
        self.assertEqual(json.loads((self.folder / "out/check.json").read_text())["counts"]["exact_duplicate"], 2)
        self.assertIn("check.html", done.stderr)

    def fixes(self, *rows):
        with open(self.folder / "fixes.csv", "w", newline="") as file:
            csv.writer(file).writerows([("path", "action", "label"), *rows])

    def test_fixes_make_a_cleaned_folder_or_table(self):
        root = self.make_pictures(per_class=3)
        odd = root / "train/red/a b\n, \"ü\".png"
        shutil.copy(root / "train/red/0.png", odd)
        before = sorted(str(path) for path in root.rglob("*"))
        self.fixes(("data/train/red/0.png", "drop", ""), (f"data/train/red/{odd.name}", "relabel", "blue"),
                   ("val/red/2.png", "relabel", "blue"), ("data/val/red/1.png", "keep", ""))
        done = self.check("--apply", "fixes.csv", "--to", "clean")
        self.assertEqual(done.stdout, "clean: 12 images, 1 dropped, 2 relabelled\n")
        clean = self.folder / "clean"
        files = sorted(str(path.relative_to(clean)) for path in clean.rglob("*") if path.is_file())
        self.assertEqual(len(files), 12)
        for name in (f"train/blue/{odd.name}", "val/blue/2.png", "val/blue/2-2.png", "val/red/1.png"):
            self.assertIn(name, files)
        self.assertNotIn("train/red/0.png", files)
        self.assertEqual(sorted(str(path) for path in root.rglob("*")), before)
        done = self.check("--apply", "fixes.csv", "--to", "clean.csv", "--json")
        self.assertEqual(json.loads(done.stdout)["relabelled"], 2)
        with open(self.folder / "clean.csv", newline="") as file:
            rows = list(csv.DictReader(file))
        self.assertEqual(len(rows), 12)
        self.assertIn({"path": f"data/train/red/{odd.name}", "label": "blue", "split": "train"}, rows)
        self.run_transfer("check", "--data", "clean.csv", "--no-features")
        self.check("--apply", "fixes.csv", "--to", "linked", "--link")
        self.assertEqual((self.folder / "linked/train/red/1.png").stat().st_ino, (root / "train/red/1.png").stat().st_ino)
        self.assertEqual([path.name for path in self.folder.iterdir() if path.name.startswith(".")], [])

    def test_fixes_that_do_not_fit_change_nothing(self):
        self.make_pictures(per_class=2)
        (self.folder / "full").mkdir()
        (self.folder / "full/precious.txt").write_text("x")
        good = ("data/train/red/0.png", "drop", "")
        for row, parts in ((("data/gone.png", "drop", ""), ("fixes.csv:3", "data/gone.png", "no image of data")),
                           ((good[0], "keep", ""), ("fixes.csv:3", "another action")),
                           (("data/train/red/1.png", "relabel", "rad"), ("'rad'", "red")),
                           (("data/train/red/1.png", "delete", ""), ("'delete'", "drop"))):
            self.fixes(good, row)
            done = self.check("--apply", "fixes.csv", "--to", "clean", expect=3)
            self.assert_names(self.message(done), *parts)
            self.assertFalse((self.folder / "clean").exists())
        self.fixes(good)
        for to, status, parts in (("full", 6, ("full", "not empty")), ("fixes.csv", 6, ("fixes.csv", "there already")),
                                  ("nowhere/clean.csv", 6, ("nowhere",))):
            done = self.check("--apply", "fixes.csv", "--to", to, expect=status)
            self.assert_names(self.message(done), *parts)
        self.assertEqual(os.listdir(self.folder / "full"), ["precious.txt"])
        self.check("--apply", "fixes.csv", expect=2)
        self.check("--to", "clean", expect=2)

    def test_what_is_written_must_not_lie_in_the_data(self):
        root = self.make_pictures(per_class=3)
        (self.folder / "alias").symlink_to(root / "train")
        before = sorted(map(str, root.rglob("*")))
        self.fixes(("data/train/red/0.png", "drop", ""))
        for place in ("data/clean", "data/train/red", "alias/clean", "data/../data/new/clean"):
            for flags in (("--apply", "fixes.csv", "--to", place), ("--no-features", "--output", place)):
                done = self.check(*flags, expect=2)
                self.assert_names(self.message(done), f"{flags[-2]} {place}", "lies in the data", "outside")
        done = self.run_transfer("check", "--data", ".", "--no-features", "--output", "page", expect=2)
        self.assert_names(self.message(done), "--output page")
        self.assertEqual(sorted(map(str, root.rglob("*"))), before)
        (self.folder / "data/list.csv").write_text("path,label\ntrain/red/0.png,red\ntrain/blue/0.png,blue\n")
        self.check("--no-features", "--output", "data/page", data="data/list.csv")

    def test_fixes_that_empty_a_class_are_refused_and_those_that_change_nothing_do_not_count(self):
        self.make_pictures(per_class=2)
        self.fixes(*((f"data/{split}/red/{i}.png", "drop", "") for split in ("train", "val") for i in range(2)))
        for to in ("clean", "clean.csv"):
            done = self.check("--apply", "fixes.csv", "--to", to, expect=3)
            self.assert_names(self.message(done), "no image is left", "red", "Keep an image")
            self.assertFalse((self.folder / to).exists())
        self.fixes(("data/train/red/0.png", "relabel", "red"), ("data/train/red/1.png", "relabel", "blue"))
        done = self.check("--apply", "fixes.csv", "--to", "clean")
        self.assertIn("8 images, 0 dropped, 1 relabelled", done.stdout)

    def test_a_disk_that_takes_no_more_is_named(self):
        root = self.make_pictures(per_class=2)
        big = Image.frombytes("RGB", (200, 200), random.Random(0).randbytes(120_000))
        big.save(root / "train/red/big.png")
        self.fixes(("data/train/red/0.png", "drop", ""))
        done = self.check("--apply", "fixes.csv", "--to", "clean", expect=6, before=files_of_at_most(50_000))
        self.assert_names(self.message(done), "big.png", "File too large")
        self.assertFalse((self.folder / "clean").exists())

    def test_data_of_which_nothing_can_be_read(self):
        root = self.make_pictures(per_class=3)
        for path in root.rglob("*.png"):
            path.write_bytes(b"torn")
        done = self.check("--no-features", expect=3)
        self.assert_names(self.message(done), "none of its images can be read", "12 images")
        self.assertNotIn("Sizes", done.stdout)
        self.assertIn("and 9 more (--output shows all)", done.stdout)

    def test_the_text_shows_names_on_one_line_and_keeps_its_columns(self):
        root = self.make_pictures(per_class=2)
        (root / "train/red").rename(root / "train/red\nforged: 5")
        (root / "val/red").rename(root / "val/red\nforged: 5")
        long = "n" * 240
        for split in ("train", "val"):
            (root / split / "blue").rename(root / split / long)
        (root / "train" / long / "torn\n.png").write_bytes(b"torn")
        text = self.check("--no-features").stdout
        self.assertIn("red\\nforged: 5 ", text)
        self.assertIn("torn\\n.png", text)
        self.assertNotIn("\nforged", text)
        table = text.split("\n\n")[1].splitlines()
        self.assertLess(max(map(len, table)), 80)

    def test_the_page_names_the_command_with_the_data(self):
        self.make_pictures(root="my data", per_class=2)
        self.check("--no-features", "--output", "out", data="my data")
        self.assertEqual(page_data(self.folder / "out/check.html")["command"],
                         "transfer check --data 'my data' --apply fixes.csv --to cleaned")

    def test_refusals(self):
        self.make_pictures(per_class=2)
        (self.folder / "empty").mkdir()
        self.check(data="empty", expect=3)
        self.check(data="gone", expect=3)
        done = self.check("--backbone", "nowhere.pt", expect=4)
        self.assert_names(self.message(done), "nowhere.pt")
        (self.folder / "file").write_text("x")
        done = self.check("--no-features", "--output", "file/out", expect=6)
        self.assert_names(self.message(done), "file/out")
        locked = self.folder / "locked"
        locked.mkdir(mode=0o500)
        self.check("--no-features", "--output", "locked/out", expect=6, before=without_privileges)


class Groups(TransferCase):
    def test_groups_stay_together_and_broken_ones_are_told(self):
        root = self.make_data(splits=("",), per_class=12)
        for name in ("red", "blue"):
            for i in range(12):
                (root / name / f"{i}.png").rename(root / name / f"{name}{i // 3}_{i}.png")
        self.train("--set", "data.group_by=^([a-z]+[0-9])_")
        with open(self.folder / "run/predictions_val.csv", newline="") as file:
            patients = [os.path.basename(row["path"]).split("_")[0] for row in csv.DictReader(file)]
        self.assertIn(len(patients), (3, 6, 9))
        self.assertEqual([patients.count(patient) for patient in patients], [3] * len(patients), "whole groups")
        self.assertEqual(self.summary()["data"]["groups"], 8)
        rows = [(f"data/{path.parent.name}/{path.name}", path.parent.name, "val" if path.stem.endswith("1") else "train",
                 path.stem.split("_")[0]) for path in sorted(root.rglob("*.png"))]
        with open(self.folder / "data.csv", "w", newline="") as file:
            csv.writer(file).writerows([("path", "label", "split", "group"), *rows])
        done = self.train(data="data.csv", out="run2")
        self.assertTrue(self.warnings(done, "groups have images in more than one split", "(train, val)"), done.stderr)
        done = self.train("--set", "data.group_by=(", out="run3", expect=2)
        self.assert_names(self.message(done), "data.group_by", "regular expression")
        shutil.copy(root / "red/red0_0.png", root / "red" / ("a" * 100 + ".png"))
        self.train("--set", "data.group_by=(a+)+$|^[a-z]+[0-9]", out="run4")
        done = self.train("--set", "data.group_by=/(a|b)/", out="run5", expect=3)
        self.assert_names(self.message(done), "paths below the data, such as blue/")
        self.assertNotIn("such as data/", done.stderr)


if __name__ == "__main__":
    unittest.main()
