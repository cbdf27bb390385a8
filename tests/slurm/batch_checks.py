"""Batches by --launcher slurm against a real Slurm that the test starts itself; run.py runs them."""

import json
import os
import signal
import time
from pathlib import Path

from tests.cli.test_batch import RESUMED, BatchCase
from tests.slurm.cluster import Cluster

cluster = Cluster()


def setUpModule():
    cluster.start()


def tearDownModule():
    cluster.stop()


DEFAULTS = "defaults: {backbone: tiny, data: {path: data}, head: {weight_decay: 0.01}}\n"
SLURM = "slurm: {partition: work, time: 5, cpus: 1, memory: 100M, options: ['--comment=\"two words\"']}\n"
LONG = "strategy: fine-tune, train: {epochs: 200, patience: 0}"
ENDLESS = "strategy: fine-tune, train: {epochs: 100000, patience: 0}"


class SlurmCase(BatchCase):
    def setUp(self):
        super().setUp()
        # Nothing between here and a node may mind a quote.
        self.folder = self.folder / "o'hara's 100% \"study\""
        self.folder.mkdir()
        self.addCleanup(self.cancel_all)

    def cancel_all(self):
        cluster.run("scancel", "--user=root")
        self.wait_for(lambda: not cluster.run("squeue", "--noheader").stdout.strip(), "an empty queue")

    def environment(self):
        return {**super().environment(), **{name: cluster.environment[name] for name in ("SLURM_CONF", "PATH")}}

    def slurm(self, *flags, **options):
        return self.batch("--launcher", "slurm", *flags, **options)

    def start_slurm(self, *flags):
        return self.start_batch("--launcher", "slurm", *flags,
                                preexec_fn=lambda: signal.signal(signal.SIGINT, signal.default_int_handler))

    def start_until_checkpoint(self, jobs, job):
        """The watcher of a batch, when the job has written its first checkpoint."""
        self.write_jobs(jobs)
        watcher = self.start_slurm()
        self.wait_until((self.folder / "out" / job / "checkpoint.pt").exists, watcher, "a checkpoint")
        return watcher

    def wait_for(self, condition, what):
        deadline = time.time() + 60
        while not condition():
            self.assertLess(time.time(), deadline, f"{what}\n{cluster.logs()}\n{self.logs()}")
            time.sleep(0.02)

    def logs(self):
        return "\n".join(f"--- {log.name}\n{log.read_text()}" for log in self.folder.glob("out/batch/*.log"))

    def task_of(self, number):
        """Slurm's id of the running task of a job."""
        (task,) = [task for task, state in cluster.states().items()
                   if task.endswith(f"_{number}") and state == "RUNNING"]
        return task

    def epochs_of(self, job):
        lines = (self.folder / "out" / job / "metrics.jsonl").read_text().splitlines()
        return [json.loads(line)["epoch"] for line in lines][1:]  # the start is epoch 0


class Array(SlurmCase):
    JOBS = SLURM + DEFAULTS + f"""
jobs:
  - {{name: heads, matrix: {{seed: [1, 2, 3]}}}}
  - {{name: bad, train: {{optimizer: sgd, lr: 1000}}, head: {{weight_decay: 1000}}}}
  - {{name: deep, {LONG}}}
  - {{name: more, data: {{path: more}}}}
"""

    def test_six_jobs_one_fails_one_is_stopped_and_goes_on_and_the_watcher_comes_and_goes(self):
        self.make_data()
        self.make_data(root="more", splits=("train", "val", "test"), classes=("red", "green"))
        watcher = self.start_until_checkpoint(self.JOBS, "deep")
        checkpoint = self.folder / "out/deep/checkpoint.pt"
        watcher.send_signal(signal.SIGINT)
        out, log = watcher.communicate(timeout=30)
        self.assertEqual((watcher.returncode, out), (130, ""), log)
        self.assertIn("Slurm", log)
        task = self.task_of(5)
        array = task.split("_")[0]
        self.assertIn(f"scancel {array}", log)
        cluster.run("scancel", "--batch", "--signal=TERM", task, check=True)
        self.wait_for(lambda: cluster.states().get(task) == "PENDING", "the requeued job")
        self.assert_names(self.message(self.batch(expect=8)), "Slurm", f"scancel {array}")
        self.assertTrue(checkpoint.exists())
        done = self.slurm(expect=8)
        self.assertRegex(done.stderr, r"Slurm .*\b\d+ of the jobs")
        self.assertIn("SIGTERM", (self.folder / "out/batch/deep.log").read_text())
        self.assertRegex(self.message(done), r"1 of 6 jobs failed.*\b0 ")
        self.assertIn("failed bad: ", done.stdout)
        self.assertEqual(self.epochs_of("deep"), list(range(1, 201)), "each epoch once")
        given = [task.split("_") for task in cluster.states()]
        self.assertEqual({first for first, number in given if number != "4"}, {array}, "only what failed is tried again")
        self.assertFalse((self.folder / "out/batch/slurm.json").exists())

        of_slurm = self.summary_without_times()
        self.assertEqual([row["state"] for row in of_slurm[0]], ["finished"] * 3 + ["failed"] + ["finished"] * 2)
        (self.folder / "out").rename(self.folder / "out of slurm")
        self.batch("--jobs", "2", "--threads", "2", expect=8)
        self.assertEqual(self.summary_without_times(), of_slurm)


class Stopped(SlurmCase):
    def test_a_cancelled_job_is_left_alone_until_the_next_time(self):
        self.make_data()
        watcher = self.start_until_checkpoint(
            SLURM + DEFAULTS + f"jobs: [{{name: a, {ENDLESS}}}, {{name: b}}]\n", "a")
        cluster.run("scancel", self.task_of(1), check=True)
        out, log = watcher.communicate(timeout=60)
        self.assertEqual(watcher.returncode, 8, log)
        self.assertIn("a: stopped", log)
        self.assertRegex(out, r"(?m)^stopped a: cancelled")
        self.assertRegex(log, r"0 of 2 jobs failed.*\b1 ")
        trained = len(self.epochs_of("a"))

        self.write_jobs(SLURM + DEFAULTS + f"jobs: [{{name: a, {ENDLESS}}}, {{name: b}}, {{name: c, head: "
                        "{weight_decay: 1000}, train: {optimizer: sgd, lr: 1000}}]\n")
        done = self.slurm("--fail-fast", expect=8)
        self.assertRegex(done.stderr, RESUMED.format("a"))
        self.assert_begins(done.stderr, finished=1)
        rows = self.rows()
        self.assertEqual([rows[job]["state"] for job in "abc"], ["stopped", "finished", "failed"])
        self.assertGreater(len(self.epochs_of("a")), trained)
        self.assertIn("--resume", (self.folder / "out/batch/a.log").read_text(), "it was given time for a checkpoint")

    def test_a_killed_watcher_loses_nothing_and_changed_jobs_wait(self):
        self.make_data()
        jobs = SLURM + DEFAULTS + f"jobs: [{{name: a, {ENDLESS}}}]\n"
        watcher = self.start_until_checkpoint(jobs, "a")
        watcher.kill()
        watcher.communicate()
        task = self.task_of(1)
        record = self.folder / "out/batch/slurm.json"
        known = json.loads(record.read_text())
        self.assertEqual(known["submissions"][0]["slurm_job"], task.split("_")[0])
        # As if it had been killed before sbatch answered.
        known["submissions"][0]["slurm_job"] = ""
        record.write_text(json.dumps(known))
        self.write_jobs(jobs.replace("100000", "200"))
        self.assertIn(f"scancel {task}", self.slurm(expect=8).stderr)
        cluster.run("scancel", task, check=True)
        self.wait_for(lambda: cluster.states()[task] == "CANCELLED", "the end of the job")
        done = self.slurm()
        self.assertRegex(done.stderr, r"(?m)^a: .*changed")
        self.assertEqual(self.epochs_of("a"), list(range(1, 201)))


class Preempted(SlurmCase):
    def test_a_job_makes_room_for_an_urgent_one_and_goes_on_behind_it(self):
        self.make_data()
        watcher = self.start_until_checkpoint(
            SLURM + DEFAULTS + f"jobs: [{{name: deep, {LONG.replace('200', '500')}}}]\n", "deep")
        task = self.task_of(1)
        cluster.run("sbatch", "--partition=urgent", f"--cpus-per-task={cluster.settings['processors']}",
                    "--output=/dev/null", "--wrap=sleep 1", check=True)
        self.wait_for(lambda: cluster.states()[task] == "PENDING", "the job that made room")
        out, log = watcher.communicate(timeout=60)
        self.assertEqual(watcher.returncode, 0, log)
        self.assertIn("SIGTERM", (self.folder / "out/batch/deep.log").read_text())
        self.assertEqual(self.epochs_of("deep"), list(range(1, 501)), "each epoch once")
        self.assertEqual([row["state"] for row in self.rows().values()], ["finished"])


class Rounds(SlurmCase):
    def test_jobs_that_pause_for_others_come_to_the_same_end_as_here(self):
        self.make_data()
        self.write_jobs("""
defaults: {backbone: tiny, data: {path: data}, strategy: fine-tune, head: {start: random}, train: {epochs: 3, patience: 0}}
jobs:
  - {name: rates, matrix: {train.lr: [1.0e-7, 1.0e-2]}, search: {halving: {epochs: 1, factor: 2}}}
""")
        self.assertIn("jobs.yaml:4: search.halving", self.slurm("--no-wait", expect=2).stderr)
        done = self.slurm()
        self.assertIn("paused", done.stderr)
        of_slurm = self.summary_without_times()
        self.assertEqual(sorted(row["state"] for row in of_slurm[0]), ["finished", "pruned"])
        (self.folder / "out").rename(self.folder / "out of slurm")
        self.batch("--threads", "1")
        self.assertEqual(self.summary_without_times(), of_slurm)


class Container(SlurmCase):
    def test_jobs_run_by_the_command_of_the_container(self):
        self.make_data()
        apptainer = self.folder / "apptainer"
        apptainer.write_text('#!/bin/sh\necho "in $3 by $1 $2"\nshift 3\nexec "$@"\n')
        apptainer.chmod(0o755)
        program = json.dumps(str(Path(self.command()[0])))
        self.write_jobs(f"slurm: {{container: my image.sif, container_command: [./apptainer, exec, --nv], "
                        f"program: {program}}}\n{DEFAULTS}jobs: [{{name: a}}]\n")
        self.slurm("--jobs", "1")
        self.assertIn("in my image.sif by exec --nv", (self.folder / "out/batch/a.log").read_text())
        self.assertIn("--array=1%1", (self.folder / "out/batch/slurm.sh").read_text())
