"""Exports pretrained backbones: writes NAME.pt (TorchScript with metadata) and NAME.golden.pt to a folder.

Usage: python models/export/export.py NAME... [--weights FILE | --random] [--trace] [--out DIR] [--force]
       python models/export/export.py NAME [--weights FILE | --random] [--trace] [--rename NAME] --archive FILE
       python models/export/export.py --list PATTERN
NAME is efficientnet-liteN, torchvision:ARCHITECTURE or timm:ARCHITECTURE; files are named torchvision-ARCHITECTURE.pt.
`transfer backbones` uses the last two.
"""

import argparse
import difflib
import json
import sys
from pathlib import Path
from typing import List, Optional, Tuple

import torch

ROOT = Path(__file__).resolve().parents[2]
if str(ROOT) not in sys.path:
    sys.path.insert(0, str(ROOT))

from models.export.archive import (  # noqa: E402
    Backbone, SourceError, archive_bytes, compile_module, read_metadata, trace_module, write_backbone, write_tensors,
)
from models.export.complexity import complexity  # noqa: E402
from models.export.golden import golden_tensors  # noqa: E402
from models.export.libraries import LIBRARIES, Options, build_from_library  # noqa: E402
from models.export.listing import architectures  # noqa: E402
from models.export.sources import SOURCES, source_names  # noqa: E402

GOLDEN_BATCH = 2


def build(name: str, options: Options, rename: Optional[str] = None) -> Backbone:
    """The backbone of a known name, as which `rename` is written down where it is given. Raises as its source does."""
    backbone = SOURCES[name].build(SOURCES[name]) if name in SOURCES else build_from_library(name, options)
    if rename is not None:
        backbone.metadata["name"] = rename
    backbone.metadata["complexity"] = complexity(backbone.module, image_shape(backbone))
    return backbone


def image_shape(backbone: Backbone) -> Tuple[int, int, int]:
    height, width = backbone.metadata["preprocessing"]["input_size"]
    return 3, height, width


def compiled(backbone: Backbone, images: torch.Tensor, trace: bool) -> Tuple[torch.jit.ScriptModule, str]:
    """The module in TorchScript, and whether it is "scripted" or "traced" on `images` [N, C, H, W].

    A module that does not compile is traced.
    """
    try:
        if trace:
            raise RuntimeError("asked to trace")
        return compile_module(backbone.module), "scripted"
    except Exception:  # noqa: BLE001  # the compiler raises many kinds; tracing handles what it refuses
        return trace_module(backbone.module, images), "traced"


def export(backbone: Backbone, folder: Path, force: bool = False, trace: bool = False) -> str:
    """Writes archive and golden tensors to `folder`. Returns "scripted" or "traced", or "" if both are up to date.

    An archive is up to date if its metadata, with name, format version and weights hash, is what would be written.
    Raises OSError if the folder cannot be written.
    """
    archive = folder / f"{backbone.metadata['name']}.pt"
    golden = folder / f"{backbone.metadata['name']}.golden.pt"
    if not force and golden.exists() and read_metadata(archive) == backbone.metadata:
        return ""
    shape = (GOLDEN_BATCH, *image_shape(backbone))
    tensors = golden_tensors(backbone.module, backbone.metadata["stages"], backbone.classifier, shape)
    module, how = compiled(backbone, tensors["input"], trace)
    write_tensors(tensors, golden)
    write_backbone(module, backbone.metadata, archive)
    return how


def export_alone(name: str, options: argparse.Namespace) -> None:
    """Writes the archive of one backbone in place, to a file that the caller moves to its name. Raises as export()."""
    backbone = build(name, Options(options.weights, options.random), options.rename)
    module, how = compiled(backbone, torch.randn(GOLDEN_BATCH, *image_shape(backbone)), options.trace)
    options.archive.write_bytes(archive_bytes(module, backbone.metadata))
    print(f"{name}: {how}")


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
    parser.add_argument("names", nargs="*", metavar="NAME", help=f"one or more of: {known}")
    weights = parser.add_mutually_exclusive_group()
    weights.add_argument("--weights", type=Path, metavar="FILE", help="a state dict for one torchvision: or timm: name")
    weights.add_argument("--random", action="store_true", help="random weights, for tests; no network needed")
    parser.add_argument("--trace", action="store_true", help="trace; default: compile, and trace if that fails")
    parser.add_argument("--out", type=Path, default=ROOT / "models" / "pretrained", help="default: %(default)s")
    parser.add_argument("--archive", type=Path, metavar="FILE", help="write one archive to FILE, and nothing else")
    parser.add_argument("--rename", metavar="NAME", help="another name for the one that is exported")
    parser.add_argument("--list", metavar="PATTERN", help="print what can be exported as JSON, one name a line")
    parser.add_argument("--force", action="store_true", help="export again even if the files are up to date")
    return parser.parse_args(arguments)


def mistakes_in(options: argparse.Namespace) -> List[str]:
    """What is wrong with the arguments, as messages."""
    unknown = [unknown_name(name) for name in options.names if not is_known(name)]
    if unknown:
        return unknown
    if not options.names:
        return ["export: no name was given (see --help)"]
    is_one = len(options.names) == 1
    if (options.weights or options.random) and (not is_one or options.names[0] in SOURCES):
        return ["export: --weights and --random need exactly one torchvision: or timm: name"]
    if (options.archive is not None or options.rename is not None) and not is_one:
        return ["export: --archive and --rename need exactly one name"]
    return []


def main(arguments: Optional[List[str]] = None) -> int:
    """Runs the command. Returns 0 on success, 1 if a backbone cannot be built or written, 2 for wrong arguments."""
    options = parse(arguments)
    if options.list is not None:
        for entry in architectures(options.list, lambda text: print(text, file=sys.stderr)):
            print(json.dumps(entry))
        return 0
    mistakes = mistakes_in(options)
    if mistakes:
        print("\n".join(mistakes), file=sys.stderr)
        return 2
    for name in options.names:
        try:
            if options.archive is not None:
                export_alone(name, options)
                continue
            backbone = build(name, Options(options.weights, options.random), options.rename)
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
    try:
        sys.exit(main())
    except KeyboardInterrupt:
        sys.exit("export: interrupted")
