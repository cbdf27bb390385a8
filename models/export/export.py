"""Exports pretrained backbones: writes NAME.pt (TorchScript with metadata) and NAME.golden.pt to a folder.

Usage: python models/export/export.py NAME... [--weights FILE | --random] [--trace] [--out DIR] [--force]
NAME is efficientnet-liteN, torchvision:ARCHITECTURE or timm:ARCHITECTURE; files are named torchvision-ARCHITECTURE.pt.
"""

import argparse
import difflib
import sys
from pathlib import Path
from typing import List, Optional

ROOT = Path(__file__).resolve().parents[2]
if str(ROOT) not in sys.path:
    sys.path.insert(0, str(ROOT))

from models.export.archive import (  # noqa: E402
    Backbone, SourceError, compile_module, read_metadata, trace_module, write_backbone, write_tensors,
)
from models.export.golden import golden_tensors  # noqa: E402
from models.export.libraries import LIBRARIES, Options, build_from_library  # noqa: E402
from models.export.sources import SOURCES, source_names  # noqa: E402

GOLDEN_BATCH = 2


def build(name: str, options: Options) -> Backbone:
    """The backbone of a known name. Raises as its source does."""
    if name in SOURCES:
        return SOURCES[name].build(SOURCES[name])
    return build_from_library(name, options)


def export(backbone: Backbone, folder: Path, force: bool = False, trace: bool = False) -> str:
    """Writes archive and golden tensors to `folder`. Returns "scripted" or "traced", or "" if both are up to date.

    An archive is up to date if its metadata, with name, format version and weights hash, is what would be written. A
    module that does not compile is traced. Raises OSError if the folder cannot be written.
    """
    archive = folder / f"{backbone.metadata['name']}.pt"
    golden = folder / f"{backbone.metadata['name']}.golden.pt"
    if not force and golden.exists() and read_metadata(archive) == backbone.metadata:
        return ""
    height, width = backbone.metadata["preprocessing"]["input_size"]
    shape = (GOLDEN_BATCH, 3, height, width)
    tensors = golden_tensors(backbone.module, backbone.metadata["stages"], backbone.classifier, shape)
    how = "scripted"
    try:
        if trace:
            raise RuntimeError("asked to trace")
        module = compile_module(backbone.module)
    except Exception:  # noqa: BLE001  # the compiler raises many kinds; tracing handles what it refuses
        module, how = trace_module(backbone.module, tensors["input"]), "traced"
    write_tensors(tensors, golden)
    write_backbone(module, backbone.metadata, archive)
    return how


def is_known(name: str) -> bool:
    return name in SOURCES or name.partition(":")[0] in LIBRARIES


def unknown_name(name: str) -> str:
    """The message for an unknown name."""
    nearest = difflib.get_close_matches(name, source_names(), n=1, cutoff=0.4)
    hint = f"did you mean {nearest[0]}? " if nearest else ""
    known = ", ".join([*source_names(), "torchvision:NAME", "timm:NAME"])
    return f"export: unknown backbone '{name}': {hint}known: {known}"


def parse(arguments: Optional[List[str]]) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="export", description="Export pretrained backbones to TorchScript.")
    known = ", ".join([*source_names(), "torchvision:ARCHITECTURE", "timm:ARCHITECTURE"])
    parser.add_argument("names", nargs="+", metavar="NAME", help=f"one or more of: {known}")
    weights = parser.add_mutually_exclusive_group()
    weights.add_argument("--weights", type=Path, metavar="FILE", help="a state dict for one torchvision: or timm: name")
    weights.add_argument("--random", action="store_true", help="random weights, for tests; no network needed")
    parser.add_argument("--trace", action="store_true", help="trace; default: compile, and trace if that fails")
    parser.add_argument("--out", type=Path, default=ROOT / "models" / "pretrained", help="default: %(default)s")
    parser.add_argument("--force", action="store_true", help="export again even if the files are up to date")
    return parser.parse_args(arguments)


def main(arguments: Optional[List[str]] = None) -> int:
    """Runs the command. Returns 0 on success, 1 if a backbone cannot be built or written, 2 for wrong arguments."""
    options = parse(arguments)
    unknown = [name for name in options.names if not is_known(name)]
    for name in unknown:
        print(unknown_name(name), file=sys.stderr)
    if unknown:
        return 2
    if (options.weights or options.random) and (len(options.names) != 1 or options.names[0] in SOURCES):
        print("export: --weights and --random need exactly one torchvision: or timm: name", file=sys.stderr)
        return 2
    for name in options.names:
        try:
            backbone = build(name, Options(options.weights, options.random))
            written = export(backbone, options.out, options.force, options.trace)
        except (SourceError, OSError, ValueError) as error:
            print(f"export: {name}: {error}", file=sys.stderr)
            return 1
        archive = options.out / f"{backbone.metadata['name']}.pt"
        if written:
            print(f"{name}: {written}, exported to {archive} ({archive.stat().st_size / 1e6:.1f} MB)")
        else:
            print(f"{name}: up to date at {archive}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
