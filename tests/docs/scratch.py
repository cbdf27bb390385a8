"""A scratch folder with every name that the documentation's blocks use: images, tables and a small backbone."""

import gzip
import os
import random
import shutil
import struct
import sys
from pathlib import Path

from tests.cli.transfer_case import BINARY, FIXTURES, write_image
from tests.docs.pages import ROOT

COLOURS = {"cats": (200, 40, 40), "dogs": (40, 40, 200)}
IMAGES_PER_CLASS = 50  # 20 of both for validation: fewer tell no unknown images
DIGIT_SIDE = 10


def make_data(folder: Path) -> None:
    """pets/, photo.jpg, fruit.csv, photos.csv, species.csv and mnist/ in `folder`."""
    for number, (name, colour) in enumerate(COLOURS.items()):
        for i in range(IMAGES_PER_CLASS):
            write_image(folder / "pets" / name / f"{i}.png", colour, seed=100 * number + i)
    write_image(folder / "photo.jpg", COLOURS["cats"], seed=999)
    images = sorted((folder / "pets").glob("*/*.png"))
    rows = [f"{path.relative_to(folder)},{100 + 10 * i % 70},{5 + i % 3}" for i, path in enumerate(images)]
    (folder / "fruit.csv").write_text("\n".join(["path,weight,height", *rows]) + "\n")
    labels = ["cat|dog", "cat", "dog", ""]
    rows = [f"{path.relative_to(folder)},{labels[i % 4]}" for i, path in enumerate(images)]
    (folder / "photos.csv").write_text("\n".join(["path,label", *rows]) + "\n")
    rows = [f"{path.relative_to(folder)},{path.parent.name}" for path in images]
    (folder / "species.csv").write_text("\n".join(["photo,species", *rows]) + "\n")
    make_digits(folder / "mnist")


def make_digits(folder: Path) -> None:
    """IDX files whose class is the third of the image that is bright."""
    folder.mkdir()
    generator = random.Random(2)
    for prefix, count in (("train", 60), ("t10k", 30)):
        labels = bytes(i % 3 for i in range(count))
        pixels = bytes(generator.randint(0, 90) + (150 if 3 * x // DIGIT_SIDE == label else 0)
                       for label in labels for _ in range(DIGIT_SIDE) for x in range(DIGIT_SIDE))
        images = struct.pack(">IIII", 0x803, count, DIGIT_SIDE, DIGIT_SIDE) + pixels
        (folder / f"{prefix}-images-idx3-ubyte.gz").write_bytes(gzip.compress(images))
        (folder / f"{prefix}-labels-idx1-ubyte.gz").write_bytes(gzip.compress(struct.pack(">II", 0x801, count) + labels))


def make_tools(folder: Path) -> None:
    """In `folder`: models/, where the default backbone is a tiny one, and bin/ with `transfer` and `python`."""
    (folder / "models").mkdir()
    shutil.copy(FIXTURES / "tiny.pt", folder / "models" / "efficientnet-lite0.pt")
    (folder / "bin").mkdir()
    (folder / "bin" / "transfer").symlink_to(Path(BINARY).resolve())
    (folder / "bin" / "python").symlink_to(sys.executable)


def environment(tools: Path, base=None) -> dict:
    """For the blocks: `transfer` on the PATH, the tiny backbone, two threads that do not spin, `mpirun` allowed to root."""
    base = base or os.environ
    return {**base, "PATH": os.pathsep.join([str(tools / "bin"), base["PATH"]]), "HOME": str(tools),
            "TRANSFER_MODELS": str(tools / "models"), "OMP_NUM_THREADS": "2", "OMP_WAIT_POLICY": "PASSIVE",
            "OMPI_ALLOW_RUN_AS_ROOT": "1", "OMPI_ALLOW_RUN_AS_ROOT_CONFIRM": "1",
            "OMPI_MCA_rmaps_base_oversubscribe": "1", "OMPI_MCA_hwloc_base_binding_policy": "none",
            "OMPI_MCA_btl": "self,vader"}


def link_sources(folder: Path) -> None:
    """The folders of the source tree that blocks name by a relative path."""
    for name in ("build", "examples", "models"):
        (folder / name).symlink_to(ROOT / name)
