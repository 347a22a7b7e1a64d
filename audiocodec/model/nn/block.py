"""The residual block used at every rate of encoder and decoder."""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from audiocodec.model.nn.conv import CausalConv


class ResidualBlock(nn.Module):
    """x + out(silu(conv(norm(x)))), the convolution dense and causal.

    The last layer starts small, so that a deep stack starts close to the identity
    (see [HILCodec, Ahn et al., 2024](https://arxiv.org/abs/2405.04752)).

    Args:
        dim: channels in and out.
        hidden: channels between the two layers.
        kernel: taps of the convolution.
        dilation: steps between taps.
    """

    def __init__(self, dim: int, hidden: int, kernel: int = 3, dilation: int = 1) -> None:
        super().__init__()
        self.norm = nn.LayerNorm(dim)
        self.conv = CausalConv(dim, hidden, kernel, dilation)
        self.out = nn.Linear(hidden, dim)
        with torch.no_grad():
            self.out.weight.mul_(0.5)

    def forward(self, x: Tensor, state: Tensor | None = None) -> tuple[Tensor, Tensor]:
        """x: "b t dim" -> "b t dim"; state as in `CausalConv`."""
        y, state = self.conv(self.norm(x), state)
        return x + self.out(F.silu(y)), state
