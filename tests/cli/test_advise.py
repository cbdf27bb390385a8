"""advise and --strategy auto: what they say, that it is right, and that auto is the run it names."""

import csv
import json
import random
import signal
import subprocess
import time

import torch
from PIL import Image

from tests.cli.transfer_case import FIXTURES, TransferCase, write_image

SIDE = 36  # the tiny backbone crops 32 pixels out of the centre of 36, so nothing is resized
WORD = 2**64


class Random:
    """core/random.h: SplitMix64, and mixing of seeds."""

    GAMMA = 0x9E3779B97F4A7C15

    def __init__(self, *parts):
        self.state = 0
        for part in parts:
            self.state = self.finalize(self.state + self.GAMMA + self.finalize(part + self.GAMMA))

    @staticmethod
    def finalize(z):
        z %= WORD
        z = (z ^ (z >> 30)) * 0xBF58476D1CE4E5B9 % WORD
        z = (z ^ (z >> 27)) * 0x94D049BB133111EB % WORD
        return z ^ (z >> 31)

    def below(self, count):
        self.state = (self.state + self.GAMMA) % WORD
        return self.finalize(self.state) % count  # rejection never happens for small counts

    def shuffle(self, items):
        for i in range(len(items), 1, -1):
            j = self.below(i)
            items[i - 1], items[j] = items[j], items[i - 1]


def noise_image(path, generator, redness):
    path.parent.mkdir(parents=True, exist_ok=True)
    image = Image.new("RGB", (SIDE, SIDE))
    base = [generator.randint(60, 200) for _ in range(3)]
    base[0] += redness
    image.putdata([tuple(max(0, min(255, channel + generator.randint(-50, 50))) for channel in base)
                     for _ in range(SIDE * SIDE)])
    image.save(path)


class AdviseCase(TransferCase):
    def make_hard_data(self, train=24, val=8):
        """Two classes of random colours, one redder: no probe gets all of them."""
        generator = random.Random(3)
        for split, count in (("train", train), ("val", val)):
            for label, redness in (("more", 80), ("less", 0)):
                for i in range(count):
                    noise_image(self.folder / "hard" / split / label / f"{i:02}.png", generator, redness)

    def make_large_data(self, rows=1000):
        """A CSV file of many copies of few images, some under another label."""
        self.make_hard_data()
        (self.folder / "copies").mkdir()
        with (self.folder / "large.csv").open("w", newline="") as stream:
            writer = csv.writer(stream)
            writer.writerow(("path", "label", "split"))
            files = sorted((self.folder / "hard/train").glob("*/*.png"))
            for i in range(rows):
                file = files[i % len(files)]
                copy = self.folder / f"copies/{i}.png"
                copy.hardlink_to(file)
                writer.writerow((copy, "more" if i % 5 == 0 else file.parent.name, "train"))
            for file in sorted((self.folder / "hard/val").glob("*/*.png")):
                writer.writerow((file, file.parent.name, "val"))

    def advise(self, *arguments, data="hard"):
        done = self.run_transfer("advise", "--data", data, "--backbone", "tiny", "--json", *arguments)
        return json.loads(done.stdout)

    def same_predictions(self, first, second):
        one, other = ((self.folder / out / "predictions_val.csv").read_bytes() for out in (first, second))
        self.assertEqual(one, other)


class Advise(AdviseCase):
    def test_text_says_what_and_why(self):
        self.make_data()
        done = self.run_transfer("advise", "--data", "data", "--backbone", "tiny", "--seed", "4",
                                 "--set", "data.max_broken=0.1")
        self.assert_names(done.stdout, "16 training", "16 validation", "2 classes", "blocks.0", "penultimate",
                          "[freeze-conv]", "fine-tune", " s\n")
        self.assertRegex(done.stdout, r"(?m)^why  .*stage")
        self.assertRegex(done.stdout, r"(?m)^expected  .*accuracy")
        self.assertRegex(done.stdout, r"(?m)^command  +transfer --strategy freeze-conv --data data --backbone tiny --seed 4 "
                                      r"--set data\.max_broken=0\.1$")
        self.assertNotIn("probe:", done.stdout)
        self.assertRegex(done.stderr, r"probe: .*blocks\.0")
        self.assertEqual(sorted(path.name for path in self.folder.iterdir()), ["data"])

    def test_json_holds_everything(self):
        self.make_data(splits=("train", "val", "test"))
        advice = self.advise("--set", "train.epochs=3", data="data")
        self.assertEqual(list(advice)[0], "format")
        self.assertEqual(advice["format"], 2)
        self.assertEqual(advice["strategy"], "freeze-conv")
        self.assertEqual(advice["box"], {"size": "small", "likeness": "similar"})
        self.assertEqual(advice["data"]["images_per_class"], {"blue": 8, "red": 8})
        self.assertEqual((advice["data"]["train"], advice["data"]["test"]), (16, 16))
        self.assertEqual([stage["stage"] for stage in advice["stages"]], ["blocks.0", "penultimate"])
        self.assertEqual([stage["features"] for stage in advice["stages"]], [12, 16])
        self.assertEqual(advice["expected"]["value"], advice["stages"][-1]["accuracy"])
        self.assertEqual(advice["settings"]["strategy"], "freeze-conv")
        self.assertEqual(advice["settings"]["train.epochs"], "3")
        names = [(row["strategy"], row["settings"]) for row in advice["estimated_seconds"]]
        self.assertEqual([name for name, _ in names if name != "fine-tune"],
                         ["freeze-conv", "early-features", "all-features", "retrain"])
        self.assertIn(("early-features", "cut=blocks.0"), names)
        self.assertIn(("fine-tune", "train.freeze_stages=1 augment.preset=none"), names)
        for row in advice["estimated_seconds"]:
            self.assertGreater(row["seconds"], 0)
        self.assertGreaterEqual(advice["seconds"]["total"], advice["seconds"]["pass"])

    def test_probes_equal_an_independent_computation(self):
        self.make_hard_data()
        advice = self.advise("--seed", "9")
        files = [path for label in ("less", "more") for path in sorted((self.folder / "hard/train" / label).iterdir())]
        labels = torch.tensor([int(path.parent.name == "more") for path in files])
        pixels = torch.stack([torch.frombuffer(bytearray(Image.open(path).tobytes()), dtype=torch.uint8)
                              .view(SIDE, SIDE, 3).permute(2, 0, 1)[:, 2:34, 2:34] for path in files])
        images = (pixels / 255 - 0.5) / 0.25
        network = torch.jit.load(str(FIXTURES / "tiny.pt")).eval()
        with torch.no_grad():
            first = getattr(network.blocks, "0")(network.stem(images))
            second = getattr(network.blocks, "1")(first)
        features = {"blocks.0": first.mean((2, 3)), "penultimate": second.mean((2, 3))}
        right = {stage["stage"]: self.right(features[stage["stage"]], labels, stage["weight_decay"], seed=9)
                 for stage in advice["stages"]}
        for stage in advice["stages"]:
            hits = right[stage["stage"]]
            accuracy = hits.mean().item()
            self.assertTrue(0.55 < accuracy < 0.98, f"{accuracy}: the data is to be neither hopeless nor solved")
            self.assertAlmostEqual(stage["accuracy"], accuracy, places=6)
            likely = (hits.sum().item() + 2) / (len(files) + 4)  # Agresti and Coull
            error = (likely * (1 - likely) / (len(files) + 4)) ** 0.5
            self.assertAlmostEqual(stage["standard_error"], error, places=6)
            lead = hits - right["penultimate"]
            self.assertAlmostEqual(stage["lead"], lead.mean().item(), places=6)
            count = len(files) + 2  # Agresti and Min
            variance = lead.abs().sum().item() + 1 - lead.sum().item() ** 2 / count
            self.assertAlmostEqual(stage["lead_standard_error"], variance ** 0.5 / count, places=6)

    @staticmethod
    def right(features, labels, weight_decay, seed):
        """Which images the fit that has not seen them gets right: 5 folds, softmax regression."""
        features = features.double()
        deviation = features.std(0, correction=0)
        root = (deviation + 0.05 * deviation.mean()).sqrt()
        scale = root * (deviation / root).square().mean().sqrt()
        scaled = (features - features.mean(0)) / scale
        rows = list(range(len(labels)))
        Random(seed, 0xF01D).shuffle(rows)
        rows.sort(key=lambda row: labels[row].item())  # stable, as std::stable_sort
        folds = torch.empty(len(rows), dtype=torch.int64)
        for position, row in enumerate(rows):
            folds[row] = position % 5
        hits = torch.empty(len(rows), dtype=torch.float64)
        for fold in range(5):
            kept = folds != fold
            weight = torch.zeros(2, scaled.shape[1], dtype=torch.float64, requires_grad=True)
            bias = torch.zeros(2, dtype=torch.float64, requires_grad=True)
            optimizer = torch.optim.LBFGS([weight, bias], max_iter=500, line_search_fn="strong_wolfe",
                                          tolerance_grad=1e-9, tolerance_change=1e-12)

            def objective():
                optimizer.zero_grad()
                logits = scaled[kept] @ weight.T + bias
                loss = torch.nn.functional.cross_entropy(logits, labels[kept])
                loss = loss + 0.5 * weight_decay * weight.square().sum()
                loss.backward()
                return loss

            optimizer.step(objective)
            with torch.no_grad():
                predictions = (scaled[~kept] @ weight.T + bias).argmax(1)
            hits[~kept] = (predictions == labels[~kept]).double()
        return hits

    def test_more_images_than_are_probed_keep_their_proportions(self):
        self.make_large_data(rows=2500)
        advice = self.advise("--set", "data.workers=1", data="large.csv")
        self.assertEqual(advice["data"]["train"], 2500)
        self.assertLess(abs(advice["data"]["probed"] - 2000), 3)
        self.assertEqual(advice["box"]["size"], "large")

    def test_says_what_it_does_not_know_and_what_has_no_effect(self):
        self.make_data()
        flags = ("advise", "--data", "data", "--backbone", "tiny", "--set", "cache.memory_mb=0", "--set",
                 "cache.dir=store", "--set", "train.ema=0.9")
        done = self.run_transfer(*flags)
        self.assertTrue(self.warnings(done, "train.ema", "freeze-conv"), done.stderr)
        self.assertRegex(done.stdout, r"(?m)^time  .* s$")
        done = self.run_transfer(*flags)
        self.assertRegex(done.stdout, r"(?m)^time  .*feature store")
        self.assertNotRegex(done.stdout, r"(?m)^time  .* s$")

    def test_ctrl_c_leaves_nothing(self):
        self.make_large_data()
        for command, ready in (("advise", None), ("train", self.folder / "run/config.yaml")):
            flags = ("--strategy", "auto", "--out", "run") if command == "train" else ()
            process = subprocess.Popen(
                self.command(command, "--data", "large.csv", "--backbone", "tiny", "--set", "data.workers=1", *flags),
                cwd=self.folder, env=self.environment(), stderr=subprocess.PIPE, stdout=subprocess.PIPE, text=True,
                preexec_fn=lambda: signal.signal(signal.SIGINT, signal.default_int_handler),
            )
            self.assertIn("1000 train", process.stderr.readline())
            while ready and not ready.exists() and process.poll() is None:
                time.sleep(0.01)
            self.assertIsNone(process.poll(), "ended before it could be stopped")
            process.send_signal(signal.SIGINT)
            out, error = process.communicate(timeout=60)
            self.assertEqual((process.returncode, out), (130, ""), error)
            self.assertFalse((self.folder / "run").exists())

    def test_a_class_of_few_images(self):
        self.make_data(per_class=6)
        write_image(self.folder / "data/train/green/0.png", (40, 200, 40))
        done = self.run_transfer("advise", "--data", "data", "--backbone", "tiny", expect=3)
        self.assert_names(self.message(done), "'green'", "1 training image", "2", "--strategy freeze-conv")
        write_image(self.folder / "data/train/green/1.png", (40, 200, 40))
        done = self.run_transfer("advise", "--data", "data", "--backbone", "tiny")
        self.assertTrue(self.warnings(done, "'green'", "2 ", "5"), done.stderr)
        (self.folder / "data/train/green/1.png").write_text("<html>")
        self.run_transfer("advise", "--data", "data", "--backbone", "tiny", "--set", "data.max_broken=0.5", expect=3)

    def test_backbones_without_stages_to_compare(self):
        self.make_data()
        for name, parts in (("one_stage", ["two stages", "strategy"]),
                            ("absent_stage", ["'block.1'", "'blocks.1'"])):
            done = self.run_transfer("advise", "--data", "data", "--backbone", name, expect=4)
            self.assert_names(self.message(done), name + ".pt", *parts)


class Auto(AdviseCase):
    def test_is_the_run_that_it_names_and_computes_no_feature_twice(self):
        self.make_data(splits=("train", "val", "test"))
        done = self.train("--strategy", "auto", "--seed", "2", out="auto")
        self.assertNotIn("train: 16 images", done.stderr)
        self.assertRegex(done.stderr, r"(?m)^why  .*stage")
        self.assertRegex(done.stdout, r"(?m)^strategy .*freeze-conv: .*stage")
        summary = self.summary("auto")
        self.assertEqual(summary["strategy"], "freeze-conv")
        advice = json.loads((self.folder / "auto/advice.json").read_text())
        self.assertEqual(summary["advice"], advice)
        config = (self.folder / "auto/config.yaml").read_text()
        self.assertIn("strategy: freeze-conv\n", config)
        explicit = self.train("--strategy", "freeze-conv", "--seed", "2", out="explicit")
        self.assertIn("train: 16 images", explicit.stderr)
        self.same_predictions("auto", "explicit")
        self.run_transfer("--config", "auto/config.yaml", "--out", "again")
        self.same_predictions("auto", "again")
        self.assertNotIn("advice", self.summary("again"))

    def test_in_a_file_with_known_features_beyond_the_memory(self):
        self.make_data()
        (self.folder / "auto.yaml").write_text("strategy: auto\ncache: {memory_mb: 0, dir: store}\n")
        self.train("--config", "auto.yaml", "--augment-views", "1", out="auto")
        self.train("--augment-views", "1", out="explicit")
        self.same_predictions("auto", "explicit")

    def test_explicit_keys_are_kept(self):
        self.make_data()
        self.train("--strategy", "auto", "--set", "head.weight_decay=0.3", "--set", "train.iterations=7",
                   "--set", "train.lr=0.25", out="a")
        config = (self.folder / "a/config.yaml").read_text()
        for line in ("weight_decay: 0.3", "iterations: 7", "lr: 0.25", "patience: 0"):
            self.assertIn(f"  {line}\n", config)
        self.train("--strategy", "auto", "--cut", "blocks.1", out="b")
        summary = self.summary("b")
        self.assertEqual((summary["strategy"], summary["cut"]), ("early-features", "blocks.1"))
        self.assertIn("cut", summary["advice"]["reasons"][-1])
        self.train("--strategy", "early-features", "--cut", "blocks.1", out="c")
        self.same_predictions("b", "c")
        self.train("--strategy", "auto", "--from-scratch", "--set", "train.epochs=1", out="d")
        self.assertEqual(self.summary("d")["strategy"], "retrain")

    def test_large_data_trains_the_layers_as_the_strategy_does_alone(self):
        self.make_large_data()
        flags = ("--set", "train.epochs=1", "--set", "train.batch_size=100", "--set", "train.replicas=1")
        done = self.train("--strategy", "auto", *flags, data="large.csv", out="auto")
        strategy = self.summary("auto")["strategy"]
        self.assertIn(strategy, ("fine-tune", "retrain"))
        self.assertNotIn("head's start: 1000 images", done.stderr)
        self.assertIn("batch_size: 100\n", (self.folder / "auto/config.yaml").read_text())
        self.train("--strategy", strategy, *flags, data="large.csv", out="explicit")
        self.same_predictions("auto", "explicit")

    def test_refusals_leave_nothing(self):
        self.make_data()
        self.refused("--data", "data", "--backbone", "tiny", "--strategy", "auto", "--cut", "blocks.0",
                     "--from-scratch", "--out", "run", expect=2, parts=["cut", "train.from_scratch"])
        self.refused("--data", "data", "--backbone", "tiny", "--strategy", "auto", "--cut", "blocks.0",
                     "--set", "train.freeze_stages=1", "--out", "run", expect=2,
                     parts=["cut", "train.freeze_stages", "1"])
        self.refused("--data", "data", "--backbone", "one_stage", "--strategy", "auto", "--out", "run", expect=4,
                     parts=["one_stage.pt", "two stages"])
        self.refused("--data", "data", "--backbone", "tiny", "--strategy", "aut", expect=2,
                     parts=["'auto'"])
        (self.folder / "stopped").mkdir()
        (self.folder / "stopped/config.yaml").write_text("strategy: auto\n...\n")
        done = self.run_transfer("--resume", "stopped", expect=2)
        self.assert_names(self.message(done), "stopped", "strategy", "--overwrite")

    def test_cuts_that_cannot_be(self):
        self.make_data()
        for strategy in ("early-features", "auto"):
            for backbone, cut, parts in (("tiny", "block.1", ["tiny.pt", "'blocks.1'", "inspect"]),
                                         ("residual", "mix", ["residual.pt", "skip", "mix", "block"])):
                with self.subTest((strategy, cut)):
                    self.refused("--data", "data", "--backbone", backbone, "--strategy", strategy, "--cut", cut,
                                 "--out", "run", expect=4, parts=parts)
