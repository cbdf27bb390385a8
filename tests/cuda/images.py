"""Images of the checks, written without an image library: class folders, and CSV files for labels and numbers."""

import ctypes
import random
import struct
import zlib
from pathlib import Path

import torch

# Mean colours of the classes.
COLOURS = {"red": (170, 70, 70), "green": (70, 170, 70), "blue": (70, 70, 170)}


def bytes_of(tensor: torch.Tensor) -> bytes:
    """The bytes of a contiguous CPU tensor; without NumPy, which torch may lack."""
    return ctypes.string_at(tensor.data_ptr(), tensor.numel() * tensor.element_size())


def chunk(kind: bytes, content: bytes) -> bytes:
    return struct.pack(">I", len(content)) + kind + content + struct.pack(">I", zlib.crc32(kind + content))


def write_png(path: Path, pixels: torch.Tensor) -> None:
    """`pixels` [H, W, 3] uint8."""
    height, width, _ = pixels.shape
    rows = torch.cat([torch.zeros(height, 1, dtype=torch.uint8), pixels.reshape(height, -1)], 1).contiguous()
    header = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    parts = chunk(b"IHDR", header) + chunk(b"IDAT", zlib.compress(bytes_of(rows), 1)) + chunk(b"IEND", b"")
    path.write_bytes(b"\x89PNG\r\n\x1a\n" + parts)


def write_bmp(path: Path, pixels: torch.Tensor) -> None:
    """`pixels` [H, W, 3] uint8, of a width that 4 divides. Decoding a BMP is a copy, so it takes next to no time."""
    height, width, _ = pixels.shape
    content = bytes_of(pixels.flip(0, 2).contiguous())
    header = struct.pack("<IiiHHIIiiII", 40, width, height, 1, 24, 0, len(content), 0, 0, 0, 0)
    path.write_bytes(b"BM" + struct.pack("<IHHI", 54 + len(content), 0, 0, 54) + header + content)


def picture(colour, size: int, generator: torch.Generator) -> torch.Tensor:
    """A colour under much noise and a brighter rectangle: [size, size, 3] uint8."""
    pixels = torch.tensor(colour).view(1, 1, 3) + torch.randint(-60, 61, (size, size, 3), generator=generator)
    top, left = torch.randint(0, size // 2, (2,), generator=generator).tolist()
    pixels[top:top + size // 3, left:left + size // 4] += 50
    return pixels.clamp(0, 255).to(torch.uint8)


def write_folders(root: Path, size: int, counts: dict, write=write_png, ending="png") -> None:
    """root/SPLIT/CLASS/N.png: `counts` gives the images of a class by split."""
    generator = torch.Generator().manual_seed(1)
    for split, count in counts.items():
        for name, colour in COLOURS.items():
            folder = root / split / name
            folder.mkdir(parents=True)
            for i in range(count):
                write(folder / f"{i}.{ending}", picture(colour, size, generator))


def write_tables(folder: Path, size: int, count: int) -> None:
    """labels.csv, several labels or none an image, and numbers.csv, two numbers an image; a quarter of both validates."""
    generator = torch.Generator().manual_seed(2)
    draw = random.Random(2)
    (folder / "pictures").mkdir()
    labels, numbers = ["path,label,split"], ["path,red,shade,split"]
    for i in range(count):
        present = [name for name in COLOURS if draw.random() < 0.5]
        colour = [40 + sum(COLOURS[name][channel] for name in present) // 3 for channel in range(3)]
        path = f"pictures/{i}.png"
        write_png(folder / path, picture(colour, size, generator))
        split = "val" if i % 4 == 3 else "train"
        labels.append(f"{path},{'|'.join(present)},{split}")
        numbers.append(f"{path},{colour[0] / 100:.3f},{sum(colour) + draw.gauss(0, 5):.3f},{split}")
    (folder / "labels.csv").write_text("\n".join(labels) + "\n")
    (folder / "numbers.csv").write_text("\n".join(numbers) + "\n")


def read_png(path: Path, size: int) -> torch.Tensor:
    """[size, size, 3] uint8 of a file by write_png."""
    content = path.read_bytes()
    start = content.index(b"IDAT")
    length = struct.unpack(">I", content[start - 4:start])[0]
    rows = torch.frombuffer(bytearray(zlib.decompress(content[start + 4:start + 4 + length])), dtype=torch.uint8)
    return rows.view(size, 1 + 3 * size)[:, 1:].reshape(size, size, 3)


def read_bmp(path: Path, size: int) -> torch.Tensor:
    """[size, size, 3] uint8 of a file by write_bmp."""
    content = bytearray(path.read_bytes()[54:])
    return torch.frombuffer(content, dtype=torch.uint8).view(size, size, 3).flip(0, 2)
