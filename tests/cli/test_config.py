"""`transfer config`: the reference of all keys, and names of earlier versions."""

import json
import shlex
from pathlib import Path

from tests.cli.transfer_case import TransferCase, without_comments

PAGE = Path(__file__).resolve().parents[2] / "docs" / "configuration.md"


class Reference(TransferCase):
    def keys_of_a_run(self):
        """All keys that --print-config shows, dotted."""
        keys, group = [], ""
        for line in without_comments(self.run_transfer("--data", "x", "--print-config").stdout).splitlines():
            name, _, value = line.strip().partition(":")
            if not line.startswith(" "):
                group = ""
                if not value:
                    group = name + "."
                    continue
            keys.append(group + name)
        return keys

    def test_the_committed_page_is_current(self):
        """After a change of keys: build/transfer config --markdown > docs/configuration.md"""
        self.assertEqual(self.run_transfer("config", "--markdown").stdout, PAGE.read_text())

    def test_every_key_of_a_run_is_listed(self):
        keys = self.keys_of_a_run()
        self.assertGreater(len(keys), 90)
        text = self.run_transfer("config").stdout
        groups = json.loads(self.run_transfer("config", "--json").stdout)
        listed = [key["key"] for group in groups.values() for key in group]
        for key in keys:
            self.assertIn(f"\n  {key}: ", text)
            self.assertIn(key, listed)
        for key in ("jobs.matrix.seeds", "jobs.search.halving.factor", "slurm.time"):
            self.assertIn(key, listed)
            self.assertIn(f"\n  {key}: ", text)

    def test_one_key(self):
        text = self.run_transfer("config", "train.lr").stdout
        for part in ("train.lr", "learning rate", "a number from 1e-12 to 1000", "0.001", "used by", "fine-tune, retrain",
                     "--set train.lr=", "train: {lr: "):
            self.assertIn(part, text)
        self.assertNotIn("train.epochs", text)

    def test_a_key_tells_who_uses_it(self):
        key = json.loads(self.run_transfer("config", "train.ema", "--json").stdout)["train"][0]
        self.assertEqual(key["used_by"], "fine-tune, retrain")
        self.assertEqual(key["presets"], {"fine-tune": "0.99", "retrain": "0.999"})
        key = json.loads(self.run_transfer("config", "cut", "--json").stdout)["general"][0]
        self.assertEqual(key["used_by"], "early-features")

    def test_choices_are_listed_for_programs(self):
        key = json.loads(self.run_transfer("config", "train.optimizer", "--json").stdout)["train"][0]
        self.assertEqual(key["choices"], ["lbfgs", "adamw", "sgd"])
        self.assertEqual(key["default"], "lbfgs")

    def test_one_group(self):
        text = self.run_transfer("config", "cache").stdout
        self.assertIn("cache.memory_mb", text)
        self.assertNotIn("train.lr", text)
        groups = json.loads(self.run_transfer("config", "slurm", "--json").stdout)
        self.assertEqual(list(groups), ["slurm"])

    def test_unknown_names(self):
        self.refused("config", "train.lrr", expect=2, parts=["train.lrr", "did you mean 'train.lr'?"])
        self.refused("config", "trian", expect=2, parts=["trian", "did you mean 'train'?"])
        self.refused("config", "--json", "--markdown", expect=2, parts=["--markdown"])

    def test_an_example_can_be_pasted_into_a_shell_or_a_file(self):
        for key in ("seed", "head.hidden", "augment.crop_area"):
            lines = self.run_transfer("config", key).stdout.splitlines()
            example = next(line.split("example", 1)[1] for line in lines if "--set" in line)
            yaml = next(line.split("(YAML)")[0] for line in lines if "(YAML)" in line)
            (self.folder / "example.yaml").write_text(yaml.strip() + "\n")
            by_flag = self.run_transfer("--data", "x", *shlex.split(example), "--print-config").stdout
            by_file = self.run_transfer("--data", "x", "--config", "example.yaml", "--print-config").stdout
            self.assertEqual(without_comments(by_flag), without_comments(by_file))
            defaults = self.run_transfer("--data", "x", "--print-config").stdout
            self.assertNotEqual(without_comments(by_flag), without_comments(defaults), key)


class OldNames(TransferCase):
    def test_a_renamed_flag(self):
        self.make_data()
        for arguments in (("--pictures", "2"), ("--pictures=2",)):
            done = self.run_transfer("preview", "--data", "data", "--backbone", "tiny", "--views", "1", *arguments)
            self.assertIn("--images", done.stderr)
            self.assertTrue((self.folder / "preview.png").exists())
        done = self.run_transfer("preview", "--data", "data", "--backbone", "tiny", "--views", "1", "--images", "2")
        self.assertNotIn("--pictures", done.stderr)
