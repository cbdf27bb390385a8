"""The command line itself: direct flags, names of other trainers, help, --print-config, --dry-run and --time-limit."""

import json
import re
import resource
import shutil
import subprocess
import time
import unittest

from tests.cli.transfer_case import SLOWER, TransferCase, without_comments

COMMANDS = ("train", "evaluate", "predict", "explain", "serve", "neighbours", "embed", "inspect", "backbones", "check", "preview", "lr-find",
            "advise", "batch", "runs", "compare", "ensemble", "soup", "export", "cache", "cache ls", "cache prune", "config", "version", "completion", "help")


class FlagsCase(TransferCase):
    def settings(self, *arguments):
        """The settings that --print-config comes to, as {key: (value, origin)}."""
        text = self.run_transfer("--data", "x", *arguments, "--print-config").stdout
        settings, group = {}, ""
        for line in text.splitlines():
            match = re.fullmatch(r"( *)([a-z0-9_]+):(?: (.*?))?(?: +# (.*))?", line)
            if not match:
                continue
            indentation, name, value, origin = match.groups()
            if value is None:
                group = name + "."
            else:
                settings[(group if indentation else "") + name] = (value, origin)
        return settings

    def value(self, key, *arguments):
        return self.settings(*arguments)[key][0]


class EmptyValues(FlagsCase):
    def test_they_are_refused(self):
        for arguments in (("predict", "--model", "run", "x.png", "--sort-into", ""),
                          ("evaluate", "--model", "run", "--data", "data", "--report="),
                          ("check", "--data", "data", "--output", ""), ("--data", "data", "--output", ""),
                          ("explain", "--model", "run", "x.png", "--output", "maps", "--cam-stage", "")):
            flag = next(one for one in reversed(arguments) if one.startswith("--")).rstrip("=")
            done = self.run_transfer(*arguments, expect=2)
            self.assert_names(self.message(done), flag, "empty text")


class DirectFlags(FlagsCase):
    def test_they_are_short_for_settings(self):
        flags = {"--epochs": ("train.epochs", "7"), "--batch-size": ("train.batch_size", "12"),
                 "--lr": ("train.lr", "0.5"), "--image-size": ("data.input_size", "96"),
                 "--patience": ("train.patience", "3"), "--augment": ("augment.preset", "light"),
                 "--workers": ("data.workers", "2"), "--device": ("device", "cpu"),
                 "--time-limit": ("train.time_limit", "90s")}
        settings = self.settings(*(part for flag, (_, value) in flags.items() for part in (flag, value)))
        for flag, (key, value) in flags.items():
            self.assertEqual(settings[key], (value, flag))

    def test_a_flag_wins_over_set_and_the_last_of_two(self):
        self.assertEqual(self.value("train.epochs", "--epochs", "4", "--set", "train.epochs=5"), "4")
        self.assertEqual(self.value("train.epochs", "--epochs", "4", "--epochs", "6"), "6")

    def test_a_wrong_value_names_the_flag(self):
        for flag, value in (("--epochs", "many"), ("--lr", "fast"), ("--image-size", "big"), ("--time-limit", "soon")):
            self.refused("--data", "x", flag, value, expect=2, parts=[flag, value, "expected"])

    def test_where_they_make_sense(self):
        for command, flag in (("advise", "--epochs"), ("advise", "--image-size"), ("lr-find", "--batch-size"),
                              ("preview", "--image-size"), ("lr-find", "--workers")):
            self.assertIn(flag + " ", self.run_transfer(command, "--help").stdout, command)
        self.assertNotIn("--epochs", self.run_transfer("lr-find", "--help").stdout)

    def test_a_name_is_a_folder_below_runs(self):
        self.assertEqual(self.value("out", "--name", "first"), "runs/first")
        self.refused("--data", "x", "--name", "a", "--output", "b", expect=2, parts=["--name", "--output"])
        for name in ("a/b", ".."):
            self.refused("--data", "x", "--name", name, expect=2, parts=["--name", "--output"])
        self.refused("--data", "x", "--name", "", expect=2, parts=["--name", "empty text"])
        self.make_data()
        self.run_transfer("--data", "data", "--backbone", "tiny", "--threads", "1", "--name", "first")
        self.assertTrue((self.folder / "runs/first/model.pt").exists())

    def test_durations(self):
        for given, shown in (("90", "90s"), ("30m", "30m"), ("2h", "2h"), ("1h30m", "90m"), ("0", "0"),
                             ("1.5h", "90m"), ("1d", "1d")):
            self.assertEqual(self.value("train.time_limit", "--time-limit", given), shown)
        for wrong in ("-5", "1m1h", "m", "1x", "1e9d"):
            self.refused("--data", "x", f"--time-limit={wrong}", expect=2, parts=["--time-limit", "30m"])


class OtherNames(FlagsCase):
    def test_words_of_other_trainers_work(self):
        names = {"--imgsz": ("data.input_size", "96"), "--img-size": ("data.input_size", "96"),
                 "--bs": ("train.batch_size", "9"), "--learning-rate": ("train.lr", "0.5"),
                 "--model": ("backbone", "flatten"), "--pretrained": ("backbone", "flatten"),
                 "--num-workers": ("data.workers", "3"), "--out": ("out", "there"), "--save-dir": ("out", "there")}
        for flag, (key, value) in names.items():
            self.assertEqual(self.value(key, flag, value), value, flag)
            self.assertEqual(self.value(key, f"{flag}={value}"), value, flag)
        self.assertEqual(self.value("overwrite", "--exist-ok"), "true")

    def test_others_are_answered_with_what_to_write(self):
        for flag, parts in (("--optimizer", ["--set train.optimizer="]), ("--momentum", ["--set train.momentum="]),
                            ("--wd", ["head.weight_decay", "train.weight_decay"]),
                            ("--weight-decay", ["head.weight_decay", "train.weight_decay"]),
                            ("--project", ["--output", "--name"]), ("--gpus", ["--device"]),
                            ("--amp", ["train.precision"]), ("--num-classes", ["read off the data"]),
                            ("--metric", ["--set train.monitor="])):
            self.refused("--data", "x", flag, "1", expect=2, parts=[f"unknown flag '{flag}'", *parts])
        self.refused("batch", "jobs.yaml", "--output", "o", "--epochs", "3", expect=2, parts=["train.epochs", "defaults:"])

    def test_a_flag_does_not_take_the_next_flag_for_its_value(self):
        for flags, parts in ((("--resume", "--device", "cpu"), ["--resume needs a FOLDER", "'--device'"]),
                             (("--data", "x", "--model", "--dry-run"), ["--model needs a NAME", "'--dry-run'"]),
                             (("--data", "x", "--bs", "--lr=1"), ["--bs needs", "'--lr=1'"]),
                             (("--data",), ["--data needs", "nothing follows"]),
                             (("cache", "prune", "x", "--unused-days", "--yes"), ["--unused-days needs"])):
            self.refused(*flags, expect=2, parts=parts)
        self.assertEqual(self.value("out", "--output=--there"), "--there")

    def test_pretrained_without_a_network(self):
        for flags in (("--pretrained",), ("--pretrained", "--dry-run"), ("--pretrained", "--epochs", "3"),
                      ("--pretrained", "false"), ("--pretrained=True",), ("--pretrained", "true", "--model", "tiny")):
            self.refused("--data", "x", *flags, expect=2,
                         parts=["pretrained weights are the default", "name of a network", "--from-scratch"])

    def test_two_names_of_a_flag_with_different_values(self):
        for first, second in (("--model", "--backbone"), ("--output-dir", "--output"), ("--imgsz", "--image-size"),
                              ("--batch-size", "--bs"), ("--num-epochs", "--max-epochs")):
            self.refused("--data", "x", first, "64", f"{second}=32", expect=2, parts=[f"{first} 64", f"{second} 32"])
        self.assertEqual(self.value("data.input_size", "--imgsz", "64", "--image-size", "64"), "64")
        self.refused("preview", "--data", "x", "--file", "a.png", "--output", "b.png", expect=2, parts=["--file", "--output"])

    def test_commands_for_models_answer_other_names_too(self):
        for command in ("predict", "evaluate"):
            done = self.run_transfer(command, "--weights", "none.pt", "--data" if command == "evaluate" else "--top",
                                     "1", *(["x.png"] if command == "predict" else []), expect=None)
            self.assertIn("none.pt", self.message(done))
        for flags, parts in ((("predict", "--source", "x"), ["'--source'", "without a flag"]),
                             (("predict", "--model", "m", "--source", "x"), ["'--source'", "without a flag"]),
                             (("predict", "--model", "m", "x", "--conf", "0.5"), ["'--conf'", "--min-confidence"]),
                             (("embed", "--model", "m", "--images", "x"), ["'--images'", "without a flag"]),
                             (("predict", "x.png"), ["--model is required"])):
            self.refused(*flags, expect=2, parts=parts)

    def test_images_without_their_flag(self):
        self.make_data()
        self.refused("data", expect=2, parts=["'data'", "--data data"])
        self.refused("train", "data", expect=2, parts=["'data'", "--data data"])
        self.refused("train", "--data", "data", "more", expect=2, parts=["more"])
        done = self.refused("trian", expect=2, parts=["'trian'", "'train'"])
        self.assertNotIn("--data", done.stderr)

    def test_a_name_keeps_its_own_meaning(self):
        done = self.run_transfer("evaluate", "--model", "none.pt", "--data", "x", expect=None)
        self.assertIn("none.pt", done.stderr)

    def test_output_is_the_name_everywhere(self):
        for command in ("train", "batch", "preview", "lr-find"):
            text = self.run_transfer(command, "--help").stdout
            self.assertIn("--output F", text, command)
            self.assertNotRegex(text, r"--(out|file)\b")
        self.make_data()
        done = self.run_transfer("preview", "--data", "data", "--backbone", "tiny", "--file", "old.png")
        self.assertIn("--output", done.stderr)
        self.run_transfer("preview", "--data", "data", "--backbone", "tiny", "--output", "new.png")
        self.assertEqual((self.folder / "old.png").read_bytes(), (self.folder / "new.png").read_bytes())

    def test_json_of_predict(self):
        self.make_data()
        self.train("--threads", "1")
        image = "data/val/red/0.png"
        by_name, by_format = (self.run_transfer("predict", "--model", "run/model.pt", image, *flags).stdout
                              for flags in (("--json",), ("--format", "json")))
        self.assertEqual(by_name, by_format)
        self.assertEqual(json.loads(by_name)[0]["path"], image)
        done = self.run_transfer("predict", "--model", "run/model.pt", image, "--json", "--format", "csv", expect=2)
        self.assert_names(done.stderr, "--json", "--format")


class Help(FlagsCase):
    def test_each_command_has_its_own(self):
        for command in COMMANDS:
            text = self.run_transfer(*command.split(), "--help").stdout
            with self.subTest(command):
                self.assertIn(f"Usage: transfer {command} ", text)
                self.assertLess(max(map(len, text.splitlines())), 100)
                if command != "completion":
                    examples = text.split("Examples:\n")[1].splitlines()
                    self.assertIn(len([line for line in examples if "transfer " in line]), range(3, 7))
                    self.assertTrue(all(f"transfer {command.split()[0]}" in line or "transfer --version" in line
                                        for line in examples if line), examples)
                self.assertNotIn("Exit codes", text)

    def test_values_and_defaults(self):
        text = " ".join(self.run_transfer("train", "--help").stdout.split())
        for part in ("--epochs N ", "--lr NUMBER ", "--output FOLDER ", "--set KEY=VALUE ", "--time-limit TIME ",
                     "default 30; fine-tune: ", "key train.epochs]", "[default freeze-conv"):
            self.assertIn(part, text)
        text = " ".join(self.run_transfer("predict", "--help").stdout.split())
        for part in ("--model FOLDER|FILE ", "[required]", "--top N ", "[default 1]", "[default text]"):
            self.assertIn(part, text)

    def test_the_program_answers_at_once(self):
        def seconds():
            before = resource.getrusage(resource.RUSAGE_CHILDREN)
            self.run_transfer("--help")
            after = resource.getrusage(resource.RUSAGE_CHILDREN)
            return after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime

        if SLOWER > 1:
            self.skipTest("sanitizers begin before the program")
        self.assertLess(min(seconds() for _ in range(5)), 0.1)  # LibTorch alone takes 0.2 s of CPU time

    def test_the_program_alone_says_what_to_type_first(self):
        text = self.run_transfer().stdout
        self.assertLess(len(text.splitlines()), 16)
        self.assert_names(text, "transfer train --data", "predict", "--help")

    def test_examples_name_flags_that_exist(self):
        for command in COMMANDS:
            text = self.run_transfer(*command.split(), "--help").stdout
            if "Examples:" not in text:
                continue
            flags, examples = text.split("Examples:")
            for flag in re.findall(r"(?<=\s)--[a-z-]+", examples):
                if flag != "--version" and command != "cache":
                    self.assertIn(flag, flags, command)


class PrintConfig(FlagsCase):
    def test_origins(self):
        (self.folder / "c.yaml").write_text("seed: 4\ntrain:\n  lr: 0.25\n")
        settings = self.settings("--config", "c.yaml", "--strategy", "fine-tune", "--set", "train.ema=0.5",
                                 "--augment", "light", "--epochs", "3")
        for key, value, origin in (("seed", "4", "c.yaml:1"), ("train.lr", "0.25", "c.yaml:3"),
                                   ("strategy", "fine-tune", "--strategy"), ("train.ema", "0.5", "--set"),
                                   ("train.epochs", "3", "--epochs"), ("train.optimizer", "adamw", "preset fine-tune"),
                                   ("train.momentum", "0.9", "default"), ("augment.preset", "light", "--augment")):
            self.assertEqual(settings[key], (value, origin), key)
        self.assertEqual(settings["augment.crop"][1], "augment.preset")

    def test_it_is_yaml_with_comments_that_config_reads(self):
        first = self.run_transfer("--data", "x", "--strategy", "fine-tune", "--lr", "0.125", "--print-config").stdout
        self.assertLess(max(map(len, first.splitlines())), 100)
        self.assertGreater(first.count("#"), 150)
        self.assertIn("# How the weights are fitted\ntrain:\n", first)
        (self.folder / "c.yaml").write_text(first)
        again = self.run_transfer("--config", "c.yaml", "--print-config").stdout
        self.assertEqual(without_comments(first), without_comments(again))


class DryRun(FlagsCase):
    def everything(self):
        return sorted(str(path.relative_to(self.folder)) for path in self.folder.rglob("*"))

    def dry(self, *arguments, **options):
        before = self.everything()
        done = self.run_transfer("--data", "data", "--backbone", "tiny", "--threads", "1", "--dry-run", *arguments,
                                 **options)
        self.assertEqual(self.everything(), before, "a dry run writes nothing")
        return done

    def test_it_says_what_would_be_done(self):
        self.make_data()
        for flags in ((), ("--strategy", "fine-tune", "--epochs", "2"), ("--strategy", "early-features"),
                      ("--strategy", "auto"), ("--strategy", "fine-tune", "--set", "train.freeze_stages=1")):
            with self.subTest(flags):
                text = self.dry(*flags, "--name", "x").stdout
                self.assert_names(text, "nothing is written", "16 train, 16 val", "disk", "runs/x", "time", "1 thread\n")
        text = self.dry("--strategy", "auto", "--name", "x").stdout
        self.assert_names(text, "measuring", "not known")
        for wrong in ("at most", "nothing for"):
            self.assertNotIn(wrong, text)
        plan = json.loads(self.dry("--strategy", "auto", "--json").stdout)
        self.assertNotIn("bytes", plan["output"])
        plan = json.loads(self.dry("--strategy", "fine-tune", "--json").stdout)
        self.assertEqual(plan["images"], {"train": 16, "val": 16, "test": 0})
        self.assertEqual((plan["images_read"], plan["images_broken"]), (32, 0))
        self.assertGreater(plan["memory_bytes"], 1e6)
        self.assertGreater(plan["output"]["bytes"], 0)
        self.assertGreater(plan["output"]["free_bytes"], 0)
        self.assertGreater(plan["seconds"], 0)

    def test_it_fails_as_the_run_would(self):
        self.make_data()
        (self.folder / "used").mkdir()
        (self.folder / "used/file").write_text("x")
        self.make_data(root="few", per_class=2)
        (self.folder / "few/train/red/0.png").unlink()
        store = ("--set", "cache.dir=used/file", "--set", "cache.share=true")
        for expect, flags, parts in ((3, ("--data", "none"), ["none"]), (4, ("--backbone", "none.pt"), ["none.pt"]),
                                     (2, ("--epochs", "0"), ["--epochs"]), (6, ("--output", "used"), ["used"]),
                                     (6, ("--output", "used/file/run"), ["used/file/run"]),
                                     (6, ("--output", "used/file", "--overwrite"), ["used/file", "is a file"]),
                                     (6, ("--output", "data", "--overwrite"), ["data: holds the data"]),
                                     (6, ("--tensorboard", "used/file"), ["used/file", "--tensorboard"]),
                                     (6, store, ["used/file"]),
                                     (6, (*store, "--strategy", "auto"), ["used/file"]),
                                     (3, ("--data", "few", "--strategy", "auto"), ["'red' has 1 training image "]),
                                     (3, ("--data", "few", "--strategy", "early-features"), ["cross-validation"]),
                                     (4, ("--strategy", "auto", "--cut", "none"), ["none"]),
                                     (4, ("--strategy", "early-features", "--cut", "none"), ["none"])):
            with self.subTest(flags):
                done = self.dry(*flags, expect=expect)
                self.assert_names(self.message(done), *parts)
                self.assertEqual(done.stdout, "")
                self.run_transfer("--data", "data", "--backbone", "tiny", *flags, expect=expect)

    def test_a_run_among_the_images_is_refused_and_the_default_place_warned_of(self):
        self.make_data()
        (self.folder / "alias").symlink_to("data")
        for out in ("data/run", "alias/runs/x", "data/train/red/run"):
            done = self.dry("--output", out, expect=2)
            self.assert_names(self.message(done), f"--output {out}", "lies in the data", "outside")
            self.run_transfer("--data", "data", "--backbone", "tiny", "--output", out, expect=2)
        self.assertFalse((self.folder / "data/run").exists())
        shutil.copytree(self.folder / "data", self.folder / "own")
        done = subprocess.run(self.command("--data", ".", "--backbone", "tiny"), cwd=self.folder / "own",
                              env=self.environment(), capture_output=True, text=True)
        self.assertEqual(done.returncode, 0, done.stderr)
        self.assertTrue(self.warnings(done, "lies in the data", "--output"), done.stderr)

    def test_broken_images_are_found(self):
        self.make_data()
        for path in (self.folder / "data/train/red").iterdir():
            path.write_bytes(b"no image")
        done = self.dry(expect=3)
        self.assert_names(self.message(done), "8 of 16 images in train", "data.max_broken")


class TimeLimit(FlagsCase):
    def run_of(self, *flags, out="run", **options):
        return self.run_transfer("--data", "data", "--backbone", "tiny", "--threads", "1", "--output", out, *flags,
                                 **options)

    def metrics(self, out="run"):
        lines = (self.folder / out / "metrics.jsonl").read_text().splitlines()
        return [{k: v for k, v in json.loads(line).items() if k != "seconds"} for line in lines]

    FINE_TUNE = ("--strategy", "fine-tune", "--batch-size", "4", "--patience", "0", "--set", "train.warmup_epochs=0")

    def test_training_layers_stops_in_time_and_the_run_is_complete(self):
        self.make_data()
        started = time.monotonic()
        done = self.run_of(*self.FINE_TUNE, "--epochs", "100000", "--time-limit", "4s")
        self.assertLess(time.monotonic() - started, 60)
        self.assertIn("train.time_limit", done.stdout)
        summary = self.summary()
        self.assertEqual(summary["ended_by"], "time_limit")
        self.assertLess(summary["epochs"], 100000)
        self.assertEqual(self.metrics()[-1]["epoch"], summary["epochs"])
        text = self.run_transfer("evaluate", "--model", "run/model.pt", "--data", "data", "--json").stdout
        self.assertAlmostEqual(json.loads(text)["loss"], summary["val"]["loss"], places=4)

    def test_a_resumed_run_equals_one_without_a_limit(self):
        self.make_data()
        flags = (*self.FINE_TUNE, "--epochs", "3")
        self.run_of(*flags, "--time-limit", "0.001", out="cut")
        self.assertEqual(self.summary("cut")["ended_by"], "time_limit")
        self.assertEqual(self.summary("cut")["epochs"], 1)
        self.assertTrue((self.folder / "cut/checkpoint.pt").exists())
        self.run_transfer("--resume", "cut", "--time-limit", "0", "--threads", "1")
        self.run_of(*flags, out="whole")
        self.assertEqual(self.summary("cut")["ended_by"], "epochs")
        self.assertEqual(self.metrics("cut"), self.metrics("whole"))
        self.assertEqual(self.summary("cut")["val"], self.summary("whole")["val"])
        self.assertFalse((self.folder / "cut/checkpoint.pt").exists())

    def test_a_head_stops_too(self):
        self.make_data()
        self.run_of("--time-limit", "0.001", "--set", "train.optimizer=adamw", "--epochs", "100000", "--patience", "0")
        summary = self.summary()
        self.assertEqual((summary["ended_by"], summary["epochs"]), ("time_limit", 1))
        self.assertTrue((self.folder / "run/model.pt").exists())
        self.run_of("--time-limit", "0.001", out="lbfgs")
        self.assertEqual(self.summary("lbfgs")["epochs"], 1)

    def test_further_epochs_by_a_flag_are_kept(self):
        self.make_data()
        self.run_of(*self.FINE_TUNE, "--epochs", "1")
        self.run_transfer("--resume", "run", "--epochs", "2", "--time-limit", "1h", "--threads", "1")
        self.assertEqual(self.summary()["epochs"], 2)
        config = (self.folder / "run/config.yaml").read_text()
        self.assertIn("  epochs: 2\n", config)
        self.assertIn("  time_limit: 0\n", config)

    def test_what_ends_other_runs(self):
        self.make_data()
        self.run_of(*self.FINE_TUNE, "--epochs", "1", "--time-limit", "1h")
        self.assertEqual(self.summary()["ended_by"], "epochs")
        self.assertEqual(self.run_transfer("--resume", "run").stdout, "")


class Units(FlagsCase):
    def test_one_thread_and_readable_numbers(self):
        self.make_data()
        done = self.train("--threads", "1")
        self.assertIn("1 thread\n", done.stderr)
        self.assertRegex(done.stdout, r"time [\d.]+ s \(features [\d.]+ s, training [\d.]+ s\), peak memory \d+ MB\n")
        self.assertRegex(self.run_transfer("inspect", "--backbone", "tiny").stdout, r"total +[\d.]+( k)? +[\d.]+ [kM]\n")

    def test_names_of_any_script_are_aligned(self):
        names = ("red", "青い鳥", "e\u0301te\u0301", "очень длинное имя класса вида")
        self.make_data(classes=("red",))
        for split in ("train", "val"):
            for name in names[1:]:
                target = self.folder / "data" / split / name
                target.mkdir()
                for path in (self.folder / "data" / split / "red").iterdir():
                    (target / path.name).write_bytes(path.read_bytes() + name.encode())
        done = self.train("--threads", "1", "--set", "data.allow_leakage=true")
        rows = [line for line in done.stdout.splitlines() if re.match(r"  \S.*\d\.\d{4}", line)]
        self.assertEqual(len(rows), 4)
        columns = {width(row[:re.search(r"\d\.\d{4}", row).start()]) for row in rows}
        self.assertEqual(len(columns), 1, done.stdout)

    def test_no_path_twice_in_a_line(self):
        self.make_data()
        self.train("--threads", "1")
        (self.folder / "empty.png").touch()
        done = self.run_transfer("predict", "--model", "run/model.pt", "empty.png", "data/val/red/0.png")
        line = next(line for line in done.stdout.splitlines() if "empty.png" in line)
        self.assertEqual(line.count("empty.png"), 1)


def width(text):
    import unicodedata

    return sum(0 if unicodedata.combining(c) else 2 if unicodedata.east_asian_width(c) in "WF" else 1 for c in text)


if __name__ == "__main__":
    unittest.main()
