"""Features of frozen layers: CPU against GPU, alone against in a batch, and first stages that run apart."""

import hashlib
import shutil

import torch

from bench import FINE_TUNE, Bench, read_images, require, require_same_run

CLOSE = 1e-4  # of the largest feature, or of 1 where that is smaller


def stored(bench: Bench, out: str, network: str, data="images", device=None) -> dict:
    """What the program's feature store holds after a run: SHA-256 of an image's file to its features [D] float32."""
    folder = bench.folder / f"store-{out}"
    if not folder.exists():
        bench.train(out, "--strategy", "freeze-conv", "--set", "cache.share=true", "--set", f"cache.dir={folder.name}",
                    network=network, data=data, device=device)
    rows = {}
    for keys in folder.glob("*/*.keys"):
        names = keys.read_text().splitlines()
        # Rows, a CRC-32 each, and one of the keys: app/features/feature_segment.h.
        content = torch.frombuffer(bytearray(keys.with_suffix(".features").read_bytes()), dtype=torch.float32)
        names = [name for name in names if len(name) == 64]
        features = content[:-(len(names) + 1)].view(len(names), -1)
        rows.update(zip(names, features, strict=True))
    require(rows, f"{folder.name} holds no features")
    return rows


def widest(one: dict, other: dict) -> tuple:
    """(largest difference, how many rows are equal bit for bit, largest feature) of the rows that both have."""
    common = sorted(one.keys() & other.keys())
    require(common, "no image is in both")
    first, second = (torch.stack([rows[key] for key in common]) for rows in (one, other))
    equal = (first == second).all(1).sum().item()
    return (first - second).abs().max().item(), equal, first.abs().max().item()


def require_close(what: str, one: dict, other: dict) -> str:
    gap, equal, largest = widest(one, other)
    require(gap <= CLOSE * max(1.0, largest), f"{what}: features differ by {gap:.3g}, the largest is {largest:.3g}")
    return f"{what} {gap:.2g} ({equal} of {len(one.keys() & other.keys())} rows equal bit for bit)"


def by_python(bench: Bench, network: str) -> dict:
    """The features that Python's PyTorch computes on the CPU, by the SHA-256 of the image's file."""
    files = sorted((bench.folder / "images").glob("*/*/*.png"))
    model = torch.jit.load(str(bench.folder / "scripted.pt"))  # the traced one has the same weights
    with torch.inference_mode():
        features = model.features(read_images(files, bench.size)).mean([2, 3])
    keys = [hashlib.sha256(file.read_bytes()).hexdigest() for file in files]
    return dict(zip(keys, features, strict=True))


def compare(bench: Bench, network: str) -> str:
    name = network.removesuffix(".pt")
    here = stored(bench, f"features-{name}", network)
    python = by_python(bench, network)
    require(here.keys() == python.keys(), f"features of {len(here)} images, expected {len(python)}")
    said = [require_close("largest difference from Python's on the CPU", here, python)]
    if bench.on_gpu:
        there = stored(bench, f"features-{name}-cpu", network, device="cpu")
        require(here.keys() == there.keys(), f"features of {len(here)} images, on the CPU of {len(there)}")
        said.append(require_close("from the program's on the CPU", here, there))
    return ", ".join(said)


def features_scripted(bench: Bench) -> str:
    return compare(bench, "scripted.pt")


def features_traced(bench: Bench) -> str:
    return compare(bench, "traced.pt")


def independent_of_the_batch(bench: Bench) -> str:
    """Few images, in another order and so in other batches, have the features that they have among all."""
    for name in ("red", "blue"):  # without green, each image has other neighbours
        for split, count in (("train", 3), ("val", 1)):
            folder = bench.folder / "few" / split / name
            folder.mkdir(parents=True)
            for i in range(count):
                shutil.copy(bench.folder / "images" / split / name / f"{i + 1}.png", folder)
    few = stored(bench, "features-few", "scripted.pt", data="few")
    require(len(few) == 8, f"features of {len(few)} images, expected 8")
    return require_close("largest difference", few, stored(bench, "features-scripted", "scripted.pt"))


def split_training(bench: Bench) -> str:
    """A frozen first part: its output stored, computed anew in every step, and stored once more."""
    said = []
    flags = (*FINE_TUNE, "--set", "train.freeze_stages=2", "--augment", "none", "--set", "cache.precision=float32",
             "--set", "train.epochs=3")
    stores = ("true", "false") if bench.quick else ("true", "false", "true")
    for network in ("scripted",) if bench.quick else ("scripted", "traced"):
        runs = [f"split-{network}-{number}" for number in range(len(stores))]
        for out, cache in zip(runs, stores, strict=True):
            bench.train(out, *flags, "--set", f"cache.activations={cache}", network=f"{network}.pt")
            summary = bench.summary(out)
            require("frozen_up_to" in summary, f"{out}: trained unsplit")
            require(("activations" in summary) == (cache == "true"),
                    f"{out}: cache.activations={cache}, but summary.json says {summary.get('activations')}")
        for out in runs[1:]:
            require_same_run(bench, runs[0], out)
        said.append(f"{network} up to {bench.summary(runs[0])['frozen_up_to']}")
    return f"{', '.join(said)}: stored and computed anew are equal bit for bit"
