"""What can be exported, with what the libraries say of the weights that they would download."""

import fnmatch
from typing import Any, Callable, Dict, Iterator, List

from models.export.archive import SourceError
from models.export.libraries import (
    LIBRARIES, import_timm, import_torchvision_models, timm_license, torchvision_license, torchvision_preprocessing,
)

MEBIBYTE = 1 << 20


def fits(name: str, pattern: str) -> bool:
    """Whether a name such as torchvision:resnet50 fits: in full, as its file is called, or by its architecture alone.

    A pattern without wildcards fits every name that holds it.
    """
    if not any(letter in pattern for letter in "*?["):
        pattern = f"*{pattern}*"
    forms = (name, name.replace(":", "-"), name.partition(":")[2])
    return any(fnmatch.fnmatchcase(form, pattern) for form in forms)


def may_fit(library: str, pattern: str) -> bool:
    """Whether a name of this library may fit, so that it needs to be imported."""
    if ":" in pattern:
        return fnmatch.fnmatchcase(library, pattern.partition(":")[0])
    return not any(pattern.startswith(other) for other in LIBRARIES if other != library)


def architectures(pattern: str, complain: Callable[[str], None]) -> Iterator[Dict[str, Any]]:
    """What fits, sorted by library and name; `complain` is told of a library that cannot be imported."""
    for library, entries in (("torchvision", _torchvision), ("timm", _timm)):
        if not may_fit(library, pattern):
            continue
        try:
            yield from entries(pattern)
        except SourceError as error:
            complain(str(error))


def _torchvision(pattern: str) -> Iterator[Dict[str, Any]]:
    models = import_torchvision_models()
    for architecture in models.list_models(module=models):
        name = f"torchvision:{architecture}"
        if not fits(name, pattern):
            continue
        weights = models.get_model_weights(architecture).DEFAULT
        facts = weights.meta
        yield {
            "name": name,
            "bytes": int(facts["_file_size"] * MEBIBYTE) if "_file_size" in facts else None,
            "parameters": facts.get("num_params"),
            "multiply_adds": int(facts["_ops"] * 1e9) if "_ops" in facts else None,
            "input_size": torchvision_preprocessing(weights)["input_size"],
            "classes": len(facts["categories"]) if "categories" in facts else None,
            "license": torchvision_license(weights),
        }


def _timm(pattern: str) -> Iterator[Dict[str, Any]]:
    timm = import_timm()
    with_tags = "." in pattern  # resnet50.a1_in1k: one of several weights of an architecture
    names: List[str] = timm.list_models(pretrained=with_tags)
    for architecture in names:
        name = f"timm:{architecture}"
        if not fits(name, pattern) or not timm.models.is_model_pretrained(architecture):
            continue
        facts = timm.models.get_pretrained_cfg(architecture)
        yield {
            "name": name,
            "bytes": None,
            "parameters": None,
            "multiply_adds": None,
            "input_size": list(facts.input_size[1:]) if facts is not None else None,
            "classes": facts.num_classes if facts is not None else None,
            "license": timm_license(facts.license) if facts is not None else "",
        }
