"""Models as bundles: weights, description, card, entropy model."""

from __future__ import annotations

import functools
import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import yaml
from safetensors import SafetensorError
from safetensors.numpy import load_file, save_file

from audiocodec._util.extras import require
from audiocodec._util.files import replacing
from audiocodec._util.terminal import first_line
from audiocodec.errors import ConfigError, ModelError, OutputError
from audiocodec.model.info import ModelInfo
from audiocodec.tokens import EntropyModel, load_entropy, save_entropy
from audiocodec.tokens.entropy import store

if TYPE_CHECKING:
    from audiocodec.model.network import CodecModel

WEIGHTS = Path(__file__).parent / "weights"


@dataclass(frozen=True)
class Bundle:
    """A model as it is stored.

    Attributes:
        description: the YAML.
        tensors: the weights as they are stored, by name.
        entropy: what rows of one channel are coded with in token files; None: they are packed.
        joint_entropy: what rows of two channels are coded with.
    """

    description: dict[str, Any]
    tensors: Mapping[str, np.ndarray]
    entropy: EntropyModel | None = None
    joint_entropy: EntropyModel | None = None

    @functools.cached_property
    def info(self) -> ModelInfo:
        """The facts of the model.

        Raises:
            ModelError: see `ModelInfo.of`.
        """
        return ModelInfo.of(self.description, self.tensors, self.entropy, self.joint_entropy)

    @property
    def entropies(self) -> tuple[EntropyModel, ...]:
        """Those of the entropy models that there are."""
        return tuple(model for model in (self.entropy, self.joint_entropy) if model is not None)

    def build_model(self) -> CodecModel:
        """A new network with these weights, in eval mode.

        Raises:
            MissingExtraError: torch is not installed.
            ModelError: the weights do not fit the description.
        """
        torch = require("torch", "torch")
        from audiocodec.model.build import build_model

        try:
            model = build_model(self.description["model"])
            _check_fit(self.tensors, model.state_dict())
            model.load_state_dict({key: torch.from_numpy(array).float() for key, array in self.tensors.items()})
        except (RuntimeError, ConfigError, KeyError, TypeError, ValueError, MemoryError) as error:
            name = self.description["name"]
            raise ModelError(f"{name}: cannot be loaded ({first_line(error)})") from error
        return model.eval().requires_grad_(False)


def list_models() -> list[str]:
    """Names of the models in the package."""
    return sorted(path.stem for path in WEIGHTS.glob("*.yaml"))


def bundle_path(name: str) -> Path:
    """The description of a model, by name or by path: a YAML, or the `config.json` of a Hub folder.

    Raises:
        ModelError: there is none.
    """
    if name in list_models():
        return WEIGHTS / f"{name}.yaml"
    path = Path(name)
    if not name:
        raise ModelError("the name of the model is empty")
    if path.suffix == ".yaml" and path.is_file():
        return path
    if path.is_dir():
        found = [p for p in (path / "config.json", *sorted(path.glob("*.yaml"))) if _weights(p).is_file()]
        if len(found) == 1:
            return found[0]
        raise ModelError(
            f"{path}: holds {len(found)} models, name the .yaml of one" if found else f"{path}: holds no model"
        )
    raise ModelError(f"no model {name!r}; known: {', '.join(list_models())}, or the path of a model's folder or .yaml")


def _weights(description: Path) -> Path:
    """The weights that belong to a description."""
    if description.name == "config.json":
        return description.with_name("model.safetensors")
    return description.with_suffix(".safetensors")


def entropy_path(description: Path, joint: bool = False) -> Path:
    """Where an entropy model that belongs to a description is, if it has one: beside it, or in `tokens/entropy/`."""
    weights = _weights(description)
    folder = store.SHIPPED if weights.parent.resolve() == WEIGHTS.resolve() else weights.parent
    return folder / (weights.name.removesuffix(".safetensors") + (".joint" if joint else "") + store.SUFFIX)


def bundle_files(name: str) -> list[Path]:
    """All files of a model: description, weights, and the entropy models it has.

    Raises:
        ModelError: there is none.
    """
    path = bundle_path(name)
    optional = [entropy_path(path), entropy_path(path, joint=True)]
    return [path, _weights(path), *(file for file in optional if file.is_file())]


def describe(name: str) -> dict[str, Any]:
    """The description of a model, without its weights.

    Raises:
        ModelError: unknown, or not a description.
    """
    path = bundle_path(name)
    try:
        text = path.read_text(encoding="utf-8")
        description = json.loads(text) if path.suffix == ".json" else yaml.safe_load(text)
        if not {"name", "version", "model"} <= set(description):
            raise ModelError(f"{path}: needs name, version and model")
    except (OSError, TypeError, ValueError, RecursionError, yaml.YAMLError) as error:
        raise ModelError(f"{path}: is not a valid model description ({first_line(error)})") from error
    return dict(description)


def load_bundle(name: str) -> Bundle:
    """Load a model by name, or by the path of its folder or YAML; the weights lie beside it.

    Raises:
        ModelError: unknown or damaged.
    """
    path, description = bundle_path(name), describe(name)
    weights = _weights(path)
    try:
        tensors = load_file(weights)
    except (OSError, SafetensorError, KeyError, TypeError, ValueError, AttributeError) as error:  # bfloat16: TypeError
        raise ModelError(f"{weights}: cannot be loaded ({first_line(error)})") from error
    _check_weights(tensors, weights)
    entropies = (entropy_path(path, joint) for joint in (False, True))
    return Bundle(description, tensors, *(load_entropy(found) if found.exists() else None for found in entropies))


def _check_weights(tensors: Mapping[str, np.ndarray], name: Path) -> None:
    """Refuse what no training leaves.

    Raises:
        ModelError: a tensor holds NaN or infinity, or is of no float type that is known here.
    """
    for key, array in tensors.items():
        if array.dtype.kind not in "fiub":
            raise ModelError(f"{name}: {key} is of type {array.dtype}; store float16 or float32")
        if array.dtype.kind == "f" and not np.isfinite(array).all():
            raise ModelError(f"{name}: {key} holds NaN or infinity, the file is damaged or its training went wrong")


def _check_fit(tensors: Mapping[str, np.ndarray], needed: Mapping[str, Any]) -> None:
    """Refuse weights of another network, say of what another release called by the same name.

    Raises:
        ConfigError: names or shapes differ.
    """
    shapes, wanted = ({key: tuple(value.shape) for key, value in part.items()} for part in (tensors, needed))
    unlike = sorted(key for key in shapes | wanted if shapes.get(key) != wanted.get(key))
    if unlike:
        others = f" and {len(unlike) - 1} more" if len(unlike) > 1 else ""
        raise ConfigError(
            f"its weights are not those of its description: {unlike[0]}{others} differ in name or shape; "
            "load it with the release that packaged it, or train it again"
        )


def save_bundle(
    folder: Path, name: str, version: str, model_spec: dict[str, Any], model: CodecModel, overwrite: bool = False
) -> Path:
    """Write `<name>.safetensors` (float16) and `<name>.yaml`; returns the YAML's path.

    Raises:
        ModelError: a weight does not fit float16.
        OutputError: the files exist, or cannot be written.
    """
    description = {"name": name, "version": version, "model": model_spec}
    path = folder / f"{name}.yaml"
    with replacing(path, overwrite) as temporary:
        halves = {key: value.detach().cpu().half().numpy() for key, value in model.state_dict().items()}
        write_weights(folder / f"{name}.safetensors", halves, overwrite)
        temporary.write_text(yaml.safe_dump(description, sort_keys=False))
    return path


def entropy_targets(description: Path, bundle: Bundle) -> list[tuple[Path, EntropyModel]]:
    """Where the entropy models of a bundle go beside a description."""
    models = (False, bundle.entropy), (True, bundle.joint_entropy)
    return [(entropy_path(description, joint), model) for joint, model in models if model is not None]


def write_entropy(description: Path, bundle: Bundle, overwrite: bool = False) -> None:
    """Put the entropy models of a bundle beside a description.

    Raises:
        OutputError: a file exists, or cannot be written.
    """
    for path, entropy in entropy_targets(description, bundle):
        with replacing(path, overwrite) as temporary:
            save_entropy(temporary, entropy)


def write_weights(path: Path, tensors: Mapping[str, np.ndarray], overwrite: bool) -> None:
    """Write tensors as safetensors.

    Raises:
        ModelError: a value is infinite or NaN, which it is if it does not fit float16.
        OutputError: the file exists, or cannot be written.
    """
    if not all(np.isfinite(array).all() for array in tensors.values()):
        raise ModelError("a weight is too large for float16")
    with replacing(path, overwrite) as temporary:
        try:
            save_file({key: np.asarray(array, order="C") for key, array in tensors.items()}, temporary)
        except SafetensorError as error:
            raise OutputError(f"{path}: cannot be written ({error})") from error
