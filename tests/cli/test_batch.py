"""Batches by the built binary: one run directory per job, resuming after a kill, failures, the summary, shared features."""

import csv
import json
import os
import pty
import random
import re
import shutil
import signal
import subprocess
import time
from pathlib import Path

from tests.cli.transfer_case import TransferCase, write_image

TIMED = ("seconds", "peak_memory_mb")
# A line of the log by which a job resumes from its checkpoint.
RESUMED = r"(?m)^{}: resumed$"


def without_times(value):
    """A summary without what differs from run to run."""
    if isinstance(value, dict):
        return {key: without_times(part) for key, part in value.items() if key not in TIMED}
    return [without_times(part) for part in value] if isinstance(value, list) else value


def children_of(process):
    """Process ids of the children, whatever their state."""
    found = []
    for status in Path("/proc").glob("[0-9]*/stat"):
        try:
            fields = status.read_text().rsplit(")", 1)[1].split()
        except OSError:
            continue
        if int(fields[1]) == process:
            found.append(int(status.parent.name))
    return found


def is_alive(process):
    try:
        return Path(f"/proc/{process}/stat").read_text().rsplit(")", 1)[1].split()[0] != "Z"
    except OSError:
        return False


class BatchCase(TransferCase):
    def write_jobs(self, text, name="jobs.yaml"):
        (self.folder / name).write_text(text)

    def batch(self, *flags, out="out", **options):
        return self.run_transfer("batch", "jobs.yaml", "--out", out, *flags, **options)

    def start_batch(self, *flags, out="out", **options):
        process = subprocess.Popen(
            self.command("batch", "jobs.yaml", "--out", out, *flags), cwd=self.folder, env=self.environment(),
            stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, **options)
        self.addCleanup(process.kill)
        return process

    def wait_until(self, condition, process, what):
        deadline = time.time() + 60
        while not condition():
            self.assertIsNone(process.poll(), f"ended before {what}")
            self.assertLess(time.time(), deadline, what)
            time.sleep(0.01)

    def assert_begins(self, log, **counts):
        """Asserts how many jobs a batch found finished before, interrupted, and new, by the first line of its log."""
        line = next(line for line in log.splitlines() if "finished before" in line)
        found = dict(zip(("finished", "interrupted", "new"), map(int, re.findall(r"(\d+) (?:finished|to )", line))))
        self.assertEqual({name: found[name] for name in counts}, counts, line)

    def rows(self, out="out"):
        with open(self.folder / out / "summary.csv", newline="") as file:
            return {row["job"]: row for row in csv.DictReader(file)}

    def summary_without_times(self, out="out"):
        rows = [{key: value for key, value in row.items() if key not in TIMED} for row in self.rows(out).values()]
        return rows, without_times(json.loads((self.folder / out / "summary.json").read_text()))


FIVE_JOBS = """
defaults: {backbone: tiny, strategy: freeze-conv, train: {iterations: 20}, head: {weight_decay: 0.01}}
jobs:
  - {name: bees, data: {path: data}}
  - {name: steel, data: {path: more}, matrix: {strategy: [freeze-conv, fine-tune], seed: [1, 2]}, train: {epochs: 2}}
"""


class Batch(BatchCase):
    def test_a_batch_from_end_to_end_and_once_more(self):
        self.make_data()
        self.make_data(root="more", splits=("train", "val", "test"), classes=("red", "green"))
        self.write_jobs(FIVE_JOBS)
        done = self.batch("--jobs", "2", "--threads", "2")
        names = ["bees", "steel-strategy=freeze-conv-seed=1", "steel-strategy=freeze-conv-seed=2",
                 "steel-strategy=fine-tune-seed=1", "steel-strategy=fine-tune-seed=2"]
        rows = self.rows()
        self.assertEqual(list(rows), names)
        for name in names:
            self.assertEqual(rows[name]["state"], "finished")
            run = json.loads((self.folder / rows[name]["run_directory"] / "summary.json").read_text())
            self.assertEqual(float(rows[name]["val"]), run["val"]["accuracy"])
            self.assertEqual(run["threads"], 1, "two threads shared by two jobs")
            self.assertIn("started", done.stderr)
        self.assertEqual(rows["bees"]["test"], "")
        summary = json.loads((self.folder / "out/summary.json").read_text())
        ranking = {group["group"]: group for group in summary["ranking"]}
        self.assertEqual(set(ranking), {"bees", "steel-strategy=freeze-conv", "steel-strategy=fine-tune"})
        group = ranking["steel-strategy=freeze-conv"]
        values = [float(rows[name]["val"]) for name in names[1:3]]
        self.assertAlmostEqual(group["val"]["mean"], sum(values) / 2)
        self.assertAlmostEqual(group["val"]["standard_deviation"], abs(values[0] - values[1]) / 2 ** 0.5)
        self.assertEqual(group["runs"], 2)
        for text in ("more, accuracy", "steel-strategy=fine-tune", "±", "out/bees", "summary.csv"):
            self.assertIn(text, done.stdout)
        self.assertNotIn("\033", done.stderr, "no table in a log")
        self.assertNotIn("as one model", done.stdout, "runs on different data")

        before = self.summary_without_times()
        changed = {path: path.stat().st_mtime_ns for path in (self.folder / "out").glob("*/model.pt")}
        again = self.batch("--jobs", "2", "--threads", "2", "--json")
        self.assert_begins(again.stderr, finished=5)
        self.assertEqual(json.loads(again.stdout), json.loads((self.folder / "out/summary.json").read_text()))
        self.assertEqual(before, self.summary_without_times())
        self.assertEqual(changed, {path: path.stat().st_mtime_ns for path in (self.folder / "out").glob("*/model.pt")})

    def test_what_has_changed_runs_again_and_nothing_else(self):
        self.make_data()
        jobs = "defaults: {{backbone: tiny, head: {{weight_decay: 0.01}}}}\njobs:\n" \
               "  - {{name: a, data: {{path: data}}, train: {{iterations: {}}}}}\n  - {{name: b, data: {{path: more}}}}\n"
        self.make_data(root="more")
        self.write_jobs(jobs.format(10))
        done = self.batch()
        self.assertRegex(done.stderr, r"(?m)^a: finished after .* \(1 of 2 jobs done, (about|less than) .* left\)$")
        self.assertRegex(done.stderr, r"(?m)^b: finished after .* \(2 of 2 jobs done\)$")
        self.write_jobs(jobs.format(11))
        done = self.batch("--threads", "1")
        self.assertRegex(done.stderr, r"(?m)^a: .*changed")
        self.assert_begins(done.stderr, finished=1)
        write_image(self.folder / "more/train/red/0.png", (250, 10, 10), seed=99)
        done = self.batch()
        self.assertRegex(done.stderr, r"(?m)^b: .*changed")
        self.assertNotIn("a: started", done.stderr)

    def test_all_jobs_are_checked_before_the_first_starts(self):
        self.make_data()
        self.write_jobs("defaults: {backbone: tiny}\njobs:\n  - {name: good, data: {path: data}}\n"
                        "  - {name: lost, data: {path: nowhere}}\n  - {name: net, data: {path: data}, backbone: tinny}\n")
        done = self.batch(expect=3)
        self.assert_names(done.stderr, "2 of 3 jobs", "lost (jobs.yaml:4): nowhere: ", "net (jobs.yaml:5)", "tinny")
        self.assertFalse((self.folder / "out").exists())
        self.assert_names(self.refuse_jobs("jobs:\n  - {name: a, dta: {path: data}}\n"), "jobs.yaml:2: ", "dta")
        self.assertIn("none.yaml", self.run_transfer("batch", "none.yaml", "--out", "out", expect=2).stderr)
        self.assert_names(self.batch("--jbs", "2", expect=2).stderr, "'--jbs'", "'--jobs'")

    def test_jobs_that_would_fail_later_are_refused_before_the_first(self):
        self.make_data()
        self.make_data(root="single", splits=("train",))
        self.make_data(root="single", splits=("val",), classes=("red",))
        self.make_data(root="few", per_class=1)
        self.write_jobs("defaults: {backbone: tiny, data: {path: data}}\njobs:\n  - {name: good}\n"
                        "  - {name: score, train: {monitor: r2}}\n"
                        "  - {name: place, strategy: early-features, cut: nosuch}\n"
                        "  - {name: again, strategy: early-features, cut: nosuch, seed: 2}\n"
                        "  - {name: unused, cut: nosuch}\n"
                        "  - {name: area, data: {path: single}, train: {monitor: auroc}}\n"
                        "  - {name: few, data: {path: few}, strategy: auto}\n"
                        "  - {name: probed, data: {path: few}, strategy: early-features}\n")
        done = self.batch(expect=2)
        self.assertFalse((self.folder / "out").exists())
        message = self.message(done)
        self.assert_names(message, "6 of 8 jobs", "score (jobs.yaml:4): ", "'r2'")
        for name, part in (("place", "nosuch"), ("again", "nosuch"), ("area", "'auroc'"), ("few", "cross-validation"),
                           ("probed", "cross-validation")):
            self.assertRegex(done.stderr, rf"(?m)^job {name} \(jobs\.yaml:\d+\): [^\n\\]*{part}", "a line for each")

    def test_one_warning_counts_the_jobs_that_do_not_use_a_setting(self):
        self.make_data()
        self.write_jobs("defaults: {backbone: tiny, data: {path: data}, head: {weight_decay: 0.01}, train: {ema: 0.5}}\n"
                        "jobs: [{name: a, matrix: {augment: {preset: [none, light]}}}]\n")
        done = self.batch()
        warnings = self.warnings(done, "effect")
        self.assertEqual(len(warnings), 1, done.stderr)
        self.assert_names(warnings[0], "augment.preset (in 1 of 2 jobs)", "train.ema (in 2 of 2 jobs)")
        self.write_jobs("jobs: [{name: a, backbone: tiny, data: {path: data}}]\n")
        self.assertEqual(self.warnings(self.batch(out="other"), "effect"), [])

    def refuse_jobs(self, text):
        self.write_jobs(text)
        return self.batch(expect=2).stderr

    def test_finished_jobs_of_an_earlier_format_are_named_with_a_remedy(self):
        self.make_data()
        self.write_jobs("defaults: {backbone: tiny, head: {weight_decay: 0.01}}\njobs: [{name: a, data: {path: data}}]\n")
        self.batch()
        file = self.folder / "out/a/summary.json"
        summary = json.loads(file.read_text())
        del summary["format"]
        file.write_text(json.dumps(summary))
        self.assert_names(self.message(self.batch(expect=3)), "out/a/summary.json: is of format 1",
                          "earlier version of transfer", "remove out/a")
        shutil.rmtree(self.folder / "out/a")
        self.batch()
        self.assertEqual(json.loads(file.read_text())["format"], 2)
        self.assertEqual(json.loads((self.folder / "out/summary.json").read_text())["format"], 2)
        self.assertEqual(self.rows()["a"]["score"], "accuracy")

    def test_folders_of_others_and_of_a_running_batch_are_left_alone(self):
        self.make_data()
        self.write_jobs("defaults: {backbone: tiny}\njobs: [{name: a, data: {path: data}}]\n")
        (self.folder / "out/a").mkdir(parents=True)
        (self.folder / "out/a/notes.txt").write_text("mine")
        self.assert_names(self.message(self.batch(expect=6)), "out/a: ", "--out")
        self.assertEqual((self.folder / "out/a/notes.txt").read_text(), "mine")
        for name in ("summary.json", "config.yaml"):
            (self.folder / "single").mkdir(exist_ok=True)
            (self.folder / "single" / name).write_text("mine")
            self.assert_names(self.message(self.batch(out="single", expect=6)), "single: ", name, "--output")
            self.assertEqual([path.name for path in (self.folder / "single").iterdir()], [name])
            (self.folder / "single" / name).unlink()
        shutil.rmtree(self.folder / "out")
        self.write_jobs("defaults: {backbone: tiny}\njobs: [{name: a, data: {path: data}, strategy: fine-tune, "
                        "train: {epochs: 100000, patience: 0}}]\n")
        first = self.start_batch()
        self.wait_until((self.folder / "out/a/checkpoint.pt").exists, first, "its first epoch")
        self.assert_names(self.message(self.batch(expect=6)), "out: ", "another batch")
        first.send_signal(signal.SIGTERM)
        first.communicate(timeout=60)
        self.assertEqual(first.returncode, 143)


class Failure(BatchCase):
    JOBS = """
defaults: {backbone: tiny, data: {path: data}, head: {weight_decay: 0.01}}
jobs:
  - {name: bad, train: {optimizer: sgd, lr: 1000}, head: {weight_decay: 1000}}
  - {name: good}
"""

    def test_one_failing_job_does_not_stop_the_others(self):
        self.make_data()
        self.write_jobs(self.JOBS)
        done = self.batch(expect=8)
        self.assert_names(self.message(done), "1 of 2 jobs")
        self.assertRegex(done.stdout, r"(?m)^failed bad: .*loss")
        rows = self.rows()
        self.assertEqual((rows["bad"]["state"], rows["good"]["state"]), ("failed", "finished"))
        self.assertEqual(done.stderr.count("bad: started"), 1, "the loss will not converge the second time either")
        self.write_jobs(self.JOBS.replace("lr: 1000", "lr: 0.1").replace("weight_decay: 1000", "weight_decay: 0.1"))
        done = self.batch()
        self.assert_begins(done.stderr, finished=1)
        self.assertEqual(self.rows()["bad"]["state"], "finished")

    def test_fail_fast_stops_all(self):
        self.make_data()
        self.write_jobs(self.JOBS)
        done = self.batch("--fail-fast", expect=8)
        self.assertNotIn("good: started", done.stderr)
        self.assertEqual(self.rows()["good"]["state"], "waiting")

    def test_fail_fast_stops_what_runs_beside_the_failure(self):
        self.make_data()
        self.write_jobs("defaults: {backbone: tiny, data: {path: data}, strategy: fine-tune, head: {start: random}}\njobs:\n"
                        "  - {name: long, train: {epochs: 100000, patience: 0}}\n"
                        "  - {name: bad, train: {optimizer: sgd, lr: 1000, epochs: 60, freeze_epochs: 0, clip_norm: 0, warmup_epochs: 0}}\n")
        done = self.batch("--fail-fast", "--jobs", "2", "--threads", "2", expect=8)
        self.assertIn("long: started", done.stderr)
        rows = self.rows()
        self.assertEqual((rows["bad"]["state"], rows["long"]["state"]), ("failed", "stopped"))

    def test_a_job_is_tried_no_more_often_than_asked(self):
        self.make_data()
        self.write_jobs("defaults: {backbone: tiny, data: {path: data}}\njobs:\n"
                        "  - {name: a, strategy: fine-tune, train: {epochs: 100000, patience: 0}}\n")
        process = self.start_batch("--retries", "2")
        killed = set()
        while process.poll() is None and len(killed) < 10:
            for child in set(children_of(process.pid)) - killed:
                os.kill(child, signal.SIGKILL)
                killed.add(child)
            time.sleep(0.01)
        _, log = process.communicate(timeout=60)
        self.assertEqual(process.returncode, 8, log)
        self.assertEqual(len(killed), 3, "the first time and two more")
        self.assertEqual(self.rows()["a"]["state"], "failed")

    def test_a_job_that_is_killed_is_tried_again_and_goes_on(self):
        self.make_data()
        self.write_jobs("defaults: {backbone: tiny, data: {path: data}}\njobs:\n"
                        "  - {name: a, strategy: fine-tune, train: {epochs: 60, patience: 0}}\n")
        process = self.start_batch()
        self.wait_until((self.folder / "out/a/checkpoint.pt").exists, process, "its first epoch")
        for child in children_of(process.pid):
            os.kill(child, signal.SIGKILL)
        _, log = process.communicate(timeout=60)
        self.assertEqual(process.returncode, 0, log)
        self.assertRegex(log, r"(?m)^a: failed .*signal 9")
        self.assertRegex(log, RESUMED.format("a"))
        lines = (self.folder / "out/a/metrics.jsonl").read_text().splitlines()
        self.assertEqual([json.loads(line)["epoch"] for line in lines], list(range(61)))


class Interruption(BatchCase):
    JOBS = """
defaults: {backbone: tiny, train: {iterations: 30, patience: 0}}
jobs:
  - {name: one, data: {path: data}, augment: {views: 20}, matrix: {seed: [1, 2, 3]}}
  - {name: two, data: {path: more}, matrix: {seeds: 2, head.weight_decay: [0.01]}, augment: {views: 20}}
  - {name: deep, data: {path: more}, strategy: fine-tune, train: {epochs: 30}}
"""

    def test_killed_three_times_at_random_and_once_after_a_checkpoint_it_ends_with_the_same_summary(self):
        self.make_data()
        self.make_data(root="more", splits=("train", "val", "test"), classes=("red", "green"))
        self.write_jobs(self.JOBS)
        start = time.time()
        self.batch("--jobs", "2", "--threads", "2")
        whole = time.time() - start
        expected = self.summary_without_times()
        texts = (self.folder / "out/deep/predictions_val.csv").read_bytes()
        (self.folder / "out").rename(self.folder / "undisturbed")
        moments = random.Random(5)
        for attempt in range(4):
            process = self.start_batch("--jobs", "2", "--threads", "2")
            if attempt < 3:
                self.wait_until(lambda: len(children_of(process.pid)) == 2, process, "two jobs ran")
                time.sleep(moments.uniform(0, whole / 6))
            else:
                self.wait_until((self.folder / "out/deep/checkpoint.pt").exists, process, "the last job's first epoch")
            children = children_of(process.pid)
            self.assertIsNone(process.poll(), "ended before it was killed")
            process.kill()
            process.communicate()
            deadline = time.time() + 10
            while any(is_alive(child) for child in children):
                self.assertLess(time.time(), deadline, "an orphan still runs")
                time.sleep(0.01)
        self.assertRegex(self.batch("--jobs", "2", "--threads", "2").stderr, RESUMED.format("deep"))
        self.assertEqual(self.summary_without_times(), expected)
        rows = self.rows()
        self.assertEqual({job: row["head.weight_decay"] for job, row in rows.items()},
                         {job: "0.01" if job.startswith("two") else "" for job in rows})
        summary = json.loads((self.folder / "out/summary.json").read_text())
        self.assertEqual(summary["axes"], ["seed", "head.weight_decay"])
        self.assertEqual((self.folder / "out/deep/predictions_val.csv").read_bytes(), texts)
        self.assertEqual(list((self.folder / "out/feature-store").glob("*/*.tmp")), [])

    def test_ctrl_c_stops_all_jobs_with_a_checkpoint(self):
        self.make_data()
        self.write_jobs("defaults: {backbone: tiny, data: {path: data}, strategy: fine-tune}\njobs:\n"
                        "  - {name: quick, strategy: freeze-conv, head: {weight_decay: 0.01}}\n"
                        "  - {name: a, train: {epochs: 100000, patience: 0}, matrix: {seed: [1, 2]}}\n  - {name: b}\n")
        process = self.start_batch(
            "--jobs", "2", preexec_fn=lambda: signal.signal(signal.SIGINT, signal.default_int_handler))
        both = [self.folder / f"out/a-seed={seed}/checkpoint.pt" for seed in (1, 2)]
        self.wait_until(lambda: all(path.exists() for path in both), process, "both had a checkpoint")
        self.wait_until(lambda: self.states() == ["finished", "running", "running", "waiting"], process, "the status")
        self.check_status_of_running_batch()
        process.send_signal(signal.SIGINT)
        out, log = process.communicate(timeout=60)
        self.assertEqual(process.returncode, 130, log)
        self.assertEqual(out, "")
        self.assertRegex(log, r"(?m)^finished \(1\): quick$")
        self.assertRegex(log, r"(?m)^stopped \(2\).* checkpoints.*: a-seed=1 \(epoch \d+ of 100000\), a-seed=2 \(epoch")
        self.assertRegex(log, r"(?m)^waiting \(1\): b$")
        self.assertRegex(log, r"same command .* batch jobs\.yaml --out out --jobs 2\n")
        self.check_status_of_stopped_batch()
        self.assertNotIn("b: started", log)
        for path in both:
            self.assertTrue(path.exists())
        self.assertFalse((self.folder / "out/summary.json").exists())
        process = self.start_batch("--jobs", "2")
        self.wait_until(lambda: len(children_of(process.pid)) == 2, process, "two jobs ran")
        process.send_signal(signal.SIGTERM)
        _, log = process.communicate(timeout=60)
        self.assertEqual(process.returncode, 143)
        self.assert_begins(log, finished=1, interrupted=2, new=1)
        self.assertRegex(log, RESUMED.format("a-seed=1"))

    def status(self, out="out"):
        return json.loads(self.run_transfer("batch", "--status", out, "--json").stdout)

    def states(self):
        return [job["state"] for job in self.status()["jobs"]]

    def check_status_of_running_batch(self):
        status = self.status()
        self.assertTrue(status["running"])
        self.assertEqual((status["done"], status["total"], status["states"]["running"]), (1, 4, 2))
        quick, first, _, last = status["jobs"]
        self.assertEqual((quick["score"], quick["val"]), ("accuracy", self.summary("out/quick")["val"]["accuracy"]))
        self.assertEqual(first["epochs"], 100000)
        self.assertGreater(first["epoch"], 0)
        self.assertGreater(first["seconds"], 0)
        self.assertGreater(first["seconds_left"], first["seconds"])
        self.assertGreater(status["seconds_left"], first["seconds_left"] / 2, "its epochs tell of the whole batch")
        self.assertEqual((last["epoch"], last["seconds_left"], last["resume"]), (None, None, False))

    def check_status_of_stopped_batch(self):
        def files():
            return {path: path.stat().st_mtime_ns for path in (self.folder / "out").rglob("*")}

        before = files()
        self.assertEqual(self.states(), ["finished", "stopped", "stopped", "waiting"])
        text = self.run_transfer("batch", "--status", "out").stdout
        self.assertEqual(files(), before, "looking changes nothing")
        self.assert_names(text, "no batch runs", "1 of 4 jobs done, 2 stopped, 1 waiting", "quick", "of 100000", "checkpoint")
        self.assertNotIn("left)", text)
        status = self.status()
        self.assertEqual((status["running"], status["seconds_left"]), (False, None))
        self.assertTrue(status["jobs"][1]["resume"])
        for folder, parts in (("nowhere", ["nowhere", "no such"]), ("data", ["data", "jobs.yaml"]),
                              ("out/quick", ["out/quick", "--status out"])):
            self.assert_names(self.message(self.run_transfer("batch", "--status", folder, expect=2)), *parts)
        self.assertIn("--status", self.run_transfer("batch", "jobs.yaml", "--status", "out", expect=2).stderr)

    def test_a_terminal_shows_a_table(self):
        self.make_data()
        # Long enough for a time left to be shown.
        self.write_jobs("defaults: {backbone: tiny, data: {path: data}, strategy: fine-tune, train: {epochs: 12, patience: 0}}\n"
                        "jobs: [{name: a}, {name: b}, {name: c}]\n")
        controller, terminal = pty.openpty()
        process = subprocess.Popen(self.command("batch", "jobs.yaml", "--out", "out"), cwd=self.folder,
                                   env=self.environment(), stdout=subprocess.PIPE, stderr=terminal)
        os.close(terminal)
        shown = b""
        while True:
            try:
                part = os.read(controller, 4096)
            except OSError:
                break
            shown += part
        os.close(controller)
        process.communicate(timeout=60)
        self.assertEqual(process.returncode, 0, shown)
        text = shown.decode()
        for part in ("running   a", "waiting   b", "finished  b", "1 of 3 jobs done", "left", "\033[3A", "3 of 3 jobs done"):
            self.assertIn(part, text)


class SuccessiveHalving(BatchCase):
    JOBS = """
defaults: {backbone: tiny, data: {path: data}, strategy: fine-tune, head: {start: random}, train: {epochs: 6, patience: 0, ema: 0}}
jobs:
  - {name: rates, matrix: {train.lr: [1.0e-7, 1.0e-6, 1.0e-5, 1.0e-2]}, search: {halving: {epochs: 1, factor: 2}}}
"""

    def epochs(self, job, out="out"):
        file = self.folder / out / job / "metrics.jsonl"
        keys = ("epoch", "train_loss", "val_loss")
        return [[json.loads(line)[key] for key in keys] for line in file.read_text().splitlines()]

    def standing(self, job, epoch):
        """What decides after an epoch: the score, then the loss."""
        line = json.loads((self.folder / "out" / job / "metrics.jsonl").read_text().splitlines()[epoch - 1])
        return line["val_accuracy"], -line["val_loss"]

    def test_weak_jobs_stop_early_and_the_best_trains_as_if_alone(self):
        self.make_data(per_class=8)
        self.write_jobs(self.JOBS)
        done = self.batch("--threads", "1")
        rows = self.rows()
        lengths = {job: len(self.epochs(job)) for job in rows}
        self.assertEqual(sorted(lengths.values()), [1, 1, 2, 6], lengths)
        jobs = sorted(rows, key=lambda job: self.standing(job, 1), reverse=True)
        winner, second = sorted(jobs[:2], key=lambda job: self.standing(job, 2), reverse=True)
        self.assertEqual((lengths[winner], lengths[second]), (6, 2))
        for job, row in rows.items():
            self.assertEqual(row["state"], "finished" if job == winner else "pruned")
            self.assertEqual(row["train.lr"], job.removeprefix("rates-train.lr="))
        self.assertRegex(done.stderr, r"pruned after epoch 1: accuracy \d+\.\d\d %.* [34] of 4\b.*\b2\b")
        self.assertRegex(done.stdout, r"pruned rates-train.lr=\S+: after epoch 2: accuracy .* 2 of 2\b")
        reasons = [job["reason"] for job in json.loads((self.folder / "out/summary.json").read_text())["jobs"]
                   if job["state"] == "pruned"]
        self.assertEqual(sorted(reason.split(":")[0] for reason in reasons),
                         ["after epoch 1", "after epoch 1", "after epoch 2"])
        self.run_transfer("--data", "data", "--backbone", "tiny", "--strategy", "fine-tune", "--threads", "1",
                          "--out", "alone", *(f"--set={setting}" for setting in (
                              "head.start=random", "train.epochs=6", "train.patience=0", "train.ema=0", winner.removeprefix("rates-"))))
        self.assertEqual(self.epochs(winner), self.epochs("alone", out="."), "paused twice, and not a bit differs")

        expected = self.summary_without_times()
        again = self.batch("--threads", "1")
        self.assertNotRegex(again.stderr, r"(?m): (started|resumed)$")
        self.assertEqual(self.summary_without_times(), expected)

    def test_killed_at_random_it_comes_to_the_same_verdicts(self):
        self.make_data(per_class=8)
        self.write_jobs(self.JOBS)
        start = time.time()
        self.batch("--threads", "1")
        whole = time.time() - start
        expected = self.summary_without_times()
        shutil.rmtree(self.folder / "out")
        moments = random.Random(3)
        for _ in range(3):
            process = self.start_batch("--threads", "1")
            self.wait_until(lambda: children_of(process.pid), process, "a job ran")
            time.sleep(moments.uniform(0, whole / 4))
            self.assertIsNone(process.poll(), "ended before it could be killed")
            process.kill()
            process.communicate()
        self.batch("--threads", "1")
        self.assertEqual(self.summary_without_times(), expected)

    def test_strategies_without_epochs_are_refused(self):
        self.make_data()
        self.write_jobs("defaults: {backbone: tiny, data: {path: data}}\njobs:\n"
                        "  - {name: a, matrix: {head.label_smoothing: [0, 0.1]}, search: {halving: {epochs: 1}}}\n")
        self.assert_names(self.batch(expect=2).stderr, "search.halving", "epochs", "fine-tune")


class SharedFeatures(BatchCase):
    def test_seeds_folds_and_heads_compute_each_image_once(self):
        self.make_data(splits=("",), per_class=20)
        self.write_jobs("defaults: {backbone: tiny, data: {path: data}, train: {iterations: 5}, head: {weight_decay: 0.1}}\n"
                        "jobs:\n  - {name: a, matrix: {seeds: 2, folds: 2}}\n  - {name: b, head: {label_smoothing: 0.1}}\n")
        done = self.batch("--jobs", "2", "--threads", "2")
        self.assertIn("all of them as one model: transfer ensemble out --output ensemble.pt", done.stdout)
        listed = json.loads(self.run_transfer("cache", "ls", "out/feature-store", "--json").stdout)
        self.assertEqual([(entry["backbone"], entry["layers"], entry["rows"]) for entry in listed], [("tiny", "", 40)])
        folds = [self.summary(f"out/a-seed=1-data.fold={fold}") for fold in (1, 2)]
        self.assertEqual([(fold["train_images"], fold["val"]["images"]) for fold in folds], [(20, 20), (20, 20)])
        alone = ("--data", "data", "--backbone", "tiny", "--set", "train.iterations=5", "--set", "head.weight_decay=0.1",
                 "--set", "head.label_smoothing=0.1", "--threads", "1")
        self.run_transfer(*alone, "--out", "alone")
        self.assertEqual((self.folder / "alone/predictions_val.csv").read_bytes(),
                         (self.folder / "out/b/predictions_val.csv").read_bytes())

    def test_pruning(self):
        self.make_data()
        self.train("--set", "cache.share=true", out="runs/a")
        self.assertIn("penultimate", self.run_transfer("cache", "ls").stdout)
        self.assert_names(self.message(self.run_transfer("cache", "prune", expect=2)), "--unused-days", "--keep-mb", "--all")
        self.assertIn("0 bytes removed", self.run_transfer("cache", "prune", "--unused-days", "1").stdout)
        store = self.folder / "runs/feature-store"
        (entry,) = store.iterdir()
        old = time.time() - 3 * 86400
        os.utime(entry / "lock", (old, old))
        self.run_transfer("cache", "prune", "--unused-days", "1")
        self.assertEqual(list(store.iterdir()), [])
        self.assert_names(self.message(self.run_transfer("cache", "ls", "nowhere", expect=3)), "nowhere")
