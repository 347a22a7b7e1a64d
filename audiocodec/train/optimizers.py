"""The optimizers a recipe can name."""

from __future__ import annotations

from collections.abc import Iterable

from torch import nn
from torch.optim import AdamW, Muon, Optimizer

from audiocodec.errors import ConfigError

NAMES = ("adamw", "muon")


def adamw(parameters: Iterable[nn.Parameter], learning_rate: float) -> AdamW:
    """AdamW as every part of a codec is trained, discriminators too."""
    return AdamW(parameters, learning_rate, betas=(0.8, 0.99), weight_decay=0.01, fused=True)


def build_optimizers(name: str, parameters: list[nn.Parameter], learning_rate: float) -> dict[str, Optimizer]:
    """Optimizers that together train `parameters`, by name.

    `muon` takes the matrices with orthogonalized momentum (see [Muon, Jordan et al.,
    2024](https://kellerjordan.github.io/posts/muon/)), its steps scaled to the size of AdamW's
    ([Liu et al., 2025](https://arxiv.org/abs/2502.16982)) so that one learning rate fits both;
    AdamW takes the rest. Convolutions here are matrices.

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
        built["muon"] = Muon(matrices, learning_rate, weight_decay=0.1, adjust_lr_fn="match_rms_adamw")
    return built
