"""What the image promises, checked by running it. `make test-docker` builds it first and names it in TRANSFER_IMAGE."""

import contextlib
import csv
import io
import json
import os
import shutil
import subprocess
import tempfile
import time
import unittest
from pathlib import Path

from tests.cli.transfer_case import hash_of, write_image

IMAGE = os.environ.get("TRANSFER_IMAGE", "transfer")
DATA = os.environ.get("TRANSFER_DATA")
# Bytes, as `docker image inspect` counts them.
LARGEST_IMAGE = 1.1e9
# A user that the image does not know, nothing writable but /runs and /tmp, and no network.
USER = (12345, 54321) if os.geteuid() == 0 else (os.geteuid(), os.getegid())
CONFINED = (f"--user={USER[0]}:{USER[1]}", "--read-only", "--tmpfs=/tmp", "--network=none", "--cap-drop=ALL",
            "--security-opt=no-new-privileges")


def docker(*arguments, expect=0):
    done = subprocess.run(["docker", *map(str, arguments)], capture_output=True, text=True, timeout=300)
    if expect is not None and done.returncode != expect:
        raise AssertionError(f"docker {arguments}: status {done.returncode}\n{done.stdout}\n{done.stderr}")
    return done


class ImageCase(unittest.TestCase):
    """`self.data` and `self.runs` are the folders that containers see as /data, read-only, and /runs."""

    def setUp(self):
        self.folder = Path(tempfile.mkdtemp(prefix="transfer-docker-"))
        self.addCleanup(shutil.rmtree, self.folder, ignore_errors=True)
        self.folder.chmod(0o755)
        self.data = self.folder / "data"
        self.runs = self.folder / "runs"
        self.runs.mkdir()
        os.chown(self.runs, *USER)

    def make_data(self, per_class=8):
        for split in ("train", "val"):
            for name, colour in {"red": (200, 40, 40), "blue": (40, 40, 200)}.items():
                for i in range(per_class):
                    write_image(self.data / split / name / f"{i}.png", colour, seed=hash_of(split, name, i))

    def volumes(self, data=None):
        return (f"--volume={data or self.data}:/data:ro", f"--volume={self.runs}:/runs")

    def transfer(self, *arguments, options=(), data=None, expect=0):
        return docker("run", "--rm", *CONFINED, *self.volumes(data), *options, IMAGE, *arguments, expect=expect)

    def train(self, *arguments, **options):
        return self.transfer("--data", "/data", "--out", "/runs/x", *arguments, **options)

    def summary(self):
        return json.loads((self.runs / "x" / "summary.json").read_text())

    def predictions(self, *images, data=None):
        done = self.transfer("predict", "--model", "/runs/x/model.pt", *images, "--format", "csv", data=data)
        return list(csv.DictReader(io.StringIO(done.stdout)))


class Image(ImageCase):
    def test_it_is_small_and_does_not_run_as_root(self):
        image = json.loads(docker("image", "inspect", IMAGE).stdout)[0]
        self.assertLess(image["Size"], LARGEST_IMAGE)
        self.assertNotIn(image["Config"]["User"].split(":")[0], ("", "0", "root"))

    def test_holds_no_tools_of_the_build(self):
        tools = "gcc g++ cc ld make cmake ninja git python3 pip"
        script = f"for tool in {tools}; do command -v $tool; done; for left in /build /root/.cache; do ls -d $left; done"
        found = docker("run", "--rm", "--network=none", "--entrypoint=sh", IMAGE, "-c", script, expect=None)
        self.assertEqual(found.stdout, "")

    def test_every_library_is_found(self):
        libraries = docker("run", "--rm", "--network=none", "--entrypoint=ldd", IMAGE, "/opt/transfer/bin/transfer")
        self.assertIn("libtorch_cpu.so => /opt/transfer/", libraries.stdout)
        self.assertNotIn("not found", libraries.stdout)

    def test_without_arguments_it_explains_itself(self):
        self.assertIn("--strategy", docker("run", "--rm", "--network=none", IMAGE).stdout)


class GeneratedImages(ImageCase):
    def test_trains_and_predicts_confined(self):
        self.make_data()
        done = self.train("--strategy", "freeze-conv")
        self.assertIn("validation: 16 images", done.stdout)
        summary = self.summary()
        self.assertEqual(summary["backbone"], "efficientnet-lite0")
        self.assertGreaterEqual(summary["val"]["accuracy"], 0.9)
        self.assertEqual(summary["threads"], len(os.sched_getaffinity(0)))
        for path in (self.runs / "x").iterdir():
            self.assertEqual((path.stat().st_uid, path.stat().st_gid), USER, path)
        rows = self.predictions("/data/val/red/0.png", "/data/val/blue/0.png")
        self.assertEqual([row["class"] for row in rows], ["red", "blue"], rows)

    def test_the_first_run_without_a_name_lands_in_the_volume(self):
        self.make_data(per_class=2)
        self.transfer("--data", "/data")
        self.assertEqual(len(list(self.runs.glob("*-data-freeze-conv/model.pt"))), 1)

    def test_threads_follow_the_processor_limits(self):
        self.make_data(per_class=2)
        for limit in ("--cpus=1", "--cpuset-cpus=0"):
            self.train("--overwrite", options=(limit,))
            self.assertEqual(self.summary()["threads"], 1, limit)

    def test_features_go_to_files_where_memory_is_short(self):
        self.make_data(per_class=2)
        self.train(options=("--memory=1g",))
        self.assertFalse((self.runs / "feature-store").exists())
        self.train("--overwrite", options=("--memory=700m",))
        self.assertNotEqual(list((self.runs / "feature-store").iterdir()), [])

    def test_a_folder_that_may_not_be_written_is_refused(self):
        self.make_data(per_class=2)
        done = self.transfer("--data", "/data", "--out", "/data/x", expect=6)
        self.assertIn("/data/x", done.stderr)

    def test_sigterm_leaves_a_checkpoint_and_status_143(self):
        self.make_data()
        name = f"transfer-test-{os.getpid()}"
        training = ("--data", "/data", "--out", "/runs/x", "--strategy", "fine-tune", "--set", "train.epochs=6",
                    "--set", "train.patience=0")
        docker("run", "--detach", "--name", name, *CONFINED, *self.volumes(), IMAGE, *training)
        self.addCleanup(docker, "rm", "--force", name, expect=None)
        self.wait_for_an_epoch(name)
        docker("stop", "--time=60", name)
        state = json.loads(docker("container", "inspect", name).stdout)[0]["State"]
        self.assertEqual(state["ExitCode"], 143, docker("logs", name).stderr)
        self.assertIn("--resume /runs/x", docker("logs", name).stderr)
        self.assertTrue((self.runs / "x" / "checkpoint.pt").exists())
        self.assertFalse((self.runs / "x" / "model.pt").exists())
        self.transfer("--resume", "/runs/x")
        self.assertEqual(self.summary()["epochs"], 6)

    def wait_for_an_epoch(self, name):
        metrics = self.runs / "x" / "metrics.jsonl"
        for _ in range(600):
            with contextlib.suppress(OSError):
                if '"epoch":1,' in metrics.read_text():
                    return
            time.sleep(0.1)
        self.fail(docker("logs", name).stderr)


@unittest.skipUnless(DATA, "TRANSFER_DATA is not set")
class RealImages(ImageCase):
    def test_ants_and_bees_as_the_images_own_user_on_a_new_volume(self):
        volume = f"transfer-test-{os.getpid()}"
        docker("volume", "create", volume)
        self.addCleanup(docker, "volume", "rm", "--force", volume)
        options = ("--rm", "--network=none", "--read-only", f"--volume={DATA}/hymenoptera_data:/data:ro",
                   f"--volume={volume}:/runs", IMAGE)
        done = docker("run", *options, "--strategy", "freeze-conv", "--data", "/data", "--out", "/runs/x", "--json")
        self.assertGreaterEqual(json.loads(done.stdout)["val"]["accuracy"], 0.9)
        ants = [f"/data/val/ants/{path.name}" for path in sorted(Path(DATA, "hymenoptera_data/val/ants").iterdir())[:8]]
        done = docker("run", *options, "predict", "--model", "/runs/x/model.pt", *ants, "--format", "csv")
        rows = list(csv.DictReader(io.StringIO(done.stdout)))
        self.assertGreaterEqual([row["class"] for row in rows].count("ants"), 7, rows)


if __name__ == "__main__":
    unittest.main()
