"""The optimizers a recipe can name."""

from __future__ import annotations

from collections.abc import Iterable

from torch import nn
from torch.optim import AdamW, Optimizer

from audiocodec.errors import ConfigError
from audiocodec.train.muon import Muon

NAMES = ("adamw", "muon")
BETAS, WEIGHT_DECAY = (0.8, 0.99), 0.01  # AdamW's


def adamw(parameters: Iterable[nn.Parameter], learning_rate: float) -> AdamW:
    """AdamW as every part of a codec is trained, discriminators too."""
    return AdamW(parameters, learning_rate, betas=BETAS, weight_decay=WEIGHT_DECAY, fused=True)


def build_optimizers(name: str, parameters: list[nn.Parameter], learning_rate: float) -> dict[str, Optimizer]:
    """Optimizers that together train `parameters`, by name.

    `muon` takes the matrices with `Muon`, whose steps are of the size of AdamW's, so that one learning rate fits
    both; AdamW takes the rest. Convolutions here are matrices.

    Raises:
        ConfigError: an unknown name.
    """
    if name not in NAMES:
        raise ConfigError(f"train.optimizer: unknown {name!r}, known: {', '.join(NAMES)}")
    matrices = [p for p in parameters if p.ndim == 2] if name == "muon" else []
    others = [p for p in parameters if name != "muon" or p.ndim != 2]
    built: dict[str, Optimizer] = {}
    if others:
        built["optimizer"] = adamw(others, learning_rate)
    if matrices:
        built["muon"] = Muon(matrices, learning_rate)
    return built
