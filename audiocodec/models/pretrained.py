"""Models as bundles of three files: weights, description, card."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
import yaml
from safetensors import SafetensorError
from safetensors.torch import load_file, save_file

from audiocodec.errors import ConfigError, ModelError
from audiocodec.models.build import build_model
from audiocodec.models.codec import CodecModel

WEIGHTS = Path(__file__).parent / "weights"


@dataclass(frozen=True)
class Bundle:
    """A model with its identity.

    Attributes:
        name: as it stands in token files.
        version: of the weights.
        model: in eval mode.
        model_hash: 16 bytes over the weights of encoder and quantizer: what tokens depend on. A
            better decoder leaves it as it is.
        description: the YAML.
    """

    name: str
    version: str
    model: CodecModel
    model_hash: bytes
    description: dict[str, Any]


def list_models() -> list[str]:
    """Names of the models in the package."""
    return sorted(path.stem for path in WEIGHTS.glob("*.yaml"))


def bundle_path(name: str) -> Path:
    """The YAML of a model, by name or by path.

    Raises:
        ModelError: there is none.
    """
    if name in list_models():
        return WEIGHTS / f"{name}.yaml"
    path = Path(name)
    if path.suffix == ".yaml" and path.is_file():
        return path
    raise ModelError(f"no model {name!r}; known: {', '.join(list_models())}, or the path of a bundle's .yaml")


def describe(name: str) -> dict[str, Any]:
    """The description of a model, without its weights.

    Raises:
        ModelError: unknown, or not a description.
    """
    path = bundle_path(name)
    try:
        description = yaml.safe_load(path.read_text(encoding="utf-8"))
        if not {"name", "version", "model"} <= set(description):
            raise ModelError(f"{path}: needs name, version and model")
    except (OSError, TypeError, UnicodeDecodeError, yaml.YAMLError) as error:
        raise ModelError(f"{path}: is no model description ({str(error).splitlines()[0]})") from error
    return dict(description)


def load_bundle(name: str) -> Bundle:
    """Load a model by name or by the path of its YAML; the weights lie beside it.

    Raises:
        ModelError: unknown or damaged.
    """
    path, description = bundle_path(name), describe(name)
    weights = path.with_suffix(".safetensors")
    try:
        tensors = load_file(weights)
        model = build_model(description["model"])
        model.load_state_dict({key: value.float() for key, value in tensors.items()})
    except (OSError, SafetensorError, RuntimeError, ConfigError) as error:
        raise ModelError(f"{weights}: cannot be loaded ({str(error).splitlines()[0]})") from error
    model.eval().requires_grad_(False)
    return Bundle(description["name"], str(description["version"]), model, hash_tensors(tensors), description)


def hash_tensors(tensors: dict[str, torch.Tensor]) -> bytes:
    """16 bytes of SHA-256 over name, type, shape and bytes of encoder and quantizer."""
    digest = hashlib.sha256()
    for name in sorted(tensors):
        if name.startswith(("encoder.", "quantizer.")):
            tensor = tensors[name].contiguous()
            digest.update(f"{name}:{tensor.dtype}:{tuple(tensor.shape)};".encode())
            digest.update(tensor.numpy().tobytes())
    return digest.digest()[:16]


def save_bundle(folder: Path, name: str, version: str, model_spec: dict[str, Any], model: CodecModel) -> Path:
    """Write `<name>.safetensors` (float16) and `<name>.yaml`; returns the YAML's path.

    Raises:
        ModelError: a weight does not fit float16.
    """
    tensors = {key: value.detach().half().contiguous() for key, value in model.state_dict().items()}
    if not all(torch.isfinite(t).all() for t in tensors.values()):
        raise ModelError("a weight is too large for float16")
    folder.mkdir(parents=True, exist_ok=True)
    save_file(tensors, folder / f"{name}.safetensors")
    path = folder / f"{name}.yaml"
    path.write_text(yaml.safe_dump({"name": name, "version": version, "model": model_spec}, sort_keys=False))
    return path
