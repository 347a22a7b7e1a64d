"""A codec so small that a step takes milliseconds, and sound for it."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import soundfile
import yaml

from audiocodec.train import RecipeConfig, load_config
from tests.model.test_build import TINY


def write_sounds(root: Path) -> Path:
    """A folder with `train` and `valid`."""
    rng = np.random.default_rng(0)
    for name in ("train/a.wav", "train/b.wav", "valid/c.wav"):
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        tone = 0.3 * np.sin(np.arange(32_000) * 0.05) + 0.02 * rng.standard_normal(32_000)
        soundfile.write(root / name, tone, 16_000)
    return root


def recipe(folder: Path, *overrides: str, **sections: Any) -> RecipeConfig:
    """A recipe of 12 steps on the sounds in `folder`, which are made if need be."""
    sounds = folder / "sounds"
    if not sounds.exists():
        write_sounds(sounds)
    values: dict[str, Any] = {
        "model": TINY,
        "losses": {"mel": {"sample_rate": 16_000, "windows": [128], "bands": [20]}, "waveform": {}},
        "data": {"root": str(sounds), "segment_frames": 10, "batch_size": 4, "valid_clips": 1, "valid_seconds": 1},
        "train": {"warmup_steps": 5, "validations": 2, "tensorboard": False, "ema_decay": 0.9},
        "budget": {"steps": 12},
    } | sections
    path = folder / "recipe.yaml"
    path.write_text(yaml.safe_dump(values))
    return load_config(path, overrides)
