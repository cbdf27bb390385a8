"""--quiet, --verbose, --no-progress, --log-json and colours: what stderr holds, on a terminal and elsewhere."""

import json
import os
import pty
import re
import subprocess

from tests.cli.transfer_case import TransferCase

FINE_TUNE = ("--strategy", "fine-tune", "--set", "train.epochs=2", "--set", "train.batch_size=5", "--threads", "1")
RED, YELLOW = "\033[31m", "\033[33m"


class Messages(TransferCase):
    def events(self, done):
        """The events on stderr, every line of which is one."""
        return [json.loads(line) for line in done.stderr.splitlines()]

    def on_terminal(self, *arguments, **environment):
        """What a command writes to a terminal on stderr, and its exit status."""
        terminal, stderr = pty.openpty()
        process = subprocess.Popen(self.command(*arguments), cwd=self.folder, stdout=subprocess.DEVNULL, stderr=stderr,
                                   env={**self.environment(), "TERM": "xterm", **environment})
        os.close(stderr)
        text = b""
        try:
            while block := os.read(terminal, 4096):
                text += block
        except OSError:  # the other end is closed
            pass
        os.close(terminal)
        return text.decode(), process.wait(timeout=60)

    def test_quiet_leaves_results_and_errors(self):
        root = self.make_data()
        (root / "train/red/0.png").write_text("not an image")
        done = self.train(*FINE_TUNE, "--set", "data.max_broken=0.5", "--quiet")
        self.assertEqual(done.stderr, "")
        self.assertIn("validation:", done.stdout)
        done = self.train("--quiet", expect=6)
        self.assertEqual(done.stderr.count("\n"), 1, done.stderr)
        self.assert_names(self.message(done), "run", "--overwrite")
        self.assert_names(self.message(self.train("--quiet", "--verbose", expect=2)), "--quiet", "--verbose")

    def test_verbose_tells_more_and_no_progress_less(self):
        self.make_data()
        usual = self.train(*FINE_TUNE, out="a").stderr
        more = self.train(*FINE_TUNE, "--verbose", out="b").stderr
        less = self.train(*FINE_TUNE, "--no-progress", out="c").stderr
        for text in (usual, more, less):
            self.assertEqual(re.findall(r"(?m)^epoch (\d)[^:,]*: val accuracy", text), ["0", "1", "2"])
        self.assertNotRegex(usual, r"(?m)^epoch 2 of 2:")
        self.assertRegex(more, r"(?m)^epoch 2 of 2: 16 images in [\d.]+ s$")
        self.assertRegex(more, r"(?m)^choices: .*replicas 1")
        self.assertRegex(more, r"(?m)^times: .*in steps")
        self.assertNotRegex(less, r"images in")

    def test_every_line_is_an_event_with_log_json(self):
        root = self.make_data()
        (root / "train/red/0.png").write_text("not an image")
        done = self.train(*FINE_TUNE, "--set", "data.max_broken=0.5", "--log-json")
        events = self.events(done)
        for event in events:
            self.assertRegex(event["time"], r"^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$")
        by_name = {name: [event for event in events if event["event"] == name] for name in
                   ("note", "warning", "progress", "epoch", "result")}
        self.assertEqual(sum(map(len, by_name.values())), len(events), "no other events")
        self.assertTrue(any("train/red/0.png" in event["text"] for event in by_name["warning"]))
        lines = [json.loads(line) for line in (self.folder / "run/metrics.jsonl").read_text().splitlines()]
        self.assertEqual([{key: event[key] for key in lines[0]} for event in by_name["epoch"]], lines)
        last = by_name["progress"][-1]
        self.assertEqual(last["done"], last["total"])
        self.assertIn("train_loss", by_name["progress"][-1] | {key: 0 for event in by_name["progress"] for key in event})
        result = events[-1]
        self.assertEqual((result["event"], result["command"], result["exit_status"]), ("result", "train", 0))
        self.assertEqual(result["val_accuracy"], self.summary()["val"]["accuracy"])
        self.assertEqual(result["run_directory"], "run")

    def test_errors_are_events_too(self):
        for arguments, status in ((("--bogus",), 2), (("--data", "none"), 3), (("predict", "--model", "none", "a"), 4)):
            events = self.events(self.run_transfer(*arguments, "--log-json", expect=status))
            self.assertEqual((events[-1]["event"], events[-1]["exit_status"]), ("error", status))
        gone = self.folder / "gone"
        gone.mkdir()
        done = self.run_transfer("version", "--log-json", expect=2, before=lambda: (os.chdir(gone), os.rmdir(gone)))
        self.assertIn("current folder", self.events(done)[0]["text"])

    def test_a_batch_tells_the_states_of_its_jobs(self):
        self.make_data()
        (self.folder / "jobs.yaml").write_text("jobs: [{name: a, data: {path: data}, backbone: tiny}]\n")
        done = self.run_transfer("batch", "jobs.yaml", "--out", "out", "--threads", "1", "--log-json", "--no-progress")
        events = self.events(done)
        self.assertEqual([event["state"] for event in events if event.get("job") == "a"], ["running", "finished"])
        (finished,) = [event for event in events if event.get("state") == "finished"]
        self.assertEqual((finished["done"], finished["total"], finished["seconds_left"]), (1, 1, 0))
        self.assertEqual((events[-1]["event"], events[-1]["folder"]), ("result", "out"))
        done = self.run_transfer("batch", "jobs.yaml", "--out", "out", "--quiet")
        self.assertEqual(done.stderr, "")

    def test_every_command_takes_the_flags(self):
        for command in ("train", "evaluate", "predict", "inspect", "check", "preview", "lr-find", "advise", "batch", "runs",
                        "cache ls", "cache prune", "config", "completion", "help", "version"):
            shown = self.run_transfer(*command.split(), "--help").stdout
            self.assert_names(shown, "--quiet", "--verbose", "--no-progress", "--log-json")

    def test_colours_are_for_terminals(self):
        text, status = self.on_terminal("--data", "none")
        self.assertEqual(status, 3)
        self.assertIn(f"{RED}transfer: ", text)
        for environment in ({"NO_COLOR": "1"}, {"TERM": "dumb"}):
            text, _ = self.on_terminal("--data", "none", **environment)
            self.assertNotIn("\033[3", text)
        self.assertIn(RED, self.on_terminal("--data", "none", NO_COLOR="")[0], "an empty NO_COLOR counts as none")
        root = self.make_data()
        (root / "train/red/0.png").write_text("not an image")
        text, _ = self.on_terminal("--data", "data", "--backbone", "tiny", "--out", "run", "--threads", "1", "--set",
                                   "data.max_broken=0.5", "--no-progress")
        self.assertIn(f"{YELLOW}warning: ", text)
        self.assertNotIn("[#", text)
