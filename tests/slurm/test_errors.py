"""--launcher slurm where Slurm is missing, refuses, or behaves as the tests' own Slurm never does: the test's own
programs stand in for Slurm's."""

import json
import os
import shutil
import time
from pathlib import Path

from tests.cli.test_batch import BatchCase

JOBS = "defaults: {backbone: tiny, data: {path: data}, head: {weight_decay: 0.01}}\njobs: [{name: a}, {name: b}]\n"


class FakeSlurm(BatchCase):
    def setUp(self):
        super().setUp()
        self.programs = self.folder / "bin"
        self.programs.mkdir()
        for name in ("bash", "sh", "rm", "mv", "cat", "echo", "sed", "sleep", "touch"):
            (self.programs / name).symlink_to(shutil.which(name))
        self.make_data()
        self.write_jobs(JOBS)

    def environment(self):
        environment = {name: value for name, value in super().environment().items() if not name.startswith("SLURM")}
        return {**environment, "PATH": str(self.programs), "FOLDER": str(self.folder)}

    def program(self, name, body):
        file = self.programs / name
        file.write_text(f"#!/bin/bash\ncd {self.folder}\necho \"$0 $*\" >> calls\n{body}\n")
        file.chmod(0o755)

    def slurm(self, *flags, **options):
        return self.batch("--launcher", "slurm", *flags, **options)

    def calls(self, name):
        lines = (self.folder / "calls").read_text().splitlines()
        return [line for line in lines if line.startswith(str(self.programs / name) + " ")]


class Refusals(FakeSlurm):
    def test_without_slurm_the_missing_program_is_named(self):
        done = self.slurm(expect=8)
        self.assertRegex(done.stderr, "sbatch: .*PATH")
        self.assertIn("slurm-client", done.stderr)
        self.batch()  # here, as the message proposes

    def test_what_sbatch_says_is_passed_on(self):
        self.program("sbatch", "echo 'sbatch: error: invalid partition specified: nope' >&2; exit 1")
        done = self.slurm(expect=8)
        self.assertIn("invalid partition specified: nope", done.stderr)
        self.assertIn("out/batch/slurm.sh", done.stderr)
        self.assertEqual(self.calls("sbatch"), [f"{self.programs}/sbatch --parsable out/batch/slurm.sh"])
        self.program("sbatch", "echo all right")
        self.program("squeue", "")
        self.assert_names(self.message(self.slurm(expect=8)), "sbatch", "all right")

    def test_flags_that_do_not_go_together(self):
        self.assertIn("--launcher slurm", self.batch("--dry-run", expect=2).stderr)
        self.assertIn("--launcher slurm", self.batch("--no-wait", expect=2).stderr)
        self.assertIn("slurm: {cpus: N}", self.slurm("--threads", "2", expect=2).stderr)
        self.assertIn("slurm", self.batch("--launcher", "slrum", expect=2).stderr)
        self.write_jobs(JOBS + "slurm:\n  partiton: gpu\n")
        for flags in ([], ["--launcher", "slurm"]):
            done = self.batch(*flags, expect=2)
            self.assert_names(self.message(done), "jobs.yaml:4: ", "'partiton'", "'partition'")

    def test_a_dry_run_prints_the_script_and_does_nothing(self):
        self.write_jobs(JOBS + "slurm: {partition: gpu, gres: 'gpu:1', jobs: 5}\n")
        done = self.slurm("--dry-run", "--device", "cuda", "--jobs", "1")
        for part in ("#SBATCH --array=1-2%1", "#SBATCH --partition=gpu", "--device cuda", "[2]=b"):
            self.assertIn(part, done.stdout)
        self.assertFalse((self.folder / "out").exists())
        self.batch("--fail-fast")
        done = self.slurm("--dry-run")
        self.assertEqual(done.stdout, "")
        self.assert_names(done.stderr, "2 of 2 jobs", "finished")

    def test_a_dry_run_leaves_out_what_slurm_has_already(self):
        self.program("sbatch", "sed -n 's/#SBATCH --job-name=//p' $2 > name; echo 41")
        self.slurm("--no-wait")
        self.program("squeue", "echo \"41_2|PENDING|$(cat name)|Priority\"")
        written = (self.folder / "out/batch/slurm.json").read_bytes()
        done = self.slurm("--dry-run")
        self.assertIn("#SBATCH --array=1\n", done.stdout)
        self.assertRegex(done.stderr, r"Slurm .*\b1 of the jobs")
        self.program("squeue", "")
        self.assertIn("#SBATCH --array=1-2\n", self.slurm("--dry-run").stdout)
        self.assertEqual((self.folder / "out/batch/slurm.json").read_bytes(), written)
        self.assertEqual(len(self.calls("sbatch")), 1)

    def test_the_status_comes_from_files_alone(self):
        self.program("sbatch", "echo 41")
        self.slurm("--no-wait")

        def status():
            return json.loads(self.batch_status("--json").stdout)

        self.assertEqual([job["state"] for job in status()["jobs"]], ["waiting", "waiting"])
        self.assertEqual((status()["running"], status()["slurm_jobs"], status()["seconds_left"]), (False, ["41"], None))
        (self.folder / "out/a").mkdir()
        (self.folder / "out/a/.lock").touch()
        (self.folder / "out/batch/b.log").write_text("transfer: the loss is NaN\n")
        (self.folder / "out/batch/b.exit").write_text("40 7 RUNNING\n")
        self.assertEqual([job["state"] for job in status()["jobs"]], ["running", "waiting"], "another array ended")
        (self.folder / "out/batch/b.exit").write_text("41 7 RUNNING\n")
        failed = status()["jobs"][1]
        self.assertEqual((failed["state"], failed["reason"]), ("failed", "the loss is NaN"))
        (self.folder / "out/batch/b.exit").write_text("41 143 CANCELLED\n")
        self.assertEqual(status()["jobs"][1]["state"], "stopped")
        self.assert_names(self.batch_status().stdout, "Slurm (41)", "0 of 2 jobs done")

    def batch_status(self, *flags):
        return self.run_transfer("batch", "--status", "out", *flags)

    def test_a_device_that_only_the_nodes_have_is_no_mistake(self):
        self.assertIn("#SBATCH", self.slurm("--dry-run", "--device", "cuda").stdout)
        self.write_jobs(JOBS.replace("backbone: tiny", "backbone: tiny, device: cuda"))
        self.assertIn("#SBATCH", self.slurm("--dry-run").stdout)


class States(FakeSlurm):
    # Runs the tasks in the place of Slurm, one after the other; the first array is 41.
    RUN_ALL = """
number=$(( $(cat number 2> /dev/null || echo 40) + 1 ))
echo $number > number
echo $number
script=$2
(for task in 1 2; do
  case $(cat $script) in *"[$task]="*) SLURM_ARRAY_JOB_ID=$number SLURM_ARRAY_TASK_ID=$task bash $script ;; esac
done) > /dev/null 2>&1 &
"""

    def test_exit_files_tell_where_squeue_is_silent(self):
        self.program("sbatch", self.RUN_ALL.replace("(for", "(sleep 2; for"))  # squeue is asked meanwhile
        self.program("squeue", "case $* in *--jobs*) echo RUNNING ;; *) echo 'Unable to contact slurm controller' >&2; "
                     "exit 1 ;; esac")
        done = self.slurm()
        self.assertRegex(done.stderr, r"squeue .*: Unable to contact slurm controller")
        self.assertEqual([row["state"] for row in self.rows().values()], ["finished"] * 2)
        self.assertEqual(len(self.calls("sbatch")), 1)
        again = self.slurm()
        self.assert_begins(again.stderr, finished=2)
        self.assertEqual(len(self.calls("sbatch")), 1)

    def test_timed_out_and_preempted_jobs_are_submitted_again_and_cancelled_ones_are_not(self):
        self.program("sbatch", f"if [ -e number ]; then {self.RUN_ALL}\nelse echo 41 > number; echo 41; fi")
        self.program("squeue", "case $* in *--jobs*) echo RUNNING ;; *) "
                     "printf '41_1|TIMEOUT|x|None\\n41_2|CANCELLED|x|None\\n' ;; esac")
        done = self.slurm(expect=8)
        self.assertRegex(done.stderr, r"(?m)^a: .*\(TIMEOUT\)")
        rows = self.rows()
        self.assertEqual([rows[job]["state"] for job in "ab"], ["finished", "stopped"])
        self.assertRegex(done.stdout, r"(?m)^stopped b: cancelled")
        self.assertEqual(len(self.calls("sbatch")), 2)
        self.assertIn("--array=1\n", (self.folder / "out/batch/slurm.sh").read_text())

    def test_what_a_failing_machine_takes_away_is_submitted_again_even_where_slurm_refuses_at_first(self):
        # a could not learn from squeue whether to requeue itself; the node of b failed. The second sbatch is refused.
        self.program("sbatch", f"""touch call; case $(cat call) in
"") echo 1 > call; echo 41 > number; echo 41; echo '41 143 UNKNOWN' > out/batch/a.exit ;;
1) echo 2 > call; echo 'QOSMaxSubmitJobPerUserLimit' >&2; exit 1 ;;
*) {self.RUN_ALL} ;;
esac""")
        self.program("squeue", "case $* in *--jobs*) echo RUNNING ;; *) printf '41_1|FAILED|x|None\\n'; "
                     "state=NODE_FAIL; [ \"$(cat call)\" = 1 ] && state=RUNNING; echo \"41_2|$state|x|None\" ;; esac")
        done = self.slurm()
        self.assertIn("QOSMaxSubmitJobPerUserLimit", done.stderr)
        self.assertRegex(done.stderr, r"(?m)^a: .*\(FAILED\)")
        self.assertRegex(done.stderr, r"(?m)^b: .*\(NODE_FAIL\)")
        self.assertEqual([row["state"] for row in self.rows().values()], ["finished"] * 2)
        self.assertFalse((self.folder / "out/batch/slurm.json").exists())

    def test_a_held_job_is_told_from_one_that_waits_for_its_turn(self):
        self.program("sbatch", f"echo 0 > looks; {self.RUN_ALL.replace('(for', '(sleep 4; for')}")
        self.program("squeue", """case $* in *--jobs*) echo RUNNING ;;
*) looks=$(( $(cat looks) + 1 )); echo $looks > looks
echo '41_1|PENDING|x|Priority'; echo '41_2|PENDING|x|JobHeldUser' ;; esac""")
        done = self.slurm()
        self.assertGreater(int((self.folder / "looks").read_text()), 1)
        self.assertEqual(done.stderr.count(" held "), 1)
        self.assertRegex(done.stderr, r"(?m)^b .*`scontrol release 41_2`")

    def test_a_job_taken_out_of_the_batch_file_is_not_forgotten_while_slurm_has_it(self):
        self.program("sbatch", "sed -n 's/#SBATCH --job-name=//p' $2 > name; echo 41 > number; echo 41")
        self.slurm("--no-wait")
        self.write_jobs(JOBS.replace(", {name: b}", ""))
        self.program("squeue", "case $* in *--jobs*) echo RUNNING ;; *) echo \"41_2|RUNNING|$(cat name)|None\" ;; esac")
        self.program("sbatch", self.RUN_ALL)
        self.assertRegex(self.slurm().stderr, r"batch file.*: b \(41_2\)")
        self.write_jobs(JOBS)
        self.assert_names(self.message(self.batch(expect=8)), "Slurm", "1 job", "scancel 41")

    def test_what_squeue_has_forgotten_sacct_tells(self):
        self.program("sbatch", "echo 41")
        self.program("squeue", "")
        self.program("sacct", "printf '41_1|CANCELLED by 0\\n41_2|OUT_OF_MEMORY\\n'")
        done = self.slurm("--retries", "0", expect=8)
        self.assertRegex(done.stdout, r"(?m)^stopped a: cancelled")
        self.assertRegex(done.stdout, r"(?m)^failed b: out of memory")
        self.assertTrue(any("--jobs=41" in call for call in self.calls("sacct")))

    def test_a_task_that_left_no_exit_file_has_failed_once_it_must_have_been_seen(self):
        self.write_jobs("slurm: {file_delay_seconds: 4}\n" + JOBS)
        # The file of b appears only after Slurm has reported its failure.
        self.program("sbatch", "echo 41; (sleep 2; echo '41 7 RUNNING' > out/batch/b.tmp; "
                     "mv out/batch/b.tmp out/batch/b.exit) > /dev/null 2>&1 &")
        self.program("squeue", "printf '41_1|FAILED|x|None\\n41_2|FAILED|x|None\\n'")
        begin = time.monotonic()
        done = self.slurm("--retries", "0", expect=8)
        self.assertGreater(time.monotonic() - begin, 4)
        self.assertRegex(done.stdout, r"(?m)^failed a: .*\(FAILED\).*slurm-41_1\.log")
        self.assertRegex(done.stdout, r"(?m)^failed b: ")
        self.assertNotRegex(done.stdout, r"(?m)^failed b: .*\(FAILED\)")

    def test_where_nobody_answers_no_job_is_run_a_second_time(self):
        self.program("sbatch", "echo 41")
        self.program("squeue", "touch asked; printf '41_1|RUNNING|x|None\\n41_2|PENDING|x|None\\n'")
        process = self.start_batch("--launcher", "slurm")
        self.wait_until((self.folder / "asked").exists, process, "squeue was asked")
        process.kill()
        process.communicate()
        self.program("squeue", "echo 'slurm_load_jobs error: Unable to contact slurm controller' >&2; exit 1")
        for flags in ([], ["--launcher", "slurm"]):
            self.assert_names(self.message(self.batch(*flags, expect=8)), "squeue", "Unable to contact slurm controller")
        self.assertEqual(len(self.calls("sbatch")), 1)
        (self.programs / "squeue").unlink()
        self.assertRegex(self.batch(expect=8).stderr, "squeue: .*PATH")
