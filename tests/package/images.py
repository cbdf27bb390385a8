"""Writes into the folder named a small data set of two colours, in every format that the program documents, and
jbig.tif, which claims a compression that the relocatable archive refuses.

Usage: python -m tests.package.images FOLDER
"""

import sys
from pathlib import Path

from PIL import Image

from tests.cli.transfer_case import hash_of, write_image

FORMATS = ("png", "jpg", "tif", "webp", "bmp")


# A TIFF directory's entry for the compression: tag, type "short", one value.
COMPRESSION = (259).to_bytes(2, "little") + (3).to_bytes(2, "little") + (1).to_bytes(4, "little")
GROUP_4, JBIG = (4).to_bytes(2, "little"), (34661).to_bytes(2, "little")


def write_jbig(path):
    Image.new("1", (64, 64)).save(path, compression="group4")
    content = path.read_bytes()
    assert content.count(COMPRESSION + GROUP_4) == 1
    path.write_bytes(content.replace(COMPRESSION + GROUP_4, COMPRESSION + JBIG))


def main() -> None:
    folder = Path(sys.argv[1])
    for split in ("train", "val"):
        for name, colour in {"red": (200, 40, 40), "blue": (40, 40, 200)}.items():
            for i in range(10):
                path = folder / split / name / f"{i}.{FORMATS[i % len(FORMATS)]}"
                write_image(path, colour, seed=hash_of(split, name, i))
    write_jbig(folder / "jbig.tif")


if __name__ == "__main__":
    main()
