"""Images made to break a reader, and names made to fool a terminal: each is one broken image, named in plain text."""

import csv
import io
import os
import struct
import zlib

from tests.cli.transfer_case import TransferCase

ESCAPES = "\033[31mred\nwarning: all is well\b.png"


def chunk(kind, data):
    return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))


def png(*chunks):
    return b"\x89PNG\r\n\x1a\n" + b"".join(chunks) + chunk(b"IDAT", zlib.compress(b"")) + chunk(b"IEND", b"")


def header(width, height, bits, colours):
    return chunk(b"IHDR", struct.pack(">IIBBBBB", width, height, bits, colours, 0, 0, 0))


def tiff(*tags):
    """A TIFF with these tags (number, value) of one 4-byte number each, in this order, and no pixels."""
    entries = b"".join(struct.pack("<HHII", tag, 4, 1, value) for tag, value in tags)
    return b"II*\0" + struct.pack("<IH", 8, len(tags)) + entries + bytes(4)


class HostileImages(TransferCase):
    def setUp(self):
        super().setUp()
        self.make_data()
        self.train("--set", "train.epochs=1")

    def hostile_files(self):
        """Names and what the reason names."""
        files = {
            "dicom.png": (bytes(128) + b"DICM" + bytes(14), "DICOM"),
            "hdr.jpg": (b"#?RADIANCE\nFORMAT=32-bit_rle_rgbe\n\n-Y 32000 +X 33000\n", "not in a known image format"),
            "chunks.png": (png(chunk(b"tEXt", b"\0\0\0\1\0\0\0\1\x08\2\0\0\0"), header(60000, 60000, 8, 2)), "IHDR"),
            "deep.png": (png(header(16384, 16384, 16, 6)), "2147483648 bytes, more than data.max_image_bytes"),
            "unsorted.tif": (tiff((279, 4), (273, 8), (257, 60000), (256, 60000), (258, 8)), "60000 x 60000"),
            "hole.jpg": (b"\xff\xd8\xff", "42949672960 bytes, more than data.max_image_bytes"),
        }
        for name, (content, _) in files.items():
            (self.folder / name).write_bytes(content)
        os.truncate(self.folder / "hole.jpg", 40 << 30)  # a hole takes no room
        return {name: reason for name, (_, reason) in files.items()}

    def test_each_is_one_broken_image_and_its_name_is_plain_text(self):
        reasons = self.hostile_files()
        (self.folder / ESCAPES).write_bytes(b"")
        paths = ["data/val/red/0.png", ESCAPES, *reasons]
        done = self.run_transfer("predict", "--model", "run/model.pt", "--format", "csv", *paths)
        rows = {row["path"]: row for row in csv.DictReader(io.StringIO(done.stdout, newline=""))}
        self.assertEqual(list(rows), paths, "the CSV holds the names themselves")
        self.assertEqual(rows["data/val/red/0.png"]["error"], "")
        for name, reason in reasons.items():
            self.assertIn(reason, rows[name]["error"], name)
        self.assertIn("0 bytes", rows[ESCAPES]["error"])
        self.assertNotIn("\033", done.stderr)
        self.assertIn(r"\x1b[31mred\nwarning: all is well\x08.png", done.stderr)
        self.assertEqual(len(self.warnings(done)), 1)

        done = self.run_transfer("predict", "--model", "run/model.pt", "data/val/red/0.png", ESCAPES)
        self.assertNotIn("\033", done.stdout + done.stderr)
        self.assertEqual(done.stdout.count("\n"), 2)

    def test_the_limit_can_be_changed(self):
        limit = 48 * 40 * 3
        arguments = ("--model", "run/model.pt", "data/val/red/0.png", "--max-image-bytes")
        size = (self.folder / "data/val/red/0.png").stat().st_size
        self.run_transfer("predict", *arguments, max(limit, size))
        done = self.run_transfer("predict", *arguments, min(limit, size) - 1, expect=3)
        self.assert_names(self.message(done), "0.png", "data.max_image_bytes")
