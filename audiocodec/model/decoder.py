"""Decoder of transposed convolutions: the encoder in reverse."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any, cast

import torch
from einops import rearrange
from torch import Tensor, nn

from audiocodec.errors import ConfigError
from audiocodec.model.nn import CausalConv, Chain, Gain, LappedSynthesis, ResidualBlock, Upsample


class ConvDecoder(nn.Module):
    """Causal transposed convolutions with residual blocks before each.

    Args:
        strides: upsampling of each stage, latent side first.
        dims: channels of each stage, before it is upsampled.
        blocks: residual blocks of each stage.
        latent_dim: size of the quantized latent vector.
        delay: samples by which the output lags the input of the encoder. The decoder itself
            adds none; training it to answer late lets it see the next frames first.
        gain: scale the steps before the last stage by a factor each (see `audiocodec.model.nn.Gain`).
        conceals: it was trained (`train.lost`) to make something of zeros in the place of lost frames.
        companded: the last stage is an inverse lapped transform of the squares of what it gets.
        noise_from: first coefficient of that transform whose sign is random: see `audiocodec.model.nn.LappedSynthesis`.
        postfilter: exponent by which formants stand out more in the noise, the same.

    Raises:
        ConfigError: noise without a lapped transform, or a post-filter without noise.
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
        companded: bool = False,
        noise_from: int | None = None,
        postfilter: float = 0.0,
    ) -> None:
        super().__init__()
        if noise_from is not None and not companded:
            raise ConfigError("noise_from needs companded: true")
        if postfilter and noise_from is None:
            raise ConfigError("postfilter needs noise_from")
        self.hop_length = math.prod(strides)
        self.delay, self.conceals, self.noise_from = delay, conceals, noise_from
        layers: list[nn.Module] = [CausalConv(latent_dim, dims[0], kernel=3)]
        for i, (stride, dim, depth) in enumerate(zip(strides, dims, blocks, strict=True)):
            layers += [ResidualBlock(dim, dim, dilation=3 ** (j % 3)) for j in range(depth)]
            last = i == len(dims) - 1
            layers.append(
                LappedSynthesis(dim, stride, noise_from, postfilter)
                if last and companded
                else Upsample(dim, 1 if last else dims[i + 1], stride)
            )
        if gain:
            layers.insert(-1, Gain(dims[-1]))
        self.body = Chain(layers)
        with torch.no_grad():  # starts quiet: otherwise the first steps go into taking noise back
            cast(Upsample | LappedSynthesis, layers[-1]).linear.weight.mul_(0.1)

    def forward(self, quantized: Tensor, state: Any = None) -> tuple[Tensor, Any]:
        """quantized: "b latent_dim t" -> waveform: "b 1 (t hop_length)"."""
        x, state = self.body(rearrange(quantized, "b d t -> b t d"), state)
        return rearrange(x, "b t 1 -> b 1 t"), state

    def draws(self, quantized: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        """quantized: "b latent_dim t" -> the part without noise, and two draws of the whole, "b 1 (t hop)" each."""
        x = rearrange(quantized, "b d t -> b t d")
        *layers, last = self.body.layers
        for layer in layers:
            x, _ = layer(x)
        low, first, second = (rearrange(y, "b t 1 -> b 1 t") for y in cast(LappedSynthesis, last).draws(x))
        return low, first, second

    def low_band(self, waveform: Tensor) -> Tensor:
        """What of a waveform "b 1 (t hop)" lies below the noise."""
        return cast(LappedSynthesis, self.body.layers[-1]).low_band(waveform)
