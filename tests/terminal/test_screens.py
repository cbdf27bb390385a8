"""What a person sees on terminals of 60 and 120 columns: a training, a batch, and Ctrl-C in both."""

import re
import shlex
import unittest

from tests.cli.transfer_case import TransferCase
from tests.terminal.screen import Screen, why_skipped

WIDTHS = (60, 120)
BAR = re.compile(r"^epoch \d+ of \d+ \[[#.]+\] \d+ %")
EPOCH = re.compile(r"^epoch (\d+)( \(the start\))?: val accuracy [\d.]+ %")
RED, YELLOW = "\033[31m", "\033[33m"

JOBS = """
defaults: {data: {path: data}, backbone: tiny, strategy: fine-tune, train: {epochs: 500, batch_size: 3, patience: 0}}
jobs:
  - {name: broken, strategy: freeze-conv, train: {optimizer: sgd, lr: 1000}, head: {weight_decay: 1000}}
  - {name: a-job-whose-name-is-longer-than-what-a-terminal-of-sixty-columns-shows, matrix: {seed: [1, 2]}}
"""


class Screens(TransferCase):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        if why_skipped():
            print(f"SKIPPED: {why_skipped()}", flush=True)
            raise unittest.SkipTest(why_skipped())

    def screens(self):
        """One per width; every one has its own folder of results."""
        for columns in WIDTHS:
            screen = Screen(columns, 20, self.folder, self.environment())
            self.addCleanup(screen.close)
            with self.subTest(columns=columns):
                yield columns, screen

    def run_on(self, screen, *arguments):
        screen.type("clear; " + shlex.join(self.command(*arguments)))

    def assert_stopped_cleanly(self, screen):
        """Asserts that the message of Ctrl-C stands in lines of its own, red, with the prompt below and no bar left."""
        screen.wait_for_prompt()
        self.assertEqual(screen.cursor(), (2, "$"))
        lines = screen.unwrapped()
        message = [line for line in lines if "stopped by Ctrl-C" in line]
        self.assertEqual(len(message), 1, lines)
        self.assertTrue(message[0].startswith("transfer: "), message)
        self.assertEqual([line for line in lines if BAR.match(line) or "^C" in line], [])
        self.assertIn(RED + "transfer: ", screen.coloured())

    def test_a_training_and_ctrl_c(self):
        self.make_data(per_class=150)
        (self.folder / "data/train/red/0.png").write_text("not an image")
        for columns, screen in self.screens():
            self.run_on(screen, "--data", "data", "--backbone", "tiny", "--out", f"run-{columns}", "--strategy", "fine-tune",
                        "--set", "train.epochs=500", "--set", "train.batch_size=3", "--set", "train.patience=0", "--set",
                        "data.max_broken=0.5", "--threads", "1", "--image-size", "96")  # an epoch of a second: bars show
            lines = screen.wait_for(lambda lines: sum(bool(EPOCH.match(line)) for line in lines) > 2 and
                                    BAR.match(lines[-1]) and "s left" in lines[-1], "bar behind two epochs")
            self.assertLessEqual(len(lines[-1]), columns - 3, lines[-1])
            self.assertEqual(sum(bool(BAR.match(line)) for line in lines), 1, lines)
            if columns == 120:
                for part in (r"loss \d", r"lr \d", r"in all", r"val accuracy \d"):
                    self.assertRegex(lines[-1], part)
            screen.interrupt()
            self.assert_stopped_cleanly(screen)
            lines = screen.unwrapped()
            epochs = [line for line in lines if EPOCH.match(line)]
            self.assertEqual([int(EPOCH.match(line).group(1)) for line in epochs], list(range(len(epochs))), lines)
            for line in epochs:
                self.assertLessEqual(len(line), columns - 3)
            self.assertIn(YELLOW + "warning: left out", screen.coloured())

    def test_a_batch_and_ctrl_c(self):
        self.make_data(per_class=40)
        (self.folder / "jobs.yaml").write_text(JOBS)
        for columns, screen in self.screens():
            self.run_on(screen, "batch", "jobs.yaml", "--out", f"out-{columns}", "--jobs", "2", "--threads", "2")
            table = screen.wait_for(lambda lines: "1 of 3 jobs done, 2 running, 1 failed" in lines[-1], "table")[-4:]
            self.assertRegex(table[0], "^  failed    broken")
            for line in table[1:3]:
                self.assertRegex(line, "^  running   a-job-whose-name")
                self.assertLessEqual(len(line), columns - 3)
            screen.interrupt()
            self.assert_stopped_cleanly(screen)
            text = "\n".join(screen.unwrapped())
            self.assertEqual(text.count("  stopped   a-job-whose-name"), 2, text)
            self.assertEqual(text.count("  running   a-job-whose-name"), 0, text)
            self.assertEqual(text.count("jobs done"), 1, text)
