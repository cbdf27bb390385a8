"""`transfer export`: ONNX files, read by onnx's checker and run by ONNX Runtime."""

import json
import os
import sys
import unittest

from .transfer_case import FIXTURES, TransferCase, files_of_at_most

try:
    import numpy
    import onnx
    import onnxruntime
except ImportError:
    onnx = None
try:
    import torch
except ImportError:
    torch = None

if torch is not None:
    class Sums(torch.nn.Module):
        def forward(self, x):
            return torch.cumsum(x, 1)

    class WithSums(torch.nn.Module):
        def __init__(self):
            super().__init__()
            self.sums = Sums()

        def forward(self, x):
            return self.sums(x).mean(dim=[2, 3])

    class ByNumber(torch.nn.Module):
        def forward(self, x):
            if x.size(0) > 2:
                x = x * 2
            return x.mean(dim=[2, 3])

needs_runtime = unittest.skipIf(onnx is None, "onnx or onnxruntime is not installed")


class ExportCase(TransferCase):
    # The Python that the binary asks for ONNX Runtime.
    python = {"TRANSFER_PYTHON": os.environ.get("TRANSFER_PYTHON", sys.executable)}

    def environment(self):
        return {**super().environment(), **self.python}

    def train_on(self, backbone, *arguments, out="run"):
        self.run_transfer("--data", "data", "--backbone", FIXTURES / f"{backbone}.pt", "--threads", "1", "--out", out, *arguments)

    def export(self, *arguments, model="run", output="model.onnx", **options):
        return self.run_transfer("export", "--model", model, "--to", "onnx", "--output", output, *arguments, **options)

    def refuse(self, *arguments, parts, model="run", output="model.onnx", expect=4, **options):
        before = sorted(self.folder.rglob("*"))
        done = self.export(*arguments, model=model, output=output, expect=expect, **options)
        self.assert_names(self.message(done), *parts)
        self.assertEqual(done.stdout, "")
        self.assertEqual(sorted(self.folder.rglob("*")), before)


@needs_runtime
class OnnxFiles(ExportCase):
    def check_file(self, name="model.onnx"):
        model = onnx.load(self.folder / name)
        onnx.checker.check_model(model, full_check=True)
        onnx.shape_inference.infer_shapes(model, strict_mode=True, data_prop=True)
        return model

    def run_file(self, images, name="model.onnx"):
        options = onnxruntime.SessionOptions()
        options.log_severity_level = 3
        session = onnxruntime.InferenceSession(str(self.folder / name), options, providers=["CPUExecutionProvider"])
        return session.run(None, {"images": images})[0]

    def check_outputs(self, count=3):
        """Other images than those that the program checks itself."""
        self.check_file()
        module = torch.jit.load(str(self.folder / "run/model.pt"))
        size = json.loads(onnx_metadata(self.folder / "model.onnx")["transfer.json"])["preprocessing"]["input_size"]
        images = torch.randn(count, 3, *size, generator=torch.Generator().manual_seed(5))
        with torch.no_grad():
            expected = module(images).numpy()
        numpy.testing.assert_allclose(self.run_file(images.numpy()), expected, rtol=1e-3, atol=1e-4)

    def test_heads_on_networks_of_several_kinds(self):
        self.make_data()
        for backbone in ("tiny", "tiny_traced", "residual", "residual_traced", "steady"):
            with self.subTest(backbone):
                self.train_on(backbone, out="run", *(["--overwrite"] if (self.folder / "run").exists() else []))
                self.export("--overwrite")
                self.check_outputs()

    def test_pixels_in_and_probabilities_out(self):
        self.make_data()
        self.train_on("residual")
        report = json.loads(self.export("--with-preprocessing", "--json").stdout)
        self.assertLessEqual(report["check"]["difference"], 1e-3)
        self.assertIn("ONNX Runtime", report["check"]["engine"])
        model = self.check_file()
        self.assertEqual(model.graph.input[0].type.tensor_type.elem_type, onnx.TensorProto.UINT8)
        height, width = (d.dim_value for d in model.graph.input[0].type.tensor_type.shape.dim[1:3])
        pixels = numpy.random.default_rng(3).integers(0, 256, (2, height, width, 3), dtype=numpy.uint8)
        found = self.run_file(pixels)
        numpy.testing.assert_allclose(found.sum(1), 1, rtol=1e-5)
        module = torch.jit.load(str(self.folder / "run/model.pt"))
        p = json.loads(onnx_metadata(self.folder / "model.onnx")["transfer.json"])["preprocessing"]
        planes = (pixels.transpose(0, 3, 1, 2) / 255 - numpy.reshape(p["mean"], (3, 1, 1))) / numpy.reshape(p["std"], (3, 1, 1))
        with torch.no_grad():
            expected = module.predict(torch.tensor(planes, dtype=torch.float32)).numpy()
        numpy.testing.assert_allclose(found, expected, atol=1e-4)

    def test_grey_images_labels_and_numbers(self):
        """The program compares each file with the model before it writes it; what it promises is looked at here."""
        self.make_data()
        files = [path.relative_to(self.folder) for path in sorted((self.folder / "data").glob("*/*/*.png"))]
        rows = [f"{file},{file.parts[1]},{('red', 'round', 'red|round')[i % 3]},{10 + i}\n" for i, file in enumerate(files)]
        (self.folder / "labels.csv").write_text("path,split,label\n" + "".join(row.rsplit(",", 1)[0] + "\n" for row in rows))
        (self.folder / "numbers.csv").write_text(
            "path,split,weight\n" + "".join(",".join(row.split(",")[:2] + row.split(",")[3:]) for row in rows))
        for backbone, arguments, output in (
                ("grey", (), "probabilities"),
                ("tiny", ("--data", "labels.csv", "--set", "head.loss=binary_cross_entropy"), "probabilities"),
                ("tiny", ("--data", "numbers.csv", "--task", "regression"), "outputs")):
            with self.subTest(arguments=arguments, backbone=backbone):
                data = () if arguments else ("--data", "data")
                self.run_transfer(*data, *arguments, "--backbone", FIXTURES / f"{backbone}.pt", "--threads", "1", "--out", "run",
                                  "--overwrite")
                self.export("--with-preprocessing", "--overwrite")
                model = self.check_file()
                self.assertEqual(model.graph.output[0].name, output)
                self.assertEqual(model.graph.input[0].type.tensor_type.shape.dim[3].dim_value, 1 if backbone == "grey" else 3)

    def test_metadata_says_what_the_file_is(self):
        self.make_data()
        self.train_on("tiny")
        self.export()
        metadata = onnx_metadata(self.folder / "model.onnx")
        self.assertEqual(metadata["classes"], "blue\nred")
        self.assertEqual(metadata["includes_preprocessing"], "no")
        self.assertEqual(len(metadata["source_sha256"]), 64)


class Refusals(ExportCase):
    def test_what_cannot_be_exported(self):
        self.refuse(model="absent", parts=("absent",))
        self.refuse(model=FIXTURES / "tiny.pt", parts=("tiny.pt", "class names", "model.pt"))
        self.refuse(model=FIXTURES / "truncated.pt", parts=("truncated.pt",))
        self.refuse(model=FIXTURES / "not_torchscript.pt", parts=("not_torchscript.pt",))

    @unittest.skipIf(torch is None, "torch is not installed")
    def test_an_operator_without_translation_is_named_with_its_layer(self):
        self.write_classifier(WithSums())
        self.refuse("--unchecked", parts=("odd.pt", "aten::cumsum", "layer sums"), model="odd.pt")

    @unittest.skipIf(torch is None, "torch is not installed")
    def test_a_way_that_depends_on_the_number_of_images_is_refused(self):
        self.write_classifier(ByNumber())
        self.refuse("--unchecked", parts=("odd.pt", "number of images"), model="odd.pt")

    def write_classifier(self, module):
        """The network with the metadata of a model that was trained, as odd.pt."""
        preprocessing = {"input_size": [8, 8], "channels": "rgb", "resize": 8, "resize_rule": "shorter_side", "crop": "center",
                         "interpolation": "area", "mean": [0.5] * 3, "std": [0.25] * 3}
        metadata = {"format_version": 3, "kind": "classifier", "name": "odd", "source": "", "source_version": "", "license": "",
                    "preprocessing": preprocessing, "classes": ["a", "b", "c"], "stages": [], "task": "classification",
                    "loss": "cross_entropy"}
        torch.jit.script(module.eval()).save(str(self.folder / "odd.pt"), _extra_files={"transfer.json": json.dumps(metadata)})

    def test_an_ensemble_is_refused(self):
        self.make_data()
        self.train_on("tiny", out="a")
        self.train_on("tiny", "--seed", "1", "--strategy", "early-features", out="b")
        self.run_transfer("ensemble", "a", "b", "--output", "both.pt")
        self.refuse(model="both.pt", parts=("both.pt", "several models", "one by one"))

    def test_outputs(self):
        model = FIXTURES / "tiny.pt"
        self.refuse(model=model, output="model.pt", parts=("model.pt", ".onnx"), expect=2)
        self.refuse(model=model, output="absent/model.onnx", parts=("absent",), expect=6)
        (self.folder / "old.onnx").write_text("mine")
        self.refuse(model=model, output="old.onnx", parts=("old.onnx", "--overwrite"), expect=6)
        self.assertEqual((self.folder / "old.onnx").read_text(), "mine")

    def test_full_disk_leaves_nothing(self):
        self.make_data()
        self.train_on("tiny")
        self.refuse("--unchecked", parts=("model.onnx",), expect=6, before=files_of_at_most(1000))

    def test_without_a_runtime_nothing_is_written(self):
        self.make_data()
        self.train_on("tiny")
        python = self.folder / "python3"
        python.write_text("#!/bin/sh\nexit 77\n")
        python.chmod(0o755)
        self.python = {"TRANSFER_PYTHON": str(python), "PATH": str(self.folder)}
        self.refuse(parts=("ONNX Runtime", "--unchecked"))
        self.assert_names(self.export("--unchecked").stdout, "not compared")


def onnx_metadata(file):
    return {each.key: each.value for each in onnx.load(file).metadata_props}


if __name__ == "__main__":
    unittest.main()
