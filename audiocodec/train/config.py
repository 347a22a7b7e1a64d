"""A recipe's YAML, with `key=value` overrides, as typed sections."""

from __future__ import annotations

import dataclasses
import difflib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, cast, get_type_hints

import yaml
from omegaconf import DictConfig, OmegaConf
from omegaconf.errors import OmegaConfBaseException

import audiocodec
from audiocodec.errors import ConfigError
from audiocodec.train.data import Augment
from audiocodec.train.settings import Budget, TrainConfig, check_range

PHASES = ("spectral", "codes_kept", "decoder", "adversarial")


@dataclass
class DataConfig:
    """The `data` section. Paths are relative to the folder the command is run in.

    Attributes:
        root: folder or manifest (see `audiocodec.train.data.load_corpus`), or several with their weights:
            `{speech: 0.6, music: 0.4}`. The recipes of the package leave it to who runs them.
        segment_frames: frames of a training segment.
        batch_size: segments of a batch, in each process.
        cache: folder for decoded samples, 2 bytes each, so that nothing is decoded twice. None
            reads pieces of the files themselves.
        workers: processes that prepare batches; 0 does it in the training process.
        valid_clips: validate on at most this many clips, evenly picked.
        valid_seconds: and on at most so much of each.
        augment: see `audiocodec.train.data.Augment`.
        seed: of segments, initial weights and dropped codebooks.
    """

    segment_frames: int
    batch_size: int
    root: Any = None
    cache: str | None = None
    workers: int = 0
    valid_clips: int = 12
    valid_seconds: float = 20.0
    augment: Augment = field(default_factory=Augment)
    seed: int = 0

    def __post_init__(self) -> None:
        for name in ("segment_frames", "batch_size", "valid_clips"):
            check_range("data", name, getattr(self, name), least=1)
        for name in ("workers", "seed"):
            check_range("data", name, getattr(self, name))
        check_range("data", "valid_seconds", self.valid_seconds, above=0)


@dataclass
class AdversarialConfig:
    """The `adversarial` section.

    Attributes:
        discriminators: class names of `audiocodec.train.discriminators`, with their arguments.
        loss: hinge.
        weight: of the adversarial loss.
        feature_matching: weight of the feature matching loss.
    """

    discriminators: dict[str, Any] = field(default_factory=lambda: {"STFTDiscriminator": {}})
    loss: str = "hinge"
    weight: float = 1.0
    feature_matching: float = 2.0


@dataclass
class RecipeConfig:
    """A whole recipe.

    Attributes:
        model: for `audiocodec.model.build.build_model`.
        losses: name -> weight and arguments of a class of `audiocodec.quality.losses`.
        data: sound to train and validate on.
        budget: how long.
        train: how.
        phase: spectral trains everything without discriminators; codes_kept all but the quantizer, so that token
            files made before can be decoded; decoder the decoder alone, so that a sound keeps its tokens; adversarial
            does so with discriminators.
        start_from: name or path of a model, or folder of a run, whose weights to begin with.
        adversarial: for the phases with discriminators.
    """

    model: dict[str, Any]
    losses: dict[str, Any]
    data: DataConfig
    budget: Budget
    train: TrainConfig = field(default_factory=TrainConfig)
    phase: str = "spectral"
    start_from: str | None = None
    adversarial: AdversarialConfig = field(default_factory=AdversarialConfig)


def known(name: str, names: Sequence[str], where: str) -> None:
    """Refuse a name that is not among `names`, with the nearest.

    Raises:
        ConfigError: always then.
    """
    if name not in names:
        near = difflib.get_close_matches(name, names, 1)
        hint = f"did you mean {near[0]!r}?" if near else f"known: {', '.join(names)}"
        raise ConfigError(f"{where}: unknown {name!r}, {hint}")


def _check_keys(cls: type, values: Any, where: str = "") -> None:
    """Refuse keys that a dataclass does not have, and the lack of those it needs, sections within included.

    Raises:
        ConfigError: a key is unknown or missing, or a section is no mapping.
    """
    if not isinstance(values, Mapping):
        raise ConfigError(f"{where.rstrip('.')}: needs keys and values, got {values!r}")
    fields = {f.name: f for f in dataclasses.fields(cls)}
    hints = get_type_hints(cls)
    for key, value in values.items():
        known(str(key), list(fields), f"{where}{key}")
        if dataclasses.is_dataclass(hints[key]):
            _check_keys(hints[key], value, f"{where}{key}.")
    for key, f in fields.items():
        if key not in values and f.default is f.default_factory is dataclasses.MISSING:
            raise ConfigError(f"{where}{key} is missing")


def load_config(path: Path, overrides: Sequence[str] = ()) -> RecipeConfig:
    """Read a recipe's YAML.

    Args:
        path: of the YAML. With `extends: other.yaml` it changes the one beside it; a part of the model that has
            another type there takes the place of the whole old one.
        overrides: `key=value` each, such as `budget.minutes=30`. A new budget takes the place of
            the whole old one, a new `data.root` too.

    Raises:
        ConfigError: unreadable, or a key is unknown, missing or of the wrong type.
    """
    for override in overrides:
        if override.find("=") < 1:
            raise ConfigError(f"{override!r} is not a valid override: write key=value")
        try:
            OmegaConf.from_dotlist([override])
        except (yaml.YAMLError, OmegaConfBaseException, ValueError) as error:
            raise ConfigError(f"{override!r} is not a valid override ({str(error).splitlines()[0]})") from error
    try:
        given = OmegaConf.from_dotlist(list(overrides))
        plain: Any = OmegaConf.to_container(_merged(_load(path), given), resolve=True)
        _check_keys(RecipeConfig, plain)
        config: Any = OmegaConf.to_object(OmegaConf.merge(OmegaConf.structured(RecipeConfig), plain))
    except RecursionError as error:
        raise ConfigError(f"{path}: extends itself") from error
    except OmegaConfBaseException as error:
        where = getattr(error, "full_key", None)
        raise ConfigError(f"{where or path}: {str(error).splitlines()[0]}") from error
    except (OSError, UnicodeDecodeError, yaml.YAMLError, ValueError, TypeError) as error:
        raise ConfigError(f"{path}: cannot be read ({str(error).splitlines()[0]})") from error
    known(config.phase, PHASES, "phase")
    return cast(RecipeConfig, config)


def _load(path: Path) -> DictConfig:
    """A YAML, on top of the one beside it that `extends` names."""
    values = OmegaConf.load(path)
    if not isinstance(values, DictConfig):
        raise ConfigError(f"{path}: needs keys and values")
    if "extends" in values:
        return _merged(_load(path.parent / values.pop("extends")), values)
    return values


def _merged(base: DictConfig, top: DictConfig) -> DictConfig:
    """`top` over `base`; a budget, a root of the data and a part of a model of another type are replaced whole."""
    if "budget" in top:
        base.pop("budget", None)
    if "data" in base and isinstance(top.get("data"), DictConfig) and "root" in top.data:
        base.data.pop("root", None)
    parts = base.get("model") or {}
    for name, part in (top.get("model") or {}).items():
        if isinstance(part, DictConfig) and "type" in part and name in parts and part.type != parts[name].get("type"):
            parts.pop(name)
    return cast(DictConfig, OmegaConf.merge(base, top))


def dump_config(config: RecipeConfig) -> str:
    """The YAML that `load_config` reads back as the same."""
    return yaml.safe_dump(dataclasses.asdict(config), sort_keys=False)


def recipes() -> dict[str, Path]:
    """The recipes that come with the package: name such as `speech-16k/1-spectral` -> its YAML."""
    root = Path(audiocodec.__file__).parent / "configs"
    if not root.is_dir():
        root = root.parents[1] / "configs"  # in a checkout
    return {str(path.relative_to(root).with_suffix("")): path for path in sorted(root.glob("*/*.yaml"))}


def find_recipe(name: str) -> Path:
    """The YAML of a recipe by name, or a path as it is.

    Raises:
        ConfigError: it is neither.
    """
    path = Path(name)
    if path.suffix == ".yaml":
        if not path.is_file():
            raise ConfigError(f"{path}: no such file")
        return path
    found = recipes()
    first = next((full for full in found if full.startswith(f"{name}/1-")), name)
    if first in found:
        return found[first]
    known(name, sorted({*found, *(full.split("/")[0] for full in found)}), "recipe")
    return found[name]
