"""Model files that are damaged, contradict themselves, hold programs that do more than compute, or are not trusted."""

import hashlib
import json
import unittest
import zipfile

from tests.cli.transfer_case import FIXTURES, TransferCase


def rewritten(source, target, change):
    """Copies an archive; `change` gives the new bytes of a record from its name and bytes."""
    with zipfile.ZipFile(source) as archive, zipfile.ZipFile(target, "w", zipfile.ZIP_STORED) as copy:
        for name in archive.namelist():
            copy.writestr(name, change(name, archive.read(name)))


def with_statement(source, target, statement):
    """A copy whose first `forward` begins with a further statement."""
    done = []

    def change(name, content):
        if not name.endswith(".py") or b"def forward(" not in content or done:
            return content
        done.append(name)
        head, mark, rest = content.decode().partition("def forward(")
        signature, newline, body = rest.partition(":\n" if "->" not in rest else "Tensor:\n")
        return (head + mark + signature + newline + f"    {statement}\n" + body).encode()

    rewritten(source, target, change)
    assert done, f"{source}: no program"


def sha256(file):
    return hashlib.sha256(file.read_bytes()).hexdigest()


class ModelFiles(TransferCase):
    def setUp(self):
        super().setUp()
        self.image = self.make_data(per_class=10) / "val" / "red" / "0.png"
        self.train()
        self.model = self.folder / "run" / "model.pt"
        self.changed = self.folder / "changed.pt"

    def predict(self, *arguments, model=None, **options):
        return self.run_transfer("predict", "--model", model or self.changed, *arguments, self.image, **options)

    def test_a_flipped_bit_is_an_error_and_not_another_answer(self):
        with zipfile.ZipFile(self.model) as archive:
            largest = max((entry for entry in archive.infolist() if "/data/" in entry.filename),
                          key=lambda entry: entry.file_size)
        content = bytearray(self.model.read_bytes())
        header = largest.header_offset
        begin = header + 30 + int.from_bytes(content[header + 26:header + 28], "little") + \
            int.from_bytes(content[header + 28:header + 30], "little")
        content[begin + largest.file_size // 2] ^= 0x40
        self.changed.write_bytes(content)
        record = largest.filename.partition("/")[2]
        for arguments in (("predict", "--model", self.changed, self.image),
                          ("evaluate", "--model", self.changed, "--data", "data"),
                          ("inspect", "--backbone", self.changed)):
            done = self.run_transfer(*arguments, expect=4)
            self.assert_names(self.message(done), "changed.pt", "is damaged", f"record {record} ", "copy it again")
            self.assertEqual(done.stdout, "")

    def test_metadata_with_another_number_of_classes_is_refused(self):
        def add_class(name, content):
            if not name.endswith("transfer.json"):
                return content
            return json.dumps({**json.loads(content), "classes": ["blue", "green", "red"]}).encode()

        rewritten(self.model, self.changed, add_class)
        done = self.predict(expect=4)
        self.assert_names(self.message(done), "changed.pt", "[1, 18]", "3 classes", "16 features")
        done = self.run_transfer("evaluate", "--model", self.changed, "--data", "data", expect=None)
        self.assertIn(done.returncode, (3, 4))

    def test_a_program_that_writes_files_is_refused_before_it_runs_and_loads_when_it_is_pinned(self):
        written = self.folder / "written"
        # With known images, predict runs features() and the head instead of forward().
        self.train("--set", "train.known_images=0", out="plain")
        with_statement(self.folder / "plain/model.pt", self.changed, f'torch.save(x, "{written}")')
        done = self.predict(expect=4)
        remedy = f"--trust sha256:{sha256(self.changed)}"
        self.assert_names(self.message(done), "changed.pt", "torch.save, which writes files", "forward", remedy)
        self.assertFalse(written.exists())
        self.predict(*remedy.split())
        self.assertTrue(written.exists())

    def test_a_backbone_that_prints_is_refused_by_every_command(self):
        with_statement(FIXTURES / "no_metadata.pt", self.changed, 'print("hello")')
        for arguments in (("inspect", "--backbone", self.changed),
                          ("--data", "data", "--backbone", self.changed, "--out", "other")):
            done = self.run_transfer(*arguments, expect=4)
            self.assert_names(self.message(done), "changed.pt", "print, which writes to standard output")
            self.assertNotIn("hello", done.stdout)
        self.assertFalse((self.folder / "other").exists())

    def test_pins_can_be_demanded(self):
        self.predict("--trust", "pinned", model=self.model, expect=4)
        pins = self.folder / "pins"
        pins.write_text(f"# trusted\n{sha256(self.model)}  run/model.pt\n")
        done = self.predict("--trust", "pinned", "--trust-file", pins, model=self.model)
        self.assertEqual(done.stderr.count("pinned"), 0)
        self.predict("--trust", "sha256:" + "0" * 64, model=self.model, expect=4)
        self.assert_names(self.message(self.predict("--trust", "ask", model=self.model, expect=4)), "no terminal")
        self.assert_names(self.message(self.predict("--trust", "sha256:12", model=self.model, expect=2)), "64")
        pins.write_text("no hash\n")
        done = self.predict("--trust-file", pins, model=self.model, expect=2)
        self.assert_names(self.message(done), "pins:1", "64 hexadecimal digits")

    def test_a_file_that_does_not_say_where_it_comes_from_is_named_once_with_its_hash(self):
        unknown = FIXTURES / "no_metadata.pt"
        done = self.run_transfer("inspect", "--backbone", unknown)
        self.assertEqual(done.stderr.count(f"sha256:{sha256(unknown)} is not pinned"), 1)
        self.assertNotIn("pinned", self.run_transfer("inspect", "--backbone", "tiny").stderr)


if __name__ == "__main__":
    unittest.main()
