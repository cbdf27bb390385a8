"""Architectures of torchvision and timm with their own weights, weights from a file, or random weights."""

import difflib
import importlib
import importlib.metadata
import shlex
import sys
from dataclasses import dataclass
from pathlib import Path
from types import ModuleType
from typing import Any, Dict, List, Optional, Tuple

import torch
from torch import nn

from models.export.archive import Backbone, SourceError, backbone_metadata, preprocessing
from models.export.torchvision_beside_cpu_torch import import_torchvision
from models.export.weights_file import count_classes, load_strictly, read_state_dict

SEED = 11
IMAGENET = {"mean": [0.485, 0.456, 0.406], "std": [0.229, 0.224, 0.225]}
LIBRARIES = ("torchvision", "timm")
OWN_INPUT_SIZE = {"inception_v3": (299, 342)}  # crop and resize, where torchvision did not train with 224 and 256


@dataclass(frozen=True)
class Options:
    """Where the weights come from: a file, random numbers, or (neither) the library."""

    weights: Optional[Path] = None
    random: bool = False


def build_from_library(name: str, options: Options) -> Backbone:
    """The backbone named `torchvision:ARCHITECTURE` or `timm:ARCHITECTURE`, in eval mode.

    Raises SourceError if the library or the architecture is missing or the weights cannot be downloaded, ValueError if
    a weights file does not fit.
    """
    library, architecture = name.split(":", 1)
    build = {"torchvision": _build_torchvision, "timm": _build_timm}[library]
    module, details = build(architecture, options)
    module.eval()
    if options.weights is not None:
        details["source"] = f"file:{options.weights.name} ({name})"
    elif options.random:
        details["source"] = f"random weights ({name})"
    metadata = backbone_metadata(module, name=name.replace(":", "-"), stages=(), **details)
    return Backbone(module, metadata, last_layer(module, metadata["preprocessing"]["input_size"]))


def last_layer(module: nn.Module, size: List[int]) -> str:
    """Path of the linear layer or 1x1 convolution that runs last in eval mode."""
    ran: List[str] = []
    handles = []
    for path, layer in module.named_modules():
        if isinstance(layer, nn.Linear) or (isinstance(layer, nn.Conv2d) and layer.kernel_size == (1, 1)):
            handles.append(layer.register_forward_hook(lambda _m, _i, _o, path=path: ran.append(path)))
    with torch.no_grad():
        module(torch.zeros(1, 3, *size))
    for handle in handles:
        handle.remove()
    if not ran:
        raise ValueError("the architecture has no linear layer or 1x1 convolution at its end")
    return ran[-1]


def import_torchvision_models() -> ModuleType:
    """torchvision.models. Raises SourceError, which says how to install it."""
    try:
        return import_torchvision().models
    except ImportError as error:
        raise SourceError(f"torchvision is not installed ({error}); run: "
                          f"{pip_install([torchvision_requirement()], ['numpy', 'pillow'])}") from error


def import_timm() -> ModuleType:
    """The package timm, which needs torchvision. Raises SourceError, which says how to install it."""
    try:
        import_torchvision()
        return importlib.import_module("timm")
    except ImportError as error:
        needed = ["numpy", "pillow", "huggingface_hub", "safetensors", "pyyaml"]
        raise SourceError(f"timm is not installed ({error}); run: "
                          f"{pip_install(['timm', torchvision_requirement()], needed)}") from error


def pip_install(packages: List[str], needed: List[str]) -> str:
    """The command that installs packages beside the torch that runs this, which it leaves as it is, and what they need
    besides."""
    pip = [sys.executable, "-m", "pip", "install"]
    return f"{shlex.join([*pip, *needed])} && {shlex.join([*pip, '--no-deps', *packages])}"


def torchvision_requirement() -> str:
    """The torchvision that was made for this torch: 0.28 for torch 2.13."""
    minor = int(torch.__version__.split(".")[1])
    return f"torchvision==0.{minor + 15}.*"


def _build_torchvision(architecture: str, options: Options) -> Tuple[nn.Module, Dict[str, Any]]:
    models = import_torchvision_models()
    version = importlib.metadata.version("torchvision")
    known = models.list_models(module=models)
    if architecture not in known:
        raise SourceError(_unknown("torchvision", architecture, known))
    weights = _torchvision_weights(models, architecture, options)
    arguments: Dict[str, Any] = {}
    if architecture in ("googlenet", "inception_v3"):  # their pretrained networks include the input normalisation
        arguments = {"init_weights": False, "transform_input": weights is not None}
    if options.weights is None and not options.random:
        arguments.pop("init_weights", None)
        try:
            module = models.get_model(architecture, weights=weights)
        except OSError as error:
            raise SourceError(f"the weights could not be downloaded ({error}); download {weights.url} elsewhere and "
                              "pass it with --weights FILE, or use --random") from error
    else:
        state = read_state_dict(options.weights) if options.weights else {}
        torch.manual_seed(SEED)
        module = models.get_model(architecture, weights=None, num_classes=count_classes(state) if state else 1000,
                                  **arguments)
        if state:
            load_strictly(module, state, options.weights, f"torchvision:{architecture}")
    size, resize = OWN_INPUT_SIZE.get(architecture, (224, 256))
    record = preprocessing(size, resize, **IMAGENET, interpolation="bilinear")
    if weights is not None:
        record = torchvision_preprocessing(weights)
    return module, {
        "source": f"torchvision:{architecture} {weights.name if weights is not None else ''}".strip(),
        "source_version": version,
        "license": torchvision_license(weights) if weights is not None else "",
        "preprocessing": record,
        "pretraining_classes": weights.meta.get("categories", []) if weights is not None else [],
    }


def _torchvision_weights(models: Any, architecture: str, options: Options) -> Any:
    """The library's weights to load: the default, or those of which the given file is a download; otherwise None."""
    enum = models.get_model_weights(architecture)
    if options.random:
        return None
    if options.weights is None:
        return enum.DEFAULT
    return next((entry for entry in enum if entry.url.rsplit("/", 1)[-1] == options.weights.name), None)


def torchvision_preprocessing(weights: Any) -> Dict[str, Any]:
    """The preprocessing record of an entry of torchvision's enums of weights."""
    preset = weights.transforms()
    return preprocessing(preset.crop_size[0], preset.resize_size[0], preset.mean, preset.std,
                         interpolation=preset.interpolation.value)


def torchvision_license(weights: Any) -> str:
    """SPDX identifier of an entry's licence: torchvision's own, unless the entry says otherwise."""
    said = weights.meta.get("license", "")
    if "facebookresearch/SWAG" in said:
        return "CC-BY-NC-4.0"
    return said or "BSD-3-Clause"


def timm_license(said: Optional[str]) -> str:
    """SPDX identifier of what timm calls a licence, in small letters; "" for None."""
    known = {name.lower(): name for name in ("Apache-2.0", "MIT", "BSD-3-Clause", "CC-BY-NC-4.0", "CC-BY-4.0")}
    return known.get(said or "", said or "")


def _build_timm(architecture: str, options: Options) -> Tuple[nn.Module, Dict[str, Any]]:
    timm = import_timm()
    if not timm.is_model(architecture):
        raise SourceError(_unknown("timm", architecture, timm.list_models()))
    state = read_state_dict(options.weights) if options.weights else {}
    own = not state and not options.random
    arguments = {"num_classes": count_classes(state)} if state else {}
    torch.manual_seed(SEED)
    try:
        module = timm.create_model(architecture, pretrained=own, scriptable=True, **arguments)
    except Exception as error:  # noqa: BLE001  # the hub raises many kinds when it cannot be reached
        raise SourceError(f"the weights could not be downloaded ({str(error).splitlines()[0]}); pass a local file with "
                          "--weights FILE, or use --random") from error
    if state:
        load_strictly(module, state, options.weights, f"timm:{architecture}")
    data = timm.data.resolve_model_data_config(module)
    size = data["input_size"][1]
    interpolation = data["interpolation"] if data["interpolation"] in ("bilinear", "bicubic") else "bilinear"
    return module, {
        "source": f"timm:{module.pretrained_cfg.get('architecture', architecture)}",
        "source_version": timm.__version__,
        "license": timm_license(module.pretrained_cfg.get("license")) if own else "",
        "preprocessing": preprocessing(size, max(size, int(size / data["crop_pct"])), data["mean"], data["std"],
                                       interpolation=interpolation),
        "pretraining_classes": [],
    }


def _unknown(library: str, architecture: str, known: List[str]) -> str:
    nearest = difflib.get_close_matches(architecture, known, n=3, cutoff=0.4)
    hint = f"; near it: {', '.join(nearest)}" if nearest else ""
    return f"{library} has no architecture '{architecture}'{hint}"
