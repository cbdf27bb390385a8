"""Exports pretrained backbones: NAME.pt (TorchScript with metadata) and NAME.golden.pt into a folder.

Usage: python models/export/export.py NAME... [--out DIR] [--force]
"""

import argparse
import difflib
import sys
from pathlib import Path
from typing import List, Optional

ROOT = Path(__file__).resolve().parents[2]
if str(ROOT) not in sys.path:
    sys.path.insert(0, str(ROOT))

from models.export.archive import read_metadata, write_backbone, write_tensors  # noqa: E402
from models.export.golden import golden_tensors  # noqa: E402
from models.export.sources import SOURCES, Source, SourceError, source_names  # noqa: E402

GOLDEN_BATCH = 2


def export(source: Source, folder: Path, force: bool = False) -> bool:
    """Writes the archive and golden tensors of `source` into `folder`; False where both were there already.

    An archive counts as there when its metadata, and so its name, format version and weights hash, is what would be
    written. Raises SourceError where the source is not installed, OSError where the folder cannot be written.
    """
    backbone = source.build(source)
    archive = folder / f"{source.name}.pt"
    golden = folder / f"{source.name}.golden.pt"
    if not force and golden.exists() and read_metadata(archive) == backbone.metadata:
        return False
    height, width = backbone.metadata["preprocessing"]["input_size"]
    shape = (GOLDEN_BATCH, 3, height, width)
    tensors = golden_tensors(backbone.module, backbone.metadata["stages"], backbone.classifier, shape)
    write_tensors(tensors, golden)
    write_backbone(backbone.module, backbone.metadata, archive)
    return True


def unknown_name(name: str) -> str:
    """The message for a name that is not in the table."""
    nearest = difflib.get_close_matches(name, source_names(), n=1, cutoff=0.4)
    hint = f"did you mean {nearest[0]}? " if nearest else ""
    return f"export: unknown backbone '{name}': {hint}known: {', '.join(source_names())}"


def parse(arguments: Optional[List[str]]) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="export", description="Export pretrained backbones to TorchScript.")
    parser.add_argument("names", nargs="+", metavar="NAME", help=f"one or more of: {', '.join(source_names())}")
    parser.add_argument("--out", type=Path, default=ROOT / "models" / "pretrained", help="default: %(default)s")
    parser.add_argument("--force", action="store_true", help="write again what is already there")
    return parser.parse_args(arguments)


def main(arguments: Optional[List[str]] = None) -> int:
    """Runs the command. Status 0: all there; 1: one could not be built or written; 2: a wrong name or flag."""
    options = parse(arguments)
    unknown = [name for name in options.names if name not in SOURCES]
    for name in unknown:
        print(unknown_name(name), file=sys.stderr)
    if unknown:
        return 2
    for name in options.names:
        archive = options.out / f"{name}.pt"
        try:
            written = export(SOURCES[name], options.out, options.force)
        except (SourceError, OSError, ValueError) as error:
            print(f"export: {name}: {error}", file=sys.stderr)
            return 1
        if written:
            print(f"{name}: exported to {archive} ({archive.stat().st_size / 1e6:.1f} MB)")
        else:
            print(f"{name}: up to date at {archive}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
