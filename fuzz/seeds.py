"""Writes the seeds of the fuzz targets: small, valid and awkward inputs of every kind, a folder for each target.

Usage: python fuzz/seeds.py FOLDER [--stored PROGRAM]
PROGRAM is the built fuzz_stored_seeds, for the files that only `transfer` writes.
"""

import argparse
import gzip
import io
import json
import re
import struct
import subprocess
import sys
import tempfile
import zipfile
import zlib
from pathlib import Path

from PIL import Image, ImageCms

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT))


class Seeds:
    """Files for one target after the other."""

    def __init__(self, folder):
        self.folder = folder
        self.counts = {}

    def add(self, target, content):
        count = self.counts.get(target, 0)
        self.counts[target] = count + 1
        path = self.folder / target / f"{count:03}"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content.encode() if isinstance(content, str) else content)

    def add_image(self, target, content):
        """For the format's own target and the one of all formats."""
        self.add(target, content)
        self.add("any_image", content)


def gradient(mode="RGB", size=(9, 7)):
    """A small image of any mode."""
    image = Image.new("RGB", size)
    image.putdata([(20 * x, 30 * y, 255 - 10 * x) for y in range(size[1]) for x in range(size[0])])
    if mode == "LAB":
        return ImageCms.profileToProfile(
            image, ImageCms.createProfile("sRGB"), ImageCms.createProfile("LAB"), outputMode="LAB")
    if mode == "I;16":
        return Image.frombytes("I;16", size, b"".join(struct.pack("<H", 700 * i) for i in range(size[0] * size[1])))
    return image.convert(mode)


def saved(image, kind, **options):
    stream = io.BytesIO()
    image.save(stream, kind, **options)
    return stream.getvalue()


def exif_block(orientation):
    exif = Image.Exif()
    exif[0x0112] = orientation
    return exif.tobytes()


def png_chunk(kind, data):
    return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))


PNG_SIGNATURE = b"\x89PNG\r\n\x1a\n"


def png(width, height, depth, colour, rows, before=b"", between=b"", interlaced=0):
    header = struct.pack(">IIBBBBB", width, height, depth, colour, 0, 0, interlaced)
    return (PNG_SIGNATURE + before + png_chunk(b"IHDR", header) + between
            + png_chunk(b"IDAT", zlib.compress(rows)) + png_chunk(b"IEND", b""))


def add_png(seeds):
    for mode in ("1", "L", "LA", "P", "RGB", "RGBA", "I;16"):
        seeds.add_image("png", saved(gradient(mode), "PNG"))
    seeds.add_image("png", saved(gradient(), "PNG", exif=exif_block(6)))
    seeds.add_image("png", saved(gradient(), "PNG", save_all=True, append_images=[gradient("L").convert("RGB")]))
    for depth, colour, row in ((1, 0, b"\0\xA0"), (2, 3, b"\0\x1B"), (16, 2, b"\0" + bytes(range(18))),
                               (16, 4, b"\0" + bytes(range(12))), (16, 6, b"\0" + bytes(range(24)))):
        palette = png_chunk(b"PLTE", bytes(range(12))) if colour == 3 else b""
        transparent = {0: b"\0\1", 2: bytes(6), 3: b"\x80\0"}.get(colour)
        between = png_chunk(b"sBIT", bytes([12] * {0: 1, 2: 3, 3: 3, 4: 2, 6: 4}[colour])) if depth == 16 else b""
        between += palette + (png_chunk(b"tRNS", transparent) if transparent else b"")
        seeds.add_image("png", png(3, 2, depth, colour, row * 2, between=between))
    seeds.add_image("png", png(1, 1, 8, 0, b"\0\7", interlaced=1))
    # The size is not in the first chunk; and sizes that no image has.
    seeds.add_image("png", png(20000, 20000, 16, 6, b"\0", before=png_chunk(b"tEXt", b"a\0b")))
    for width, height in ((0, 1), (2**31 - 1, 2**31 - 1), (16384, 16384)):
        seeds.add_image("png", png(width, height, 16, 6, b"\0" * 9))


def add_jpeg(seeds):
    for mode in ("L", "RGB", "CMYK"):
        seeds.add_image("jpeg", saved(gradient(mode), "JPEG", quality=50))
    seeds.add_image("jpeg", saved(gradient(), "JPEG", progressive=True))
    seeds.add_image("jpeg", saved(gradient(), "JPEG", subsampling=0, restart_marker_blocks=1))
    seeds.add_image("jpeg", saved(gradient(), "JPEG", exif=exif_block(5)))
    whole = saved(gradient(size=(40, 33)), "JPEG")
    seeds.add_image("jpeg", whole)
    seeds.add_image("jpeg", whole[: len(whole) // 2])
    # A progressive image whose last scan comes many times.
    progressive = saved(gradient(size=(16, 16)), "JPEG", progressive=True)
    scan = progressive.rindex(b"\xFF\xDA")
    seeds.add_image("jpeg", progressive[:-2] + progressive[scan:-2] * 60 + b"\xFF\xD9")
    size = whole.index(b"\xFF\xC0") + 5
    seeds.add_image("jpeg", whole[:size] + b"\xFF\xDC\xFF\xDC" + whole[size + 4:])


def bmp(width, height, bits, compression, pixels, palette=b""):
    start = 54 + len(palette)
    return (b"BM" + struct.pack("<IHHI", start + len(pixels), 0, 0, start)
            + struct.pack("<IiiHHIIiiII", 40, width, height, 1, bits, compression, len(pixels), 0, 0,
                          len(palette) // 4, 0) + palette + pixels)


def add_bmp(seeds):
    for mode in ("1", "L", "P", "RGB", "RGBA"):
        seeds.add_image("bmp", saved(gradient(mode), "BMP"))
    palette = bytes(range(64))
    seeds.add_image("bmp", bmp(4, 2, 8, 1, b"\x02\x01\x00\x02\x05\x06\x00\x00\x00\x02\x01\x00\x04\x03\x00\x01", palette))
    seeds.add_image("bmp", bmp(4, 2, 4, 2, b"\x04\x12\x00\x00\x00\x03\x12\x30\x00\x00\x00\x01", palette))
    seeds.add_image("bmp", bmp(2, -2, 16, 3, struct.pack("<III", 0xF800, 0x7E0, 0x1F) + bytes(range(8))))
    seeds.add_image("bmp", bmp(2, 2, 32, 3, struct.pack("<III", 0xFF0000, 0xFF00, 0xFF) + bytes(range(16))))
    for width, height in ((2**31 - 1, -(2**31)), (16384, 16384), (0, 5)):
        seeds.add_image("bmp", bmp(width, height, 8, 1, b"\0\1", palette))
    seeds.add_image("bmp", b"BM" + struct.pack("<IHHI", 38, 0, 0, 26) + struct.pack("<IHHHH", 12, 2, 1, 1, 24) + bytes(8))


def add_gif(seeds):
    seeds.add_image("gif", saved(gradient("P"), "GIF"))
    seeds.add_image("gif", saved(gradient("P"), "GIF", interlace=False, transparency=3))
    seeds.add_image("gif", saved(gradient(), "GIF", save_all=True, append_images=[gradient("L")], duration=9, loop=1))
    plain = saved(gradient("P"), "GIF")
    seeds.add_image("gif", plain[:6] + b"\xFF\xFF\xFF\xFF" + plain[10:])
    seeds.add_image("gif", plain[: len(plain) // 2])


def add_webp(seeds):
    for mode in ("RGB", "RGBA"):
        for lossless in (True, False):
            seeds.add_image("webp", saved(gradient(mode), "WEBP", lossless=lossless))
    seeds.add_image("webp", saved(gradient(), "WEBP", exif=exif_block(8)))
    seeds.add_image("webp", saved(gradient("RGBA"), "WEBP", save_all=True, append_images=[gradient("RGB")], duration=9))


def tiff(tags, data=b"", order="<"):
    """A TIFF of one directory behind its data, with the tags (number, type, values) in the order given."""
    sizes = {1: "B", 2: "B", 3: "H", 4: "I", 12: "d"}
    body = (b"II" if order == "<" else b"MM") + struct.pack(order + "HI", 42, 8 + len(data)) + data
    entries, extra = b"", b""
    behind = len(body) + 2 + 12 * len(tags) + 4
    for number, kind, values in tags:
        packed = struct.pack(order + sizes[kind] * len(values), *values)
        if len(packed) > 4:
            place = struct.pack(order + "I", behind + len(extra))
            extra += packed
        else:
            place = packed.ljust(4, b"\0")
        entries += struct.pack(order + "HHI", number, kind, len(values)) + place
    return body + struct.pack(order + "H", len(tags)) + entries + bytes(4) + extra


def tiff_of(width, height, bits, samples, *, colours=1, form=1, more=(), order="<"):
    data = bytes(i % 251 for i in range(min(width * height * samples * max(bits // 8, 1), 4096)))
    return tiff([(256, 4, [width]), (257, 4, [height]), (258, 3, [bits] * samples), (259, 3, [1]), (262, 3, [colours]),
                 (273, 4, [8]), (277, 3, [samples]), (278, 4, [height]), (279, 4, [len(data)]), *more,
                 (339, 3, [form] * samples)], data, order)


def add_tiff(seeds):
    for mode in ("1", "L", "P", "RGB", "RGBA", "CMYK", "I;16", "F", "LAB"):
        seeds.add_image("tiff", saved(gradient(mode), "TIFF"))
    for compression in ("tiff_lzw", "tiff_adobe_deflate", "packbits", "jpeg"):
        seeds.add_image("tiff", saved(gradient(), "TIFF", compression=compression))
    for compression in ("group3", "group4"):
        seeds.add_image("tiff", saved(gradient("1"), "TIFF", compression=compression))
    seeds.add_image("tiff", saved(gradient("L"), "TIFF", save_all=True, append_images=[gradient("L")] * 3))
    seeds.add_image("tiff", saved(gradient(), "TIFF", big_tiff=True))
    for order in "<>":
        seeds.add_image("tiff", tiff_of(3, 2, 16, 4, more=[(338, 3, [0, 0, 0])], order=order))
        seeds.add_image("tiff", tiff_of(3, 2, 32, 1, form=3, more=[(274, 3, [6])], order=order))
    seeds.add_image("tiff", tiff_of(3, 2, 64, 1, form=3))
    seeds.add_image("tiff", tiff_of(3, 2, 16, 3, colours=2, form=2))
    seeds.add_image("tiff", tiff_of(3, 2, 16, 1, more=[(340, 3, [5]), (341, 3, [900])]))
    seeds.add_image("tiff", tiff_of(3, 2, 8, 5, colours=5, more=[(338, 3, [1])]))
    seeds.add_image("tiff", tiff_of(16, 16, 8, 1, more=[(322, 3, [16]), (323, 3, [16]), (324, 4, [8]), (325, 4, [256])]))
    seeds.add_image("tiff", tiff_of(3, 2, 8, 3, colours=2, more=[(284, 3, [2])]))
    # The size is not among the first tags; and sizes that no image has.
    seeds.add_image("tiff", tiff([(262, 3, [2]), (258, 3, [8] * 3), (277, 3, [3]), (257, 4, [30000]), (256, 4, [30000]),
                                  (273, 4, [8]), (279, 4, [9])], bytes(9)))
    for width, height in ((2**32 - 1, 1), (16384, 16384), (0, 3)):
        seeds.add_image("tiff", tiff_of(width, height, 16, 4, colours=2, more=[(338, 3, [2])]))


def add_foreign_images(seeds):
    signatures = [b"\0\0\0\x0CjP  \r\n\x87\n", b"\xFF\x4F\xFF\x51", b"\xFF\x0A", b"\x76\x2F\x31\x01", b"8BPS", b"%PDF-",
                  b"<svg", b"P6\n9 9\n255\n", b"#?RADIANCE\n\n-Y 33000 +X 32000\n", b"\x59\xA6\x6A\x95", b"CDF\x01",
                  b"\0\0\0\x20ftypavif", b"\0\0\0\x20ftypheic"]
    for signature in signatures:
        seeds.add("any_image", signature + bytes(40))
    seeds.add("any_image", bytes(128) + b"DICM" + bytes(10))
    seeds.add("any_image", b"")


def add_exif(seeds):
    for orientation in range(1, 9):
        seeds.add("exif", exif_block(orientation))
    seeds.add("exif", b"MM\0*\0\0\0\x08\0\x02" + struct.pack(">HHIHH", 0x10F, 3, 1, 1, 0) + struct.pack(">HHIHH", 0x112, 3, 1, 7, 0))
    seeds.add("exif", b"II*\0\xFF\xFF\xFF\xFF")


def two_files(first, second):
    """See split_in_two() in fuzz/target.h."""
    return struct.pack("<I", len(first)) + first + second


def add_idx(seeds):
    images = struct.pack(">IIII", 0x803, 3, 2, 4) + bytes(range(24))
    labels = struct.pack(">II", 0x801, 3) + bytes([0, 9, 255])
    seeds.add("idx", two_files(images, labels))
    seeds.add("idx", two_files(gzip.compress(images, mtime=0), gzip.compress(labels, mtime=0)))
    seeds.add("idx", two_files(gzip.compress(images, mtime=0)[:-9], gzip.compress(labels, mtime=0)))
    for sizes in ((2**32 - 1, 2**32 - 1, 2**32 - 1), (2**31, 28, 28), (0, 1, 1), (1, 0, 7)):
        claimed = struct.pack(">IIII", 0x803, *sizes) + bytes(9)
        seeds.add("idx", two_files(claimed, struct.pack(">II", 0x801, sizes[0])))
        seeds.add("idx", two_files(gzip.compress(claimed, mtime=0), gzip.compress(labels, mtime=0)))


def add_csv(seeds):
    texts = ["path,label\na.png,red\nb.png,blue\n", "path,label,split\na.png,red,train\nb.png,blue,val\n",
             "path;a;b\na.png;1,5;2\n", "path\ta\tb\na.png\t1\t-2e3\n", "sep=|\npath|a\na.png|nan\n",
             'filename,class\n"a.png","a ""quoted"" name"\r\n\r\nb.png,x|y\r\n', "path,label\na.png,\n",
             "\ufeffpath,a,b\na.png,1e400,inf\n", 'path,label\n"a.png,never closed\n', "path,path\na.png,b.png\n",
             "path,label\nfolder\\a.png,c:\\x\n", "path,label\n\x1b[31ma.png,\x07\n"]
    for text in texts:
        for choice in b"\0\1\2":
            seeds.add("csv", bytes([choice]) + text.encode())
    for encoding in ("utf-16", "utf-16-be", "utf-32", "latin-1"):
        seeds.add("csv", b"\0" + "path,label\n\xe4.png,gr\xfcn\n".encode(encoding))


def add_forms(seeds):
    part = b'--b\r\nContent-Disposition: form-data; name="image"; filename="%s"\r\n\r\n%s\r\n'
    bodies = [part % (b"a.png", b"1") + part % (b'a;\\"b\\"', b"\r\n--") + b"--b--\r\n", part % (b"", b"") + b"--b--", b"--b--",
              b"preamble\r\n" + part % (b"a", b"--b"), part % (b"a", b"1") * 20 + b"--b--", b"--b\r\n\r\n\r\n--b--", b""]
    for kind in (b"multipart/form-data; boundary=b", b'Multipart/Form-Data; charset=x; Boundary="b"', b"multipart/form-data", b"image/png"):
        for body in bodies:
            seeds.add("form", kind + b"\n/predict?model=a%20b&top=3&&x\n" + body)


AWKWARD_YAML = [
    "a: &a [*a]\n", "train: &t {lr: 0.1}\naugment: *t\n", "<<: {seed: 1}\n", "seed: !!int 3\n", "? [a, b]\n: c\n",
    "train:\n  lr: .inf\n", "train: {lr: 1e-400, epochs: 99999999999999999999}\n", "seed: 1\nseed: 2\n", "[]\n", "--- 1\n--- 2\n",
    "data: {path: \"\\x00\\u2028\"}\n", "%YAML 9.9\n---\nseed: 1\n", "[" * 300, "{a: " * 300, "seed: 'x\n", "\ufeffseed: 1\n",
]


def add_yaml(seeds):
    for path in sorted([*(ROOT / "presets").glob("*.yaml"), *(ROOT / "examples").glob("*.yaml")]):
        text = path.read_text()
        without_comments = re.sub(r"(?m)\s*#.*$", "", text).strip() + "\n"
        seeds.add("batch" if path.name.startswith("batch") else "configuration", without_comments)
    for text in AWKWARD_YAML:
        seeds.add("configuration", text)
        seeds.add("batch", f"jobs:\n- {{name: a, matrix: {{seeds: 2}}}}\ndefaults:\n  {text}")
    for value in ("&a [*a]", "&a [1, [*a]]", "&a {low: *a, high: 1}", "[[[1]]]", "[{x: [1]}]", "[!!binary aGk=, ~, 'a\nb']"):
        seeds.add("batch", f"jobs:\n- name: a\n  matrix: {{head.hidden: {value}, seeds: 2}}\n")
        seeds.add("batch", f"jobs:\n- name: a\n  head: {{hidden: {value}}}\n- {value}\n- {{name: {value}}}\n")
    axes = ", ".join(f"{key}: [1, 2, 3, 4, 5, 6, 7, 8, 9]" for key in ("seed", "train.epochs", "train.batch_size", "threads"))
    seeds.add("batch", f"jobs:\n- name: a\n  matrix: {{{axes}, seeds: 1000000000}}\n")
    seeds.add("batch", "jobs:\n- name: a\n  matrix: {train.lr: {low: 1.0e-5, high: 0.1, scale: log}}\n"
                       "  search: {method: random, trials: 3, seed: 1}\n")
    seeds.add("batch", "slurm: {options: ['--mail-user=x --output=/etc/passwd'], time: '1-2:3:4', partition: \"a\\nb\"}\n"
                       "jobs: [{name: ../x}, {name: a, data: {folds: 3}, matrix: {folds: 3}}]\n")
    for lines in ("train.lr=0.1\nhead.hidden=[32, 16]", "strategy=fine-tune\ntrain.optimizer=sgd\naugment.preset=strong",
                  "data.sample_range=[0, 4095]\ndata.input_size=160x320", "cut=\nhead.loss=huber\ntask=regression",
                  "seed=&a [*a]", "=1\nseed\nseed=\nseed=[", "augment.rotate=[-1e308, 1e308]", "input.mean=[nan]"):
        seeds.add("assignment", lines)


def add_metadata(seeds):
    preprocessing = {"input_size": [32, 32], "channels": "rgb", "resize": 36, "resize_rule": "shorter_side", "crop": "center",
                     "interpolation": "area", "mean": [0.5] * 3, "std": [0.2] * 3}
    backbone = {"format_version": 1, "kind": "backbone", "name": "tiny", "source": "", "source_version": "", "license": "MIT",
                "preprocessing": preprocessing, "pretraining_classes": ["a", "\u00fc"], "stages": ["blocks.0"],
                "weights_sha256": "0" * 64}
    classifier = {**backbone, "kind": "classifier", "classes": ["a", "b"]}
    bands = {**preprocessing, "channels": "bands", "mean": [0.1] * 5, "std": [1e-30] * 5, "scale": "0-255",
             "resize_rule": "stretch", "sample_range": [0, 4095]}
    values = {**classifier, "format_version": 3, "task": "regression", "loss": "huber", "huber_delta": 0.5,
              "preprocessing": bands}
    calibrated = {**classifier, "format_version": 4,
                  "calibration": {"temperature": 1.5, "conformal": {"images": 3, "scores": [0.125, 0.5, 0.75]}}}
    ensemble = {**classifier, "format_version": 5, "members": [{"name": "tiny", "weights_sha256": "0"}] * 2}
    focal = {**classifier, "format_version": 5, "task": "classification", "loss": "focal", "focal_gamma": 2.5}
    adjusted = {**focal, "loss": "logit_adjusted", "logit_adjustment": 0.5}
    labels = {**focal, "loss": "binary_cross_entropy", "label_thresholds": [0.25, 0.5]}
    for value in (backbone, classifier, calibrated, ensemble, focal, adjusted, labels, values, {**values, "format_version": 99}, {**backbone, "preprocessing": []}, [], None):
        seeds.add("metadata", json.dumps(value))
    seeds.add("metadata", json.dumps(backbone).replace("0.5", "1e999"))
    seeds.add("metadata", '{"format_version": 1, "kind": ' + "[" * 2000)


def add_known_images(seeds):
    for rows, dimension in ((1, 1), (3, 2), (12, 16)):
        header = b"TRKNOWN1" + struct.pack("<qqqd", rows, dimension, min(rows, 10), 0.5)
        seeds.add("known_images", header + struct.pack("<e", dimension**-0.5) * (rows * dimension))
    seeds.add("known_images", b"TRKNOWN1" + struct.pack("<qqqd", 2**62, 2**62, 1, 0.5))


def add_models(seeds):
    import torch
    from torch import nn
    from models.export.archive import backbone_metadata, preprocessing, write_backbone

    torch.manual_seed(1)
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "model.pt"
        for is_traced in (False, True):
            module = nn.Sequential(nn.Conv2d(3, 4, 3, 2), nn.BatchNorm2d(4), nn.ReLU(), nn.AdaptiveAvgPool2d(1),
                                   nn.Flatten(), nn.Dropout(), nn.Linear(4, 3)).eval()
            metadata = backbone_metadata(
                module, name="tiny", source="", source_version="", license="MIT",
                preprocessing=preprocessing(16, 18, [0.5] * 3, [0.2] * 3), stages=["0"])
            script = torch.jit.trace(module, torch.zeros(1, 3, 16, 16)) if is_traced else torch.jit.script(module)
            write_backbone(script, metadata, file)
            seeds.add("model", file.read_bytes())
            with zipfile.ZipFile(file) as archive:
                for name in archive.namelist():
                    if name.endswith(("data.pkl", "constants.pkl", "module.py.debug_pkl")):
                        seeds.add("pickle", archive.read(name))
            torch.jit.save(script, file)
            seeds.add("model", file.read_bytes())
        torch.save(module.state_dict(), file)
        seeds.add("model", file.read_bytes())


def add_stored(seeds, program):
    with tempfile.TemporaryDirectory() as folder:
        subprocess.run([program, folder, seeds.folder / "model" / "000"], check=True)
        seeds.add("model", (Path(folder) / "model.pt").read_bytes())
        for name in ("checkpoint.pt", "tensors.pt"):
            seeds.add("checkpoint", (Path(folder) / name).read_bytes())
        for rows in (Path(folder) / "features").glob("*.features"):
            keys, values = rows.with_suffix(".keys").read_bytes(), rows.read_bytes()
            seeds.add("features", two_files(keys, values))
            seeds.add("features", two_files(keys[: len(keys) // 2], values[: len(values) // 2]))


def write_dictionary(folder):
    """Words of YAML files, in libFuzzer's format."""
    words = {"&a ", "*a", "<<: ", "- ", "!!int ", ".inf", ".nan", "[", "]", "{", "}", "auto", "true"}
    for source in [*(ROOT / "configs").glob("*.cpp"), *(ROOT / "configs").glob("*.h")]:
        for word in re.findall(r'"([a-z][a-z0-9_.-]{1,30})"', source.read_text()):
            words.update((word, f"{word}: "))
    (folder / "yaml.dict").write_text("".join(f'"{word}"\n' for word in sorted(words)))


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("folder", type=Path)
    parser.add_argument("--stored", help="the built fuzz_stored_seeds")
    options = parser.parse_args()
    seeds = Seeds(options.folder)
    for add in (add_jpeg, add_png, add_bmp, add_tiff, add_webp, add_gif, add_foreign_images, add_exif, add_idx, add_csv, add_forms,
                add_yaml, add_metadata, add_known_images, add_models):
        add(seeds)
    if options.stored:
        add_stored(seeds, options.stored)
    write_dictionary(options.folder)
    print("seeds:", ", ".join(f"{target} {count}" for target, count in seeds.counts.items()))


if __name__ == "__main__":
    main()
