"""`transfer export`: the weights of a trained model, for PyTorch."""

import json
import struct
import unittest

from tests.cli.transfer_case import FIXTURES, TransferCase

try:
    import torch

    from models.export.torchvision_beside_cpu_torch import import_torchvision
    torchvision = import_torchvision()
except ImportError:
    torch = torchvision = None

TYPES = {"F32": ("f", 4), "I64": ("q", 8)}


def read_safetensors(file):
    """The metadata and the tensors of a file, which must keep the format's rules."""
    content = file.read_bytes()
    length, = struct.unpack("<Q", content[:8])
    header = json.loads(content[8:8 + length])
    assert content[8:9] == b"{" and length % 8 == 0, "the header begins the file and aligns what follows"
    metadata = header.pop("__metadata__")
    tensors, place = {}, 0
    for name, entry in header.items():
        begin, end = entry["data_offsets"]
        code, size = TYPES[entry["dtype"]]
        count = 1
        for extent in entry["shape"]:
            count *= extent
        assert begin == place and begin % size == 0 and end - begin == count * size, f"{name} overlaps or leaves a gap"
        place = end
        data = content[8 + length + begin:8 + length + end]
        tensors[name] = torch.tensor(struct.unpack(f"<{count}{code}", data),
                                     dtype={"F32": torch.float32, "I64": torch.int64}[entry["dtype"]]).reshape(entry["shape"])
    assert place == len(content) - 8 - length, "nothing follows the tensors"
    return metadata, tensors


@unittest.skipIf(torch is None, "needs torch and torchvision")
class Weights(TransferCase):
    def setUp(self):
        super().setUp()
        self.make_data()

    def export(self, model="run", output="weights.safetensors", **options):
        done = self.run_transfer("export", "--model", model, "--to", "weights", "--output", output, "--json", **options)
        return json.loads(done.stdout), *read_safetensors(self.folder / output)

    def refuse(self, *arguments, expect, parts):
        done = self.run_transfer("export", *arguments, expect=expect)
        self.assert_names(self.message(done), *parts)
        self.assertEqual(done.stdout, "")
        self.assertEqual(list(self.folder.glob("*.safetensors*")), [])

    def torchvision_network(self, name):
        torch.manual_seed(0)
        network = getattr(torchvision.models, name)(num_classes=7, weights=None).eval()
        torch.jit.script(network).save(str(self.folder / f"{name}.pt"))
        return getattr(torchvision.models, name)(num_classes=2, weights=None).eval()

    def test_torchvision_loads_them_strictly_and_computes_the_same(self):
        for name, head in (("resnet18", "fc"), ("mobilenet_v2", "classifier.1"), ("squeezenet1_1", "classifier.1")):
            with self.subTest(name):
                network = self.torchvision_network(name)
                self.run_transfer("--data", "data", "--backbone", f"{name}.pt", "--set", "data.input_size=64", "--threads", "1",
                                  "--set", "report.html=false", "--set", "report.pictures=false", "--out", name)
                said, _, tensors = self.export(name, f"{name}.safetensors")
                self.assertEqual(said["head"], head)
                self.assertTrue(said["replaces_classifier"])
                self.assertEqual(said["tensors"], len(tensors))
                network.load_state_dict(tensors)
                images = torch.rand(2, 3, 64, 64)
                model = torch.jit.load(str(self.folder / name / "model.pt"))
                with torch.no_grad():
                    expected, found = model(images), network(images)
                if name == "squeezenet1_1":  # a ReLU stands behind its classifier
                    expected = expected.relu()
                self.assertTrue(torch.allclose(expected, found, atol=1e-4), f"{name}: {expected} {found}")

    def test_fine_tuned_layers_and_what_the_metadata_says(self):
        self.train("--strategy", "fine-tune", "--set", "train.epochs=1", "--threads", "1")
        _, metadata, tensors = self.export()
        self.assertEqual(metadata["format"], "pt")
        self.assertEqual(json.loads(metadata["transfer.json"])["classes"], ["blue", "red"])
        model = torch.jit.load(str(self.folder / "run/model.pt")).state_dict()
        original = torch.jit.load(str(FIXTURES / "tiny.pt")).state_dict()
        self.assertEqual(set(tensors), set(original))
        for name, tensor in tensors.items():
            place = f"trunk.{name}" if model.get(f"trunk.{name}", torch.empty(0)).numel() else "head." + name.rsplit(".")[-1]
            self.assertTrue(torch.equal(tensor, model[place]), name)
        self.assertTrue(any(not torch.equal(tensors[name], original[name]) for name in original
                            if tensors[name].shape == original[name].shape))

    def test_a_model_trained_on_a_trained_model_has_the_first_names(self):
        self.train(out="first")
        self.run_transfer("--data", "data", "--backbone", "first/model.pt", "--out", "second", "--threads", "1")
        _, _, first = self.export("first", "first.safetensors")
        said, _, second = self.export("second", "second.safetensors")
        self.assertTrue(said["replaces_classifier"])
        self.assertEqual(set(first), set(second))

    def test_an_early_cut_exports_what_is_left(self):
        self.train("--strategy", "early-features", "--threads", "1")
        said, _, tensors = self.export()
        self.assertFalse(said["replaces_classifier"])
        original = torch.jit.load(str(FIXTURES / "tiny.pt")).state_dict()
        kept = {name for name in tensors if not name.startswith(said["head"] + ".")}
        self.assertLess(kept, set(original))
        for name in kept:
            self.assertTrue(torch.equal(tensors[name], original[name]), name)

    def test_refusals(self):
        self.train("--strategy", "fine-tune", "--set", "train.epochs=1", "--set", "train.batch_norm=folded", "--threads", "1")
        weights = ("--to", "weights", "--output", "new.safetensors")
        self.refuse("--model", "run", *weights, expect=4, parts=("run/model.pt", "BatchNorm", "folded", "batch_norm=frozen"))
        self.refuse("--model", FIXTURES / "tiny.pt", *weights, expect=4, parts=("tiny.pt", "not a model that", "run directory"))
        self.train(out="other")
        self.run_transfer("ensemble", "other", "--output", "one.pt")
        self.run_transfer("ensemble", "other", "run", "--output", "both.pt")
        self.refuse("--model", "both.pt", *weights, expect=4, parts=("both.pt", "ensemble of 2", "one by one"))
        self.refuse("--model", "none", *weights, expect=4, parts=("none",))
        self.refuse("--model", "other", "--to", "weights", "--output", "new.pt", expect=2, parts=("new.pt", ".safetensors"))
        self.refuse("--model", "other", "--to", "wieghts", "--output", "new.safetensors", expect=2, parts=("wieghts", "weights"))
        self.refuse("--model", "other", "--to", "weights", "--output", "no/new.safetensors", expect=6, parts=("no",))
        (self.folder / "cut.pt").write_bytes((self.folder / "other/model.pt").read_bytes()[:5000])
        self.refuse("--model", "cut.pt", *weights, expect=4, parts=("cut.pt",))
        (self.folder / "there").write_text("")
        (self.folder / "there").rename(self.folder / "new.SAFETENSORS")
        done = self.run_transfer("export", "--model", "other", "--to", "weights", "--output", "new.SAFETENSORS", expect=6)
        self.assert_names(self.message(done), "exists already", "--overwrite")


if __name__ == "__main__":
    unittest.main()
