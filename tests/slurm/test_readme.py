"""README's page 'From a folder of images to a cluster': each of its blocks is run, in their order, in one folder."""

import csv
import os
import re
import subprocess
from pathlib import Path

from tests.cli.transfer_case import BINARY, TransferCase, write_image
from tests.slurm.cluster import Cluster, why_not

README = Path(__file__).resolve().parents[2] / "README.md"
NEEDS_SLURM = re.compile(r"\b(squeue|scancel|sbatch)\b|--launcher slurm(?! --dry-run)")
VARYING = ("run_directory", "seconds", "peak_memory_mb")


def blocks():
    """(language, text) of the fenced blocks of the page."""
    (page,) = re.findall(r"<!-- page: .*?-->(.*?)<!-- /page -->", README.read_text(), re.DOTALL)
    return re.findall(r"^```(\w*)\n(.*?)^```$", page, re.DOTALL | re.MULTILINE)


class Page(TransferCase):
    def setUp(self):
        super().setUp()
        for number, (name, colour) in enumerate({"cats": (200, 40, 40), "dogs": (40, 40, 200)}.items()):
            for i in range(10):
                write_image(self.folder / "pets" / name / f"{i}.png", colour, seed=100 * number + i)

    def start_slurm(self):
        """The environment of the blocks; None where no Slurm can be started."""
        binary = str(Path(BINARY).resolve().parent)
        path = os.pathsep.join([binary, os.environ["PATH"]])
        if why_not():
            return {**os.environ, "PATH": path}, False
        cluster = Cluster()
        cluster.start()
        self.addCleanup(cluster.stop)
        return {**cluster.environment, "PATH": os.pathsep.join([binary, cluster.environment["PATH"]])}, True

    def run_block(self, text, environment):
        done = subprocess.run(["bash", "-euo", "pipefail", "-c", text], cwd=self.folder, env=environment, text=True,
                              capture_output=True, timeout=120)
        self.assertEqual(done.returncode, 0, f"{text}\n{done.stdout}\n{done.stderr}")
        return done

    def rows(self, out):
        with open(self.folder / out / "summary.csv", newline="") as file:
            return [{key: value for key, value in row.items() if key not in VARYING} for row in csv.DictReader(file)]

    def test_every_block(self):
        environment, has_slurm = self.start_slurm()
        printed = []
        for number, (language, text) in enumerate(blocks(), 1):
            if language == "yaml":
                name = re.match(r"# (\S+\.yaml)\n", text).group(1)
                (self.folder / name).write_text(text)
                continue
            self.assertEqual(language, "sh", "a block of the page that no test runs")
            commands = text
            if not has_slurm and NEEDS_SLURM.search(text):
                print(f"SKIPPED: block {number} of the page: {why_not()}")
                commands = "".join(line for line in text.splitlines(True) if not NEEDS_SLURM.search(line))
                if "runs/third" in text:
                    continue
            printed.append(self.run_block(commands, environment))
        self.assertTrue((self.folder / "runs/first/model.pt").exists())
        self.assertEqual(printed[0].stdout.count("cats/"), 10)
        here = self.rows("runs/study")
        self.assertEqual([row["state"] for row in here], ["finished"] * 4)
        self.assertIn("pets-strategy=freeze-conv-seed=1,finished,", printed[1].stdout)
        self.assertIn("#SBATCH --array=1-4", printed[2].stdout)
        if has_slurm:
            self.assertEqual(self.rows("runs/cluster"), here)
            self.assertEqual(self.rows("runs/third"), here)
            self.assertIn("third-", printed[3].stdout, "the jobs in squeue")
            self.assertIn("The jobs go on in Slurm", printed[3].stderr)
            self.assertIn("Slurm still has", printed[3].stderr)
