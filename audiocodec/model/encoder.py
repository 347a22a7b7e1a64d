"""Waveform encoder: samples in, one latent vector a frame out."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

from einops import rearrange
from torch import Tensor, nn

from audiocodec.model.nn import Chain, Downsample, LappedAnalysis, ResidualBlock


class Encoder(nn.Module):
    """Causal strided convolutions with residual blocks behind each.

    Args:
        strides: downsampling of each stage, input side first. The first is best 8 or more: at
            the full sample rate a CPU reaches a tenth of its speed.
        dims: channels of each stage.
        blocks: residual blocks of each stage; dilations 1, 3, 9, 1, ...
        latent_dim: size of the latent vector.
        companded: the first stage is a lapped transform with the square root of its coefficients.
    """

    def __init__(
        self,
        strides: Sequence[int],
        dims: Sequence[int],
        blocks: Sequence[int],
        latent_dim: int,
        companded: bool = False,
    ) -> None:
        super().__init__()
        self.hop_length = math.prod(strides)
        layers: list[nn.Module] = []
        d_in = 1
        for stride, dim, depth in zip(strides, dims, blocks, strict=True):
            first = LappedAnalysis(dim, stride) if companded and not layers else None
            layers.append(first or Downsample(d_in, dim, stride))
            layers += [ResidualBlock(dim, dim, dilation=3 ** (i % 3)) for i in range(depth)]
            d_in = dim
        self.body = Chain(layers)
        self.norm = nn.LayerNorm(d_in)
        self.out = nn.Linear(d_in, latent_dim)

    def forward(self, waveform: Tensor, state: Any = None) -> tuple[Tensor, Any]:
        """waveform: "b 1 (t hop_length)" -> latents: "b latent_dim t"."""
        x, state = self.body(rearrange(waveform, "b 1 t -> b t 1"), state)
        return rearrange(self.out(self.norm(x)), "b t d -> b d t"), state
