"""Training by several processes gives what one process gives."""

import torch

from tests.cli.test_fine_tune import state_dict
from tests.mpi.mpi_case import MpiCase

# 22 images: the last batch of 2 leaves some ranks without rows.
EXACT = ("--strategy", "fine-tune", "--augment", "none", "--set", "train.batch_norm=frozen", "--set", "train.epochs=4",
         "--set", "train.batch_size=10", "--set", "train.patience=0", "--set", "train.warmup_epochs=0", "--threads", "1",
         "--set", "head.start=random")
RUN_FILES = ["config.yaml", "confusion_matrix.png", "curves.png", "data.json", "metrics.jsonl", "model-last.pt", "model.pt",
             "predictions_val.csv", "report.html", "results.csv", "summary.json", "val_batch.png", "worst_mistakes.png"]


class DataParallel(MpiCase):
    def check(self, *flags):
        self.make_small_data(per_class=11)
        self.run_transfer("--data", "data", "--backbone", "steady", "--out", "one", *EXACT, *flags)
        curve = [line["train_loss"] for line in self.lines("one")]
        self.assertGreater(abs(curve[0] - curve[-1]), 0.01, "a run that learns nothing would prove nothing")
        for processes in (2, 4):
            done = self.train_mpi(processes, *EXACT, *flags, out=f"{processes}")
            self.assert_same_curve(f"{processes}", "one")
            self.assertEqual(sorted(path.name for path in (self.folder / f"{processes}").iterdir()), RUN_FILES)
            self.assertEqual(done.stderr.count("epoch 4: "), 1, "rank 0 alone reports")
            self.assertEqual(done.stdout.count("model.pt"), 1)
            summary = self.summary(f"{processes}")
            self.assertEqual(summary["processes"], processes)
            ours, theirs = (state_dict(self.folder / out / "model.pt") for out in (f"{processes}", "one"))
            for name, tensor in theirs.items():
                self.assertTrue(torch.allclose(ours[name].float(), tensor.float(), atol=1e-3, rtol=1e-3), name)
        folders = {path.name for path in self.folder.iterdir() if path.is_dir()}
        self.assertEqual(folders - {"feature-store"}, {"2", "4", "data", "one"})

    def test_sgd_with_small_buckets_and_class_weights(self):
        self.check("--set", "train.optimizer=sgd", "--set", "train.lr=0.2", "--set", "train.bucket_mb=0.001",
                   "--set", "head.class_weights=auto")

    def test_adamw_with_accumulation_and_clipping(self):
        self.check("--set", "train.optimizer=adamw", "--set", "train.lr=0.01", "--set", "train.accumulate=2",
                   "--set", "train.clip_norm=0.5", "--set", "train.l2_sp=1")

    def test_everything_that_moves_by_itself(self):
        self.make_small_data(per_class=11)
        flags = ("--strategy", "fine-tune", "--set", "head.start=random", "--set", "train.epochs=2", "--set", "train.batch_size=9", "--set",
                 "train.ema=0.9", "--set", "augment.mixup=0.3", "--augment", "standard", "--set",
                 "data.sampler=balanced", "--set", "train.unfreeze_every=1", "--set", "train.replicas=2")
        statistics = []
        for buffers in ("rank0", "synchronised"):
            done = self.train_mpi(2, *flags, "--set", "train.batch_norm=train", "--set",
                                  f"train.batch_norm_buffers={buffers}", backbone="tiny", out=buffers)
            self.assertEqual(len(self.warnings(done, "train.replicas")), 1, done.stderr)
            statistics.append(state_dict(self.folder / buffers / "model.pt")["trunk.blocks.1.1.running_mean"])
            self.assertEqual(len(self.lines(buffers)), 2)
        self.assertFalse(torch.equal(*statistics), "rank 1's rows count in one of them only")

    def test_a_teacher_divides_its_work_as_batches_are_divided(self):
        self.make_small_data(per_class=11)
        self.run_transfer("--data", "data", "--backbone", "tiny", "--out", "teacher")
        for name, augment in (("kept", "none"), ("anew", "light")):
            flags = (*EXACT, "--augment", augment, "--teacher", "teacher", "--set", "train.teacher_weight=0.8", "--lr", "0.01")
            self.run_transfer("--data", "data", "--backbone", "steady", "--out", f"{name}-one", *flags)
            self.train_mpi(2, *flags, out=f"{name}-two")
            self.assert_same_curve(f"{name}-two", f"{name}-one")
            self.assertEqual(self.summary(f"{name}-two")["teacher"], self.summary(f"{name}-one")["teacher"])

    def test_frozen_stages_from_the_store_and_broken_images(self):
        self.make_small_data(per_class=30)
        for name in ("train/red/3.png", "train/blue/20.png", "val/red/1.png"):
            (self.folder / "data" / name).write_text("not an image")
        flags = (*EXACT, "--set", "data.max_broken=0.2", "--set", "train.optimizer=sgd", "--set", "train.lr=0.02")
        frozen = ("--set", "train.freeze_stages=1", "--set", "cache.precision=float32")
        for more, name in (((), "whole"), (frozen, "stored")):
            self.run_transfer("--data", "data", "--backbone", "steady", "--out", f"{name}-one", *flags, *more)
            done = self.train_mpi(2, *flags, *more, out=f"{name}-two")
            self.assert_same_curve(f"{name}-two", f"{name}-one")
            one, two = self.summary(f"{name}-one"), self.summary(f"{name}-two")
            self.assertEqual(sorted(two["broken_images"]), sorted(one["broken_images"]))
            self.assertEqual(two["train_images"], 58)
            self.assertEqual(done.stderr.count("train/red/3.png"), 1, done.stderr)
