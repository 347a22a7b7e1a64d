"""Loudness as a factor, not a sum."""

from __future__ import annotations

import torch
from torch import Tensor, nn


class Gain(nn.Module):
    """Scales every step by a number read off it.

    The residual blocks before it see normalized values and add; how loud a step is spans 60 dB
    and multiplies. Starts as the identity.

    Args:
        dim: channels.
    """

    def __init__(self, dim: int) -> None:
        super().__init__()
        self.norm = nn.LayerNorm(dim)
        self.log_gain = nn.utils.skip_init(nn.Linear, dim, 1)  # type: ignore[no-untyped-call]
        nn.init.zeros_(self.log_gain.weight)
        nn.init.zeros_(self.log_gain.bias)

    def forward(self, x: Tensor, state: tuple[()] | None = None) -> tuple[Tensor, tuple[()]]:
        """x: "b t dim" -> the same, each step scaled by a factor of at most e**6; nothing is remembered."""
        return x * torch.exp(self.log_gain(self.norm(x)).float().clamp(-6, 6)), ()
