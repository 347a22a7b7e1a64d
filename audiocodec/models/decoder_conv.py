"""Decoder of transposed convolutions: the encoder in reverse."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any, cast

import torch
from einops import rearrange
from torch import Tensor, nn

from audiocodec.nn import CausalConv, Chain, Gain, ResidualBlock, Upsample, emphasis, lapped_basis


class ConvDecoder(nn.Module):
    """Causal transposed convolutions with residual blocks before each.

    Args:
        strides: upsampling of each stage, latent side first.
        dims: channels of each stage, before it is upsampled.
        blocks: residual blocks of each stage.
        latent_dim: size of the quantized latent vector.
        delay: samples by which the output lags the input of the encoder. The decoder itself
            adds none; training it to answer late lets it see the next frames first.
        gain: scale the steps before the last stage by a factor each (see `audiocodec.nn.Gain`).
        conceals: it was trained (`train.lost`) to make something of zeros in the place of lost frames.
        lapped: the last layer starts as a lapped transform, of at most strides[-1] channels.
    """

    def __init__(
        self,
        strides: Sequence[int],
        dims: Sequence[int],
        blocks: Sequence[int],
        latent_dim: int,
        delay: int = 0,
        gain: bool = False,
        conceals: bool = False,
        lapped: bool = False,
    ) -> None:
        super().__init__()
        self.hop_length = math.prod(strides)
        self.delay, self.conceals = delay, conceals
        layers: list[nn.Module] = [CausalConv(latent_dim, dims[0], kernel=3)]
        for i, (stride, dim, depth) in enumerate(zip(strides, dims, blocks, strict=True)):
            layers += [ResidualBlock(dim, dim, dilation=3 ** (j % 3)) for j in range(depth)]
            layers.append(Upsample(dim, dims[i + 1] if i + 1 < len(dims) else 1, stride))
        if gain:
            layers.insert(-1, Gain(dims[-1]))
        self.body = Chain(layers)
        last = cast(Upsample, layers[-1]).linear.weight
        with torch.no_grad():
            if lapped:
                last.copy_(lapped_basis(dims[-1], strides[-1]).T / emphasis(dims[-1]))
            last.mul_(0.1)  # starts quiet: otherwise the first steps go into taking noise back

    def forward(self, quantized: Tensor, state: Any = None) -> tuple[Tensor, Any]:
        """quantized: "b latent_dim t" -> waveform: "b 1 (t hop_length)"."""
        x, state = self.body(rearrange(quantized, "b d t -> b t d"), state)
        return rearrange(x, "b t 1 -> b 1 t"), state
