"""The input of networks with other preprocessing than ImageNet's, computed with Pillow and NumPy in float64.

FOLDER/NAME.png and FOLDER/NAME.tiff are images; network_input.pt holds under each case's name the input [C,H,W] float32,
and cases.txt one line per case: name, image, height, width, rule, resize, channels, order, scale, mean and std.
"""

from pathlib import Path
from typing import Callable, Dict, List, NamedTuple, Tuple

import numpy as np
import torch
from PIL import Image


class Case(NamedTuple):
    name: str
    image: str
    size: Tuple[int, int]  # height, width
    rule: str
    resize: int
    channels: int
    order: str
    scale: str
    mean: List[float]
    std: List[float]


IMAGENET = ([0.485, 0.456, 0.406], [0.229, 0.224, 0.225])
CAFFE = ([103.939, 116.779, 123.68], [1.0, 1.0, 1.0])
CASES = (
    Case("wide_cover", "wide.png", (64, 128), "cover", 73, 3, "rgb", "0-1", *IMAGENET),
    Case("wide_cover_tall_input", "wide.png", (96, 48), "cover", 54, 3, "rgb", "0-1", *IMAGENET),
    Case("tall_cover", "tall.png", (48, 96), "cover", 54, 3, "rgb", "0-1", *IMAGENET),
    Case("wide_pad", "wide.png", (96, 96), "pad", 96, 3, "rgb", "0-1", *IMAGENET),
    Case("tall_pad", "tall.png", (60, 100), "pad", 60, 3, "bgr", "0-255", *CAFFE),
    Case("stretch", "tall.png", (60, 100), "stretch", 60, 3, "rgb", "0-1", [0.5] * 3, [0.5] * 3),
    Case("caffe", "wide.png", (64, 64), "shorter_side", 72, 3, "bgr", "0-255", *CAFFE),
    Case("grey", "wide.png", (64, 64), "shorter_side", 72, 1, "rgb", "0-1", [0.1307], [0.3081]),
    Case("grey_0_255", "tall.png", (64, 64), "pad", 64, 1, "rgb", "0-255", [128.0], [64.0]),
    Case("two_bands", "two.tiff", (40, 60), "cover", 45, 2, "rgb", "0-1", [0.2, 0.4], [0.1, 0.3]),
    Case("pages", "pages.tiff", (48, 48), "shorter_side", 54, 5, "rgb", "0-1", [0.5] * 5, [0.1, 0.2, 0.3, 0.4, 0.5]),
    Case("padded_pages", "pages.tiff", (48, 80), "pad", 48, 5, "rgb", "0-255", [1.0, 2.0, 3.0, 4.0, 5.0], [2.0] * 5),
)


def bands(height: int, width: int, count: int) -> np.ndarray:
    """uint8 [height, width, count]: smooth, and another pattern in each band."""
    y, x = np.mgrid[0:height, 0:width].astype(np.float64)
    waves = [127.5 + 127.5 * np.sin(x / (7 + 3 * b) + b) * np.cos(y / (11 + 2 * b)) for b in range(count)]
    return np.floor(np.stack(waves, axis=2) + 0.5).astype(np.uint8)


def write_images(folder: Path) -> Dict[str, np.ndarray]:
    """Writes the images; returns their pixels by file name."""
    images = {"wide.png": bands(150, 330, 3), "tall.png": bands(320, 140, 3), "two.tiff": bands(110, 130, 2),
              "pages.tiff": bands(120, 170, 5)}
    for name, pixels in images.items():
        if name == "two.tiff":
            Image.fromarray(pixels, "LA").save(folder / name)
        elif name == "pages.tiff":
            pages = [Image.fromarray(np.ascontiguousarray(pixels[:, :, b])) for b in range(pixels.shape[2])]
            pages[0].save(folder / name, save_all=True, append_images=pages[1:])
        else:
            Image.fromarray(pixels).save(folder / name)
    return images


def fit(pixels: np.ndarray, case: Case, resize: Callable[[np.ndarray, int, int], np.ndarray]) -> np.ndarray:
    """Fits [C,h,w] to the case's size by its rule. All cases shrink; `resize` averages over areas."""
    height, width = pixels.shape[1:]
    to_height, to_width = case.size

    def half_up(value: float) -> int:
        return int(np.floor(value + 0.5))

    if case.rule == "stretch":
        return resize(pixels, to_height, to_width)
    if case.rule == "pad":
        scale = min(to_height / height, to_width / width)
        inner = resize(pixels, half_up(height * scale), half_up(width * scale))
        top, left = (to_height - inner.shape[1]) // 2, (to_width - inner.shape[2]) // 2
        padded = np.zeros((pixels.shape[0], to_height, to_width))
        padded[:, top:top + inner.shape[1], left:left + inner.shape[2]] = inner
        return padded
    if case.rule == "shorter_side":
        scale = case.resize / min(height, width)
    else:
        factor = case.resize / min(to_height, to_width)
        scale = max(to_height * factor / height, to_width * factor / width)
    covering = resize(pixels, half_up(height * scale), half_up(width * scale))
    top, left = (covering.shape[1] - to_height) // 2, (covering.shape[2] - to_width) // 2
    return covering[:, top:top + to_height, left:left + to_width]


def network_input(pixels: np.ndarray, case: Case, resize: Callable[[np.ndarray, int, int], np.ndarray]) -> torch.Tensor:
    fitted = np.floor(fit(pixels.transpose(2, 0, 1).astype(np.float64), case, resize) + 0.5)
    if case.order == "bgr":
        fitted = fitted[::-1]
    if case.channels == 1:
        fitted = np.tensordot([[0.299, 0.587, 0.114]], fitted, 1)
    if case.scale == "0-1":
        fitted = fitted / 255
    mean, std = (np.array(values)[:, None, None] for values in (case.mean, case.std))
    return torch.from_numpy((fitted - mean) / std).float()


def write_network_inputs(folder: Path, resize: Callable[[np.ndarray, int, int], np.ndarray]) -> None:
    """`resize` averages [C,h,w] over areas to a height and a width."""
    folder.mkdir(parents=True, exist_ok=True)
    images = write_images(folder)
    torch.save({case.name: network_input(images[case.image], case, resize) for case in CASES},
               folder / "network_input.pt")
    lines = [" ".join([case.name, case.image, *map(str, case.size), case.rule, str(case.resize), str(case.channels),
                       case.order, case.scale, *map(str, [*case.mean, *case.std])]) for case in CASES]
    (folder / "cases.txt").write_text("\n".join(lines) + "\n")
