"""Bad input: exit status, what the message says, and that nothing half-written stays."""

import json
import os

from PIL import Image

from tests.cli.transfer_case import FIXTURES, TransferCase, files_of_at_most, without_privileges, write_image


class Data(TransferCase):
    def refuse_data(self, *parts, data="data", extra=()):
        return self.refused("--data", data, "--backbone", "tiny", "--out", "run", *extra, expect=3, parts=parts)

    def test_missing_folder(self):
        self.refuse_data("data: ", "no such folder", "class")

    def test_no_data_given(self):
        self.refused("--backbone", "tiny", expect=3, parts=["--data DIR"])

    def test_empty_folder(self):
        (self.folder / "data").mkdir()
        self.refuse_data("data", "class")

    def test_class_folder_without_images(self):
        self.make_data()
        (self.folder / "data/train/green").mkdir()
        self.refuse_data("data/train/green", "images")

    def test_one_class_only(self):
        self.make_data(classes=("red",))
        self.refuse_data("one class", "red")

    def test_validation_class_that_training_lacks(self):
        self.make_data()
        write_image(self.folder / "data/val/green/0.png", (0, 255, 0))
        self.refuse_data("green", "train")

    def test_every_image_broken(self):
        root = self.make_data()
        for path in root.glob("**/*.png"):
            path.write_bytes(b"")
        self.refuse_data("none of the 16 images", "0 bytes", "Repair them", extra=("--set", "data.max_broken=1"))

    def test_more_broken_than_allowed(self):
        root = self.make_data()
        (root / "train/red/0.png").write_text("<html>")
        self.refuse_data("1 of 16", "data.max_broken", "0.png")

    def test_odd_images_are_broken_not_fatal(self):
        root = self.make_data()
        folder = root / "train/red"
        jpeg = folder / "x.jpg"
        Image.new("RGB", (64, 64), (200, 40, 40)).save(jpeg)
        whole = bytearray(jpeg.read_bytes())
        start = whole.index(b"\xff\xc0")
        whole[start + 5:start + 9] = b"\xff\xff\xff\xff"
        (folder / "huge.jpg").write_bytes(whole)
        (folder / "empty.jpg").write_bytes(b"")
        Image.new("RGB", (1, 1), (200, 40, 40)).save(folder / "one.jpg")
        done = self.train("--set", "data.max_broken=0.5")
        self.assertIn("huge.jpg: ", done.stderr)
        self.assertEqual(len(self.summary()["broken_images"]), 2)

    def test_unreadable_file_is_broken(self):
        root = self.make_data()
        (root / "train/red/0.png").chmod(0)
        self.train("--set", "data.max_broken=0.5", before=without_privileges)
        self.assertIn("Permission denied", self.summary()["broken_images"][0])

    def test_csv(self):
        self.make_data()
        (self.folder / "a.csv").write_text("weight,label\nx,y\n")
        self.refuse_data("a.csv:1", "'path'", data="a.csv")
        (self.folder / "b.csv").write_text("path,label\ndata/train/red/0.png,\n")
        self.refuse_data("b.csv:2", "label", data="b.csv")
        (self.folder / "c.csv").write_text("path,label\nnowhere.png,red\n")
        self.refuse_data("c.csv:2", "nowhere.png", data="c.csv")
        (self.folder / "d.csv").write_text("path,label,split\ndata/train/red/0.png,red,tran\n")
        self.refuse_data("d.csv:2", "tran", "'train'", data="d.csv")


class Backbone(TransferCase):
    def test_files_that_are_no_backbone(self):
        self.make_data()
        cases = {
            "missing.pt": "no such file",
            "not_torchscript.pt": "TorchScript",
            "truncated.pt": "truncated",
            "state_dict.pt": "state dict",
            "endings/two_maps.pt": "forward returns",
            "endings/statically_quantised.pt": "quantised",
            "newer_format.pt": "999",
        }
        for name, part in cases.items():
            with self.subTest(name):
                self.refused("--data", "data", "--backbone", FIXTURES / name, expect=4, parts=[name, part])

    def test_unknown_name_lists_the_known(self):
        self.make_data()
        self.refused("--data", "data", "--backbone", "tinny", expect=4, parts=["tinny", "'tiny'", "no_metadata"])


class Flags(TransferCase):
    def test_unknown_names(self):
        self.make_data()
        cases = [
            (("--dta", "x"), ("--dta", "'--data'")),
            (("--data", "data", "--set", "train.epoch=3"), ("train.epoch", "'train.epochs'")),
            (("--data", "data", "--preset", "freeze-cov"), ("freeze-cov", "'freeze-conv'")),
            (("--data", "data", "--strategy", "freze-conv"), ("freze-conv", "'freeze-conv'")),
            (("trian", "--data", "data"), ("trian", "'train'")),
            (("--data", "data", "--device", "gpu"), ("device", "gpu", "auto", "cpu", "cuda:N")),
            (("--data", "data", "--seed", "one"), ("seed", "one", "number")),
            (("predict", "--model", "m.pt", "x.png", "--format", "jso"), ("jso", "'json'")),
            (("evaluate", "--model", "m.pt", "--data", "data", "--split", "vall"), ("vall", "'val'")),
        ]
        for arguments, parts in cases:
            with self.subTest(arguments):
                self.refused(*arguments, expect=2, parts=parts)

    def test_config_file_names_line(self):
        (self.folder / "c.yaml").write_text("seed: 1\ntrain:\n  lrr: 3\n")
        self.refused("--config", "c.yaml", expect=2, parts=["c.yaml:3", "lrr", "'train.lr'"])

    def test_cuda_where_there_is_none(self):
        import torch

        if torch.cuda.is_available():
            self.skipTest("this machine has CUDA")
        self.make_data()
        self.refused("--data", "data", "--backbone", "tiny", "--device", "cuda", expect=5, parts=["--device cuda"])

    def test_help_teaches(self):
        done = self.run_transfer("--help")
        self.assert_names(done.stdout, "Examples:", "--strategy", "evaluate", "Exit codes")

    def test_help_of_one_command(self):
        self.assertEqual(self.run_transfer("help").stdout, self.run_transfer("--help").stdout)
        for command in (["predict"], ["cache", "ls"], ["lr-find"]):
            self.assertEqual(self.run_transfer("help", *command).stdout, self.run_transfer(*command, "--help").stdout)
        self.refused("help", "predikt", expect=2, parts=["predikt", "did you mean 'predict'?"])
        self.refused("help", "cache", "prunes", expect=2, parts=["prunes", "did you mean 'prune'?"])
        self.refused("help", "train", "x", expect=2, parts=["'x'"])

    def test_a_wrong_flag_points_to_the_help_of_its_command(self):
        for arguments, command in ((["predict", "--modell", "x"], "predict"), (["evaluate"], "evaluate"),
                                   (["cache", "ls", "--jsn"], "cache ls"), (["--dta", "x"], "train"),
                                   (["batch", "x", "--out", "y", "--jobs", "no"], "batch")):
            self.refused(*arguments, expect=2, parts=[f"(see transfer {command} --help)"])

    def test_version_names_what_the_program_is_made_of(self):
        text = self.run_transfer("--version").stdout
        self.assertRegex(text, r"^transfer \d+\.\d+\.\d+ \(commit (unknown|[0-9a-f]{12}(-dirty)?)\)\n")
        self.assertEqual(text, self.run_transfer("version").stdout)
        versions = json.loads(self.run_transfer("--version", "--json").stdout)
        self.assertEqual(set(versions), {"transfer", "commit", "libtorch", "opencv", "compiler", "cuda", "mpi",
                                         "cpu_capability"})
        for name, value in versions.items():
            self.assertIn(value or "none", text, name)
        for name in ("transfer", "libtorch", "opencv", "compiler"):
            self.assertRegex(versions[name], r"\d+\.\d+", name)
        has_mpi = os.environ.get("TRANSFER_HAS_MPI", "OFF") == "ON"
        self.assertEqual(versions["mpi"] is not None, has_mpi)
        self.make_data()
        self.train()
        self.assertEqual(self.summary()["versions"], versions)


class Output(TransferCase):
    def test_a_file_in_the_way_of_the_run_directory(self):
        self.make_data()
        (self.folder / "file").write_text("x")
        self.refused("--data", "data", "--backbone", "tiny", "--out", "file/run", expect=6, parts=["file/run"])

    def test_unwritable_folder(self):
        self.make_data()
        (self.folder / "locked").mkdir(mode=0o500)
        self.refused("--data", "data", "--backbone", "tiny", "--out", "locked/run", expect=6,
                     parts=["locked/run", "Permission denied"], before=without_privileges)

    def test_full_disk_for_the_model(self):
        self.make_data()
        self.refused("--data", "data", "--backbone", "tiny", "--out", "run", expect=6, parts=["run/model.pt"],
                     before=files_of_at_most(8000))

    def test_full_disk_for_features(self):
        self.make_data(per_class=80)
        self.refused("--data", "data", "--backbone", "tiny", "--out", "run", "--set", "cache.memory_mb=0",
                     "--set", "cache.dir=store", expect=6, parts=["store/", "File too large", "cache.dir"],
                     before=files_of_at_most(4000))  # 64 rows or more a file
        names = {path.suffix for path in (self.folder / "store").glob("*/*")}
        self.assertEqual(names & {".features", ".keys", ".tmp"}, set())
