"""Writes a small data set of two colours, in every format that the program documents, into the folder named."""

import sys
from pathlib import Path

from tests.cli.transfer_case import hash_of, write_image

FORMATS = ("png", "jpg", "tif", "webp", "bmp")


def main() -> None:
    folder = Path(sys.argv[1])
    for split in ("train", "val"):
        for name, colour in {"red": (200, 40, 40), "blue": (40, 40, 200)}.items():
            for i in range(10):
                path = folder / split / name / f"{i}.{FORMATS[i % len(FORMATS)]}"
                write_image(path, colour, seed=hash_of(split, name, i))


if __name__ == "__main__":
    main()
