"""docs/slurm.md: its blocks are run in their order, in one folder, with a Slurm that the test starts itself.

Where no Slurm can be started, what needs one is left out, and named.
"""

import csv
import re

from tests.docs import scratch
from tests.docs.pages import ROOT, blocks
from tests.docs.test_shell_blocks import PageCase
from tests.slurm.cluster import Cluster, why_not

PAGE = ROOT / "docs" / "slurm.md"
NEEDS_SLURM = re.compile(r"\b(squeue|scancel|sbatch)\b|--launcher slurm(?! --dry-run)")
VARYING = ("run_directory", "seconds", "peak_memory_mb")


class ClusterPage(PageCase):
    def start_slurm(self):
        """The environment of the blocks, and whether there is a Slurm in it."""
        if why_not():
            return self.environment, False
        cluster = Cluster()
        cluster.start()
        self.addCleanup(cluster.stop)
        return scratch.environment(self.shared / "tools", cluster.environment), True

    def rows(self, out):
        with open(self.folder / out / "summary.csv", newline="") as file:
            return [{key: value for key, value in row.items() if key not in VARYING} for row in csv.DictReader(file)]

    def test_every_block(self):
        environment, has_slurm = self.start_slurm()
        printed = []
        for number, block in enumerate(blocks(PAGE), 1):
            self.assertIsNone(block.reason, "a block of this page that no test runs")
            text = block.text
            if not has_slurm and NEEDS_SLURM.search(text):
                print(f"SKIPPED: block {number} of the page: {why_not()}")
                text = "".join(line for line in text.splitlines(True) if not NEEDS_SLURM.search(line))
                if not text:
                    continue
            printed.append(self.run_block(PAGE, block, environment, text))
        printed = [done for done in printed if done]
        self.assertTrue((self.folder / "runs/first/model.pt").exists())
        self.assertEqual(printed[0].stdout.count("cats/"), scratch.IMAGES_PER_CLASS)
        here = self.rows("runs/study")
        self.assertEqual([row["state"] for row in here], ["finished"] * 4)
        self.assertIn("pets-strategy=freeze-conv-seed=1,finished,", printed[1].stdout)
        self.assertIn("#SBATCH --array=1-4", printed[2].stdout)
        if has_slurm:
            self.assertEqual(self.rows("runs/cluster"), here)
            self.assertEqual(self.rows("runs/third"), here)
            self.assertIn("third-", printed[3].stdout, "the jobs in squeue")
            self.assertEqual(printed[3].stderr.count("runs/third/batch/slurm.sh"), 1, "submitted once and followed")
            self.assertIn("scancel", printed[3].stderr)
