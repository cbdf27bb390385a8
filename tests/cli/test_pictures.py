"""The pictures of a run, and what it leaves for TensorBoard."""

import json
import struct
import unittest

from PIL import Image

from tests.cli.transfer_case import TransferCase

try:
    from tensorboard.backend.event_processing.event_accumulator import STORE_EVERYTHING_SIZE_GUIDANCE, EventAccumulator
except ImportError:
    EventAccumulator = None

PICTURES = ("confusion_matrix.png", "curves.png", "val_batch.png", "worst_mistakes.png")
TUNED = ("--strategy", "fine-tune", "--set", "train.epochs=2", "--threads", "1")


class Pictures(TransferCase):
    def pictures(self, out="run"):
        found = sorted(path.name for path in (self.folder / out).glob("*.png"))
        for name in found:
            with Image.open(self.folder / out / name) as picture:
                picture.load()
                self.assertGreater(len(picture.getcolors(1 << 24)), 2, f"{name} is blank")
        return found

    def test_a_run_leaves_them_and_can_do_without(self):
        self.make_data()
        done = self.train()
        self.assertEqual(self.pictures(), list(PICTURES))
        self.assert_names(done.stdout, *PICTURES)
        done = self.train("--overwrite", "--set", "report.pictures=false")
        self.assertEqual(self.pictures(), [], "those of the run before are gone too")
        self.assertNotIn(".png", done.stdout)
        self.train(*TUNED, out="tuned")
        self.assertEqual(self.pictures("tuned"), list(PICTURES))

    def test_labels_and_numbers_have_no_confusion_matrix(self):
        self.make_data()
        rows = [(path.relative_to(self.folder), *path.parts[-3:-1]) for path in (self.folder / "data").glob("*/*/*.png")]
        (self.folder / "labels.csv").write_text("path,split,label\n" + "".join(f"{p},{s},{c}|x\n" for p, s, c in rows))
        (self.folder / "numbers.csv").write_text(
            "path,split,red\n" + "".join(f"{p},{s},{int(c == 'red')}\n" for p, s, c in rows))
        self.train("--set", "head.loss=binary_cross_entropy", data="labels.csv", out="labels")
        self.train("--task", "regression", data="numbers.csv", out="numbers")
        for out in ("labels", "numbers"):
            self.assertEqual(self.pictures(out), list(PICTURES[1:]))

    def test_one_that_cannot_be_drawn_is_warned_of(self):
        self.make_data()
        (self.folder / "run/curves.png/x").mkdir(parents=True)
        done = self.train("--overwrite")
        self.assertEqual(len(self.warnings(done, "curves.png", "could not be drawn")), 1, done.stderr)
        self.assertNotIn("curves.png", done.stdout)
        self.assertEqual(self.summary()["val"]["images"], 16)


def records(file):
    """The Events of an event file as bytes."""
    content = file.read_bytes()
    while content:
        (length,) = struct.unpack("<Q", content[:8])
        yield content[12 : 12 + length]
        content = content[16 + length :]


class TensorBoard(TransferCase):
    def test_the_event_file_grows_with_the_metrics(self):
        self.make_data()
        self.train(*TUNED, "--tensorboard", "boards")
        file = self.folder / "boards/run/events.out.tfevents.transfer"
        lines = (self.folder / "run/metrics.jsonl").read_text().splitlines()
        events = list(records(file))
        self.assertIn(b"brain.Event:2", events[0])
        for tag in (b"loss/train", b"loss/val", b"accuracy/val", b"learning_rate"):
            key = "_".join(reversed(tag.decode().split("/")))
            numbers = [json.loads(line)[key] for line in lines]
            self.assertEqual(sum(tag in event for event in events), sum(number is not None for number in numbers), tag)
        self.assertTrue(any(b"```yaml" in event for event in events))
        self.train("--set", "report.tensorboard=boards", out="head")
        self.assertTrue((self.folder / "boards/head/events.out.tfevents.transfer").exists())

    @unittest.skipIf(EventAccumulator is None, "the Python package tensorboard is missing")
    def test_tensorboard_reads_it(self):
        self.make_data()
        self.train(*TUNED, "--tensorboard", "boards")
        self.run_transfer("--resume", "run", "--set", "train.epochs=3")
        lines = [json.loads(line) for line in (self.folder / "run/metrics.jsonl").read_text().splitlines()]
        events = EventAccumulator(str(self.folder / "boards/run"), STORE_EVERYTHING_SIZE_GUIDANCE)
        events.Reload()
        for tag, key in {"loss/train": "train_loss", "loss/val": "val_loss", "accuracy/val": "val_accuracy"}.items():
            expected = [line for line in lines if line.get(key) is not None]
            self.assertEqual([event.step for event in events.Scalars(tag)], [line["epoch"] for line in expected])
            for event, line in zip(events.Scalars(tag), expected):
                self.assertAlmostEqual(event.value, line[key], places=5)
        self.assertEqual(set(events.Tags()["images"]), {name.removesuffix(".png") for name in PICTURES})
        (image,) = events.Images("confusion_matrix")
        self.assertEqual(image.encoded_image_string, (self.folder / "run/confusion_matrix.png").read_bytes())
        with Image.open(self.folder / "run/confusion_matrix.png") as picture:
            self.assertEqual((image.width, image.height), picture.size)
        (text,) = events.Tensors("config")
        self.assertIn("strategy: fine-tune", text.tensor_proto.string_val[0].decode())


if __name__ == "__main__":
    unittest.main()
