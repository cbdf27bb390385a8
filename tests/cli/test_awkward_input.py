"""Odd paths, links, lists and flags: refused in words with the right exit status, or simply handled."""

import csv
import io
import json
import os
import shutil
import stat

from PIL import Image

from tests.cli.transfer_case import TransferCase, without_privileges, write_image, without_comments

LONG = "n" * 300


class Paths(TransferCase):
    def lock(self, name):
        """A folder that nobody without privileges can look into."""
        path = self.folder / name
        path.mkdir(exist_ok=True)
        path.chmod(0)
        self.addCleanup(path.chmod, stat.S_IRWXU)
        return path

    def test_data_and_backbone_that_cannot_be_reached(self):
        self.make_data()
        self.lock("locked")
        out = ("--out", "run")
        self.refused("--data", "locked/data", "--backbone", "tiny", *out, expect=3, before=without_privileges,
                     parts=["locked/data: ", "Permission denied", "folder"])
        self.refused("--data", "data", "--backbone", "locked/x.pt", *out, expect=4, before=without_privileges,
                     parts=["locked/x.pt: ", "Permission denied"])
        self.refused("--data", LONG, "--backbone", "tiny", *out, expect=3, parts=["File name too long"])
        self.refused("--data", "data", "--backbone", LONG, *out, expect=4, parts=[LONG, "not found"])
        self.refused("--data", "data", "--backbone", LONG + ".pt", *out, expect=4, parts=["File name too long"])

    def test_special_files_are_refused_and_never_waited_for(self):
        root = self.make_data()
        os.mkfifo(self.folder / "pipe.pt")
        self.refused("--data", "data", "--backbone", "./pipe.pt", expect=4, parts=["pipe.pt: ", "regular file"])
        os.mkfifo(self.folder / "pipe.csv")
        self.refused("--data", "pipe.csv", "--backbone", "tiny", expect=3, parts=["pipe.csv", "regular file"])
        os.mkfifo(self.folder / "pipe.yaml")
        self.refused("--data", "data", "--backbone", "tiny", "--config", "pipe.yaml", expect=2,
                     parts=["pipe.yaml: ", "regular file"])
        self.refused("batch", "pipe.yaml", "--out", "study", expect=2, parts=["pipe.yaml: ", "regular file"])
        self.refused("--data", "data", "--config", "/dev/zero", expect=2, parts=["/dev/zero: ", "regular file"])
        os.mkfifo(root / "train/red/pipe.png")
        self.train("--set", "data.max_broken=0.5")
        self.assertIn("pipe.png", self.summary()["broken_images"][0])

    def test_links_in_circles(self):
        root = self.make_data()
        (root / "train/red/loop.png").symlink_to("loop.png")
        (root / "train/red/self").symlink_to(".")
        done = self.train("--set", "data.max_broken=0.2")
        self.assertRegex(done.stderr, "loop.png: .*Too many levels of symbolic links")
        self.assertEqual(self.summary()["train_images"], 16)

    def test_csv_rows(self):
        self.make_data()
        (self.folder / "a.csv").write_text("path,label\ndata/train/red/0.png,red\n,red\n")
        self.refused("--data", "a.csv", "--backbone", "tiny", expect=3, parts=["a.csv:3: ", "path"])
        (self.folder / "b.csv").write_text("path,label\ndata/train/red,red\n")
        self.refused("--data", "b.csv", "--backbone", "tiny", expect=3, parts=["b.csv:2", "folder"])

    def test_a_class_name_that_is_no_utf8(self):
        root = self.make_data()
        shutil.copytree(root / "train/red", root / "train" / os.fsdecode(b"B\xe4r"))
        self.refused("--data", "data", "--backbone", "tiny", "--out", "run", expect=3,
                     parts=["data: ", "'B\\xE4r'", "UTF-8"])
        self.assertFalse((self.folder / "run").exists())

    def test_a_backbone_file_whose_name_is_no_utf8(self):
        models = self.environment()["TRANSFER_MODELS"]
        shutil.copy(f"{models}/no_metadata.pt", self.folder / os.fsdecode(b"B\xe4r.pt"))
        done = self.run_transfer("inspect", "--backbone", os.fsdecode(b"B\xe4r.pt"), "--json")
        self.assertIn("�", json.loads(done.stdout)["metadata"]["name"])

    def test_a_folder_does_not_hide_a_backbone(self):
        (self.folder / "tiny").mkdir()
        self.assertIn("blocks.0", self.run_transfer("inspect", "--backbone", "tiny").stdout)

    def test_a_class_called_train(self):
        self.make_data(root="veh", splits=("",), classes=("red", "blue"))
        (self.folder / "veh/blue").rename(self.folder / "veh/train")
        self.train(data="veh")
        self.assertEqual(self.summary()["classes"], ["red", "train"])

    def test_folders_beside_the_splits_are_named(self):
        root = self.make_data()
        shutil.copytree(root / "train/red", root / "old/red")
        self.assertIn("data/old/", self.train().stderr)
        self.assertEqual(self.summary()["skipped_files"], 1)


class Flags(TransferCase):
    def config(self, *flags):
        return without_comments(self.run_transfer("--data", "x", *flags, "--print-config").stdout)

    def test_explicit_augment_settings_win_over_the_preset_flag(self):
        self.assertIn("flip_vertical: 0.5", self.config("--augment", "strong", "--set", "augment.flip_vertical=0.5"))
        (self.folder / "c.yaml").write_text("augment:\n  flip_vertical: 0.7\n")
        printed = self.config("--config", "c.yaml", "--augment", "strong")
        self.assertIn("flip_vertical: 0.7", printed)
        self.assertIn("erase: 0.25", printed)

    def test_whole_numbers(self):
        self.assertIn("seed: 10\n", self.config("--seed", "010"))
        evaluate = ("evaluate", "--model", "m.pt", "--data", "d")
        for arguments in ((*evaluate, "--top-k", "-1"), (*evaluate, "--top-k", "0"), (*evaluate, "--threads", "-5"),
                          (*evaluate, "--threads", "4294967296"), ("predict", "--model", "m.pt", "x", "--top", "1.5"),
                          ("preview", "--data", "d", "--images", "0x10")):
            with self.subTest(arguments):
                self.refused(*arguments, expect=2, parts=[arguments[-2], f"'{arguments[-1]}'", "number"])

    def test_infinity_is_refused_before_it_is_printed(self):
        self.refused("--data", "x", "--set", "train.min_delta=.inf", "--print-config", expect=2,
                     parts=["train.min_delta", "'.inf'", "0"])

    def test_remedies_name_no_flag_that_does_not_help(self):
        self.make_data()
        done = self.refused("preview", "--data", "data", "--backbone", "tiny", "--output", "/proc/x.png", expect=6,
                            parts=["/proc/x.png: "])
        self.assertNotIn("--out", done.stderr)
        done = self.refused("--data", "data", "--backbone", "tiny", "--out", "run", "--set", "cache.memory_mb=0",
                            "--set", "cache.dir=/proc/nope", expect=6, parts=["/proc/nope"])
        self.assertNotIn("--out", done.stderr)


class Output(TransferCase):
    def test_results_that_do_not_arrive(self):
        done = self.run_transfer("--data", "x", "--print-config", expect=6, stdout="/dev/full")
        self.assert_names(self.message(done), "standard output", "No space left on device")
        self.run_transfer("--help", expect=6, stdout="/dev/full")


class Trained(TransferCase):
    def setUp(self):
        super().setUp()
        self.make_data()
        self.train()

    def evaluate(self, data, *flags, **options):
        return self.run_transfer("evaluate", "--model", "run/model.pt", "--data", data, *flags, **options)

    def test_evaluate_says_what_it_measures(self):
        self.make_data(root="flat", splits=("",))
        self.assertRegex(self.evaluate("flat").stdout, r"\(all .*trained.*\b16 images")
        self.assertEqual(json.loads(self.evaluate("flat", "--json").stdout)["split"], "all")
        done = self.evaluate("flat", "--split", "val", expect=3)
        self.assert_names(self.message(done), "flat: ", "'val'", "--split")
        self.assertRegex(self.evaluate("data").stdout, r"\(val\).*\b16 images")
        self.assertEqual(json.loads(self.evaluate("data", "--split", "train", "--json").stdout)["split"], "train")

    def test_evaluate_takes_rows_without_a_split_for_training(self):
        rows = ["path,label,split"]
        rows += [f"data/train/{name}/{i}.png,{name}," for name in ("red", "blue") for i in range(8)]
        rows += [f"data/val/{name}/0.png,{name},test" for name in ("red", "blue")]
        (self.folder / "list.csv").write_text("\n".join(rows) + "\n")
        self.assertRegex(self.evaluate("list.csv").stdout, r"\(test\).*\b2 images")

    def test_predict_goes_on_past_paths_that_cannot_be_reached(self):
        locked = self.folder / "locked"
        locked.mkdir()
        locked.chmod(0)
        self.addCleanup(locked.chmod, stat.S_IRWXU)
        done = self.run_transfer("predict", "--model", "run/model.pt", "data/val/red/0.png", LONG, "locked/x.png",
                                 "--format", "csv", before=without_privileges)
        good, long, locked = csv.DictReader(io.StringIO(done.stdout))
        self.assertEqual(good["class"], "red")
        self.assertIn("File name too long", long["error"])
        self.assertIn("Permission denied", locked["error"])

    def test_predict_reads_lists_with_windows_line_ends(self):
        done = self.run_transfer("predict", "--model", "run/model.pt", "-", "--format", "json",
                                 stdin="data/val/red/0.png\r\n\r\ndata/val/blue/1.png\r\n")
        self.assertEqual([row.get("class") for row in json.loads(done.stdout)], ["red", "blue"])

    def test_predict_into_a_full_disk(self):
        done = self.run_transfer("predict", "--model", "run/model.pt", "data/val/red/0.png", "--format", "csv",
                                 expect=6, stdout="/dev/full")
        self.assert_names(self.message(done), "standard output")
        many = ["data/val/red/0.png"] * 400  # more than fits into stdout's buffer
        done = self.run_transfer("predict", "--model", "run/model.pt", *many, expect=6, stdout="/dev/full")
        self.assert_names(self.message(done), "standard output")


class Images(TransferCase):
    def preview(self, *flags, **options):
        return self.run_transfer("preview", "--data", "data", "--backbone", "tiny", "--output", "sheet.png", "--views",
                                 "0", *flags, **options)

    def test_preview_writes_png_and_nothing_else(self):
        self.make_data()
        for name in ("x.jpg", "x", "x.png.txt"):
            done = self.refused("preview", "--data", "data", "--backbone", "tiny", "--output", name, expect=2, parts=["PNG", "x"])
            self.assertFalse((self.folder / name).exists())
            proposed = self.message(done).split()[-1]
            self.run_transfer("preview", "--data", "data", "--backbone", "tiny", "--output", proposed, "--images", "1")

    def test_preview_leaves_broken_images_out(self):
        root = self.make_data(per_class=3)
        for name in ("red", "blue"):
            for i in (0, 1):
                (root / f"train/{name}/{i}.png").write_text("<html>")
        done = self.preview("--images", "6")
        self.assertEqual(len(self.warnings(done, ".png: ")), 4, done.stderr)
        with Image.open(self.folder / "sheet.png") as sheet:
            self.assertEqual(sheet.height, 4 + 2 * (32 + 18 + 4))
        for name in ("red", "blue"):
            (root / f"train/{name}/2.png").write_bytes(b"")
        (self.folder / "sheet.png").unlink()
        self.assert_names(self.message(self.preview(expect=3)), "data: ", "training images", "6 images")
        self.assertFalse((self.folder / "sheet.png").exists())

    def test_stderr_names_every_broken_image_and_holds_nothing_else(self):
        root = self.make_data(per_class=3)
        write_image(root / "train/red/cut.bmp", (200, 40, 40))
        whole = (root / "train/red/cut.bmp").read_bytes()
        (root / "train/red/cut.bmp").write_bytes(whole[:200])
        write_image(root / "train/red/cut.tiff", (200, 40, 40))
        whole = (root / "train/red/cut.tiff").read_bytes()
        (root / "train/red/cut.tiff").write_bytes(whole[:200])
        done = self.preview("--images", "8")
        lines = done.stderr.splitlines()
        self.assertTrue(lines)
        for line in lines:
            self.assertRegex(line, r"^warning: .*\bdata/train/red/cut\.(bmp|tiff): ")
