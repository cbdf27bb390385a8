"""Features of frozen layers, computed by several processes, are those of one, byte for byte."""

import re

from tests.mpi.mpi_case import MpiCase


class SharedFeatures(MpiCase):
    def check(self, *flags, counts):
        self.make_small_data(per_class=150)
        self.run_transfer("--data", "data", "--backbone", "tiny", "--out", "one", *flags)
        expected = (self.folder / "one/predictions_val.csv").read_bytes()
        for processes in counts:
            store = f"store-{processes}"
            done = self.train_mpi(processes, *flags, "--set", f"cache.dir={store}", backbone="tiny", out=f"{processes}")
            self.assertEqual((self.folder / f"{processes}/predictions_val.csv").read_bytes(), expected)
            shares = re.search(r"features .*process.*: ([\d, ]+)$", done.stderr, re.MULTILINE)
            shares = [int(share) for share in shares.group(1).split(", ")]
            self.assertEqual(len(shares), processes)
            self.assertGreaterEqual(sum(share > 0 for share in shares), 2, shares)
            keys = [key for path in (self.folder / store).glob("*/*.keys") for key in path.read_text().split()]
            self.assertEqual(len(keys), len(set(keys)), "no image was computed twice")
            self.assertEqual([line["epoch"] for line in self.lines(f"{processes}")],
                             [line["epoch"] for line in self.lines("one")])
            self.assertEqual(self.summary(f"{processes}")["weight_decay"], self.summary("one")["weight_decay"])

    def test_freeze_conv_with_augmented_views(self):
        self.check("--strategy", "freeze-conv", "--augment", "light", "--augment-views", "1", counts=(2, 4))

    def test_early_features_with_a_probed_cut(self):
        self.check("--strategy", "early-features", counts=(2,))
        one, two = self.summary("one"), self.summary("2")
        self.assertEqual((one["cut"], one["probes"]), (two["cut"], two["probes"]))
