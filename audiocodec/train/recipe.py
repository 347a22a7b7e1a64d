"""From a YAML configuration to a ready `Trainer`."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
import yaml
from torch import nn

from audiocodec import losses
from audiocodec.data import SegmentSampler, build_cache
from audiocodec.errors import ConfigError
from audiocodec.models import CodecModel
from audiocodec.models.build import build_model, call
from audiocodec.train.trainer import Budget, Trainer
from audiocodec.train.validate import depths_to_watch, load_clips, validate

LOSSES = {
    "mel": losses.MelLoss,
    "complex_stft": losses.ComplexSTFTLoss,
    "multi_resolution_stft": losses.MultiResolutionSTFTLoss,
    "waveform": losses.WaveformLoss,
}


@dataclass
class DataConfig:
    """The `data` section. Paths are relative to the folder the recipe is run in.

    Attributes:
        train: folder of sound to train on.
        valid: folder of clips to validate on.
        cache: folder for decoded samples, 2 bytes each.
        segment_frames: frames of a training segment.
        batch_size: segments of a batch.
        valid_clips: at most this many clips, evenly picked.
        seed: of segments and initial weights.
    """

    train: str
    valid: str
    cache: str
    segment_frames: int
    batch_size: int
    valid_clips: int | None = None
    seed: int = 0


def load_config(path: Path) -> dict[str, Any]:
    """Read a recipe's YAML and check its sections.

    Raises:
        ConfigError: unreadable, or a section is missing or unknown.
    """
    try:
        config = yaml.safe_load(path.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError, yaml.YAMLError) as error:
        raise ConfigError(f"{path}: cannot be read ({str(error).splitlines()[0]})") from error
    sections = {"model", "losses", "data", "train", "budget"}
    if not isinstance(config, dict) or set(config) != sections:
        raise ConfigError(f"{path}: needs exactly the sections {', '.join(sorted(sections))}")
    return config


def build_losses(spec: Mapping[str, Mapping[str, Any]]) -> dict[str, tuple[float, nn.Module]]:
    """The `losses` section: name -> its weight and the arguments of its class.

    Raises:
        ConfigError: a name or an argument is unknown.
    """
    built = {}
    for name, arguments in spec.items():
        if name not in LOSSES:
            raise ConfigError(f"losses: unknown {name!r}, known: {', '.join(LOSSES)}")
        arguments = dict(arguments)
        built[name] = (float(arguments.pop("weight", 1.0)), call(LOSSES[name], arguments, f"losses.{name}"))
    return built


def build_trainer(config: Mapping[str, Any], run_dir: Path) -> Trainer:
    """Everything a run needs, with random weights.

    Args:
        config: of `load_config`.
        run_dir: folder for the checkpoint and the curve.

    Raises:
        ConfigError, AudioError: the configuration or the data cannot be used.
    """
    data: DataConfig = call(DataConfig, config["data"], "data")
    torch.manual_seed(data.seed)
    model = build_model(config["model"])
    cache = build_cache(Path(data.train), model.sample_rate, Path(data.cache).expanduser())
    sampler = SegmentSampler(cache, data.segment_frames * model.hop_length, data.batch_size, seed=data.seed)
    clips = load_clips(Path(data.valid), model.sample_rate, data.valid_clips)
    depths = depths_to_watch(model.quantizer.num_codebooks)

    def score(averaged: CodecModel) -> dict[str, float]:
        return validate(averaged, clips, depths)

    parts = {
        "model": model,
        "losses": build_losses(config["losses"]),
        "sampler": sampler,
        "budget": call(Budget, config["budget"], "budget"),
        "run_dir": run_dir,
        "validate": score,
    }
    return call(Trainer, parts | dict(config["train"]), "train")
