"""docs/outputs.md names every file and every JSON key that runs, batches and commands leave behind."""

import csv
import json
import re
import subprocess

from tests.docs.pages import ROOT
from tests.docs.test_shell_blocks import LONGEST_BLOCK, PageCase

PAGE = (ROOT / "docs" / "outputs.md").read_text()
# Objects whose keys are names of the data or of settings, not the program's.
NAMED_BY_DATA = ("per_class", "per_label", "per_target", "images_per_class", "settings", "axes", "values", "probabilities")

BATCH = """\
defaults: {data: {path: pets}, train: {epochs: 1}}
jobs:
  - {name: folds, matrix: {folds: 2}}
  - name: rates
    strategy: fine-tune
    matrix: {train: {lr: [0.0001, 0.001]}}
    search: {halving: {epochs: 1, factor: 2}}
"""


def keys_of(value):
    """The keys of a JSON document, names of classes, labels, targets and settings left out."""
    if isinstance(value, list):
        return set().union(*map(keys_of, value)) if value else set()
    if not isinstance(value, dict):
        return set()
    found = set(value)
    for key, inner in value.items():
        if key not in NAMED_BY_DATA:
            found |= keys_of(inner)
        elif isinstance(inner, dict):
            found |= set().union(*map(keys_of, inner.values())) if inner else set()
    return found


def documented(key):
    key = re.sub(r"^top\d+_accuracy$", "top5_accuracy", key)
    return re.search(rf"`([^`]*\W)?{re.escape(key)}(\W[^`]*)?`", PAGE) is not None


class Outputs(PageCase):
    def sh(self, text):
        done = subprocess.run(["bash", "-c", text], cwd=self.folder, env=self.environment, text=True,
                              capture_output=True, timeout=LONGEST_BLOCK)
        self.assertEqual(done.returncode, 0, f"{text}\n{done.stdout}\n{done.stderr}")
        return done.stdout

    def check_keys(self, what, document):
        self.assertEqual([key for key in sorted(keys_of(document)) if not documented(key)], [], what)

    def check_run(self, name):
        run = self.folder / "runs" / name
        self.check_keys(f"{name}: summary.json", json.loads((run / "summary.json").read_text()))
        for line in (run / "metrics.jsonl").read_text().splitlines():
            self.check_keys(f"{name}: metrics.jsonl", json.loads(line))
        for file in run.iterdir():
            self.assertIn(f"`{file.name}`", PAGE, name)

    def test_every_key_and_file_of_a_run(self):
        for name, flags in {
            "classes": "--data pets",
            "auto": "--data pets --strategy auto --set train.epochs=1",
            "stages": "--data pets --strategy early-features",
            "tuned": "--data pets --strategy fine-tune --augment none --set train.freeze_stages=1 --set train.epochs=1",
            "taught": "--data pets --strategy fine-tune --augment none --set train.epochs=1 --teacher runs/classes",
            "labels": "--data photos.csv --set head.loss=binary_cross_entropy",
            "numbers": "--task regression --data fruit.csv",
            "digits": "--data mnist --backbone flatten --set train.top_k=2",
        }.items():
            self.sh(f"transfer {flags} --output runs/{name}")
            self.check_run(name)
        for name in ("classes", "labels", "numbers"):
            printed = self.sh(f"transfer predict --model runs/{name}/model.pt photo.jpg --format json")
            self.check_keys(f"predict: {name}", json.loads(printed))
        printed = self.sh("transfer predict --model runs/classes/model.pt photo.jpg --format csv --top 2")
        self.assertEqual([column for column in printed.splitlines()[0].split(",") if not documented(column)], [])
        self.check_keys("advise", json.loads(self.sh("transfer advise --data pets --json")))
        self.check_keys("evaluate", json.loads(self.sh("transfer evaluate --model runs/classes/model.pt --data pets --json")))
        for strategy in ("freeze-conv", "fine-tune"):
            plan = self.sh(f"transfer --data pets --strategy {strategy} --dry-run --json")
            self.check_keys("dry run", json.loads(plan))
        self.check_keys("dry run", json.loads(self.sh("transfer --config runs/taught/config.yaml --dry-run --json")))
        self.check_keys("lr-find", json.loads(self.sh("transfer lr-find --data pets --steps 10 --json")))
        self.assertIn("format", json.loads((self.folder / "runs/classes/summary.json").read_text()))

    def test_every_key_and_file_of_a_batch(self):
        (self.folder / "jobs.yaml").write_text(BATCH)
        self.sh("transfer batch jobs.yaml --output runs/study --jobs 2")
        study = self.folder / "runs" / "study"
        summary = json.loads((study / "summary.json").read_text())
        self.check_keys("summary.json", summary)
        with open(study / "summary.csv", newline="") as file:
            columns = csv.DictReader(file).fieldnames
        self.assertIn("train.lr", columns)
        of_keys = set(columns) - set(summary["axes"])
        self.assertEqual([column for column in sorted(of_keys) if not documented(column)], [])
        self.assertEqual([state for state in {job["state"] for job in summary["jobs"]} if not documented(state)], [])
        kinds = {re.sub(r"^(folds|rates)-.*\.", "NAME.", file.name) for file in (study / "batch").iterdir()}
        unknown = [kind for kind in kinds if f"`batch/{kind}`" not in PAGE and not kind.startswith(".")]
        self.assertEqual(unknown, [])
        self.check_keys("cache ls", json.loads(self.sh("transfer cache ls runs/study/feature-store --json")))

    def test_a_key_that_the_page_lacks_is_found(self):
        self.assertFalse(documented("no_such_key"))
        self.assertEqual(keys_of({"val": {"per_class": {"cats": {"f1": 1}}, "loss": 0}}), {"val", "per_class", "f1", "loss"})
