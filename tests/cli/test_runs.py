"""`transfer runs`: every run below a folder in one table, whatever has become of it."""

import json
import resource
import signal
import subprocess
import time
from datetime import datetime, timezone

from tests.cli.transfer_case import SLOWER, TransferCase

TUNED = ("--strategy", "fine-tune", "--threads", "1", "--set", "train.patience=0")


class Runs(TransferCase):
    def listed(self, *arguments):
        return json.loads(self.run_transfer("runs", *arguments, "--json").stdout)

    def start_until_checkpoint(self, out):
        process = subprocess.Popen(
            self.command("--data", "data", "--backbone", "tiny", *TUNED, "--set", "train.epochs=100000", "--out", out),
            cwd=self.folder, env=self.environment(), stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        self.addCleanup(process.kill)
        deadline = time.time() + 60 * SLOWER
        while not (self.folder / out / "checkpoint.pt").exists():
            self.assertLess(time.time(), deadline, "no checkpoint")
            time.sleep(0.01)
        return process

    def test_finished_running_stopped_failed_and_damaged_runs(self):
        self.make_data(splits=("train", "val", "test"))
        self.train("--threads", "1", out="runs/head")
        summary = self.summary("runs/head")
        process = self.start_until_checkpoint("runs/study/tuned")
        runs = {run["name"]: run for run in self.listed()}
        self.assertEqual(set(runs), {"head", "study/tuned"})
        head, tuned = runs["head"], runs["study/tuned"]
        for key in ("strategy", "backbone", "best_epoch", "epochs", "date"):
            self.assertEqual(head[key], summary[key], key)
        self.assertEqual((head["state"], head["data"], head["score"]), ("finished", summary["data"]["path"], "accuracy"))
        self.assertEqual((head["val"], head["test"]), (summary["val"]["accuracy"], summary["test"]["accuracy"]))
        self.assertEqual((head["seconds"], head["run_directory"]), (summary["seconds"]["total"], "runs/head"))
        self.assertEqual((tuned["state"], tuned["strategy"], tuned["backbone"]), ("running", "fine-tune", "tiny"))
        self.assertEqual((tuned["test"], tuned["best_epoch"]), (None, None))
        self.assertGreater(tuned["epochs"], 0)
        self.assertLess(abs(datetime.now(timezone.utc) - datetime.fromisoformat(tuned["date"])).total_seconds(), 120)
        process.send_signal(signal.SIGTERM)
        process.communicate(timeout=60)
        self.assertEqual([run["state"] for run in self.listed("runs/study")], ["stopped"])

        (self.folder / "runs/cut").mkdir()
        for name in ("config.yaml", "metrics.jsonl"):
            (self.folder / "runs/cut" / name).write_bytes((self.folder / "runs/head" / name).read_bytes())
        (self.folder / "runs/cut/summary.json").write_text('{"format": 2, ')
        done = self.run_transfer("runs", "--sort", "score")
        rows = done.stdout.splitlines()
        self.assertEqual([row.split()[0] for row in rows[1:]], ["head", "study/tuned", "cut"])
        self.assertRegex(rows[1], r"finished .*freeze-conv .*tiny .*data .*accuracy +100\.00 % +100\.00 %")
        self.assertRegex(rows[3], r"unreadable .*runs/cut/summary\.json: ")
        self.assertEqual(done.stderr, "")

    def test_a_run_that_fails_behind_a_checkpoint_says_why_until_it_goes_on(self):
        self.make_data()
        self.train(*TUNED, "--set", "train.epochs=2", "--time-limit", "0.001")
        (self.folder / "run/summary.json").unlink()
        for path in (self.folder / "data/train/red").iterdir():
            path.write_bytes(b"no image")
        (self.folder / "run/data.json").unlink()  # it would notice
        done = self.run_transfer("--resume", "run", "--threads", "1", expect=None)
        self.assertNotEqual(done.returncode, 0)
        (run,) = self.listed("run")
        self.assertEqual(run["state"], "failed", done.stderr)
        self.assertIn(run["reason"], self.message(done))

    def test_several_folders_and_none(self):
        self.make_data()
        self.train("--threads", "1", out="a/x")
        self.train("--threads", "1", out="b/y")
        self.assertEqual([run["name"] for run in self.listed("a", "b", "--sort", "name")], ["a/x", "b/y"])
        self.assertEqual([run["name"] for run in self.listed("a/x")], ["a/x"])
        done = self.run_transfer("runs", "data")
        self.assertEqual(done.stdout, "")
        self.assertIn("data: no run", done.stderr)
        self.assertEqual(self.listed("data"), [])
        self.assert_names(self.message(self.run_transfer("runs", expect=3)), "runs: no such folder")
        self.assert_names(self.run_transfer("runs", "a", "--sort", "scor", expect=2).stderr, "scor", "score")

    def test_a_thousand_runs_take_about_a_second(self):
        self.make_data()
        self.train("--threads", "1", out="runs/0")
        files = {name: (self.folder / "runs/0" / name).read_bytes() for name in ("config.yaml", "metrics.jsonl", "summary.json")}
        for i in range(1, 1000):
            folder = self.folder / f"runs/{i % 10}s/{i}"
            folder.mkdir(parents=True)
            for name, text in files.items():
                (folder / name).write_bytes(text)

        def seconds(*arguments):
            before = resource.getrusage(resource.RUSAGE_CHILDREN)
            self.run_transfer(*arguments)
            after = resource.getrusage(resource.RUSAGE_CHILDREN)
            return after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime

        self.assertEqual(len(self.listed()), 1000)
        self.assertLess(min(seconds("runs") for _ in range(3)), 1.5 * SLOWER)


if __name__ == "__main__":
    import unittest

    unittest.main()
