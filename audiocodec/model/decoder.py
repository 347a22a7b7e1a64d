"""Decoder of transposed convolutions: the encoder in reverse."""

from __future__ import annotations

from typing import Any, cast

import torch
from einops import rearrange
from torch import Tensor, nn

from audiocodec.model.nn import make
from audiocodec.model.nn.chain import Chain
from audiocodec.model.nn.conv import Upsample
from audiocodec.model.nn.lapped import LappedSynthesis
from audiocodec.model.plan import Plan


class ConvDecoder(nn.Module):
    """Runs the layers of `audiocodec.model.plan.conv_decoder`.

    Args:
        plan: `Upsample` or `LappedSynthesis` is the last of its layers.

    Attributes:
        noise_from: first coefficient whose sign is random; None: the decoder has no noise.
    """

    def __init__(self, plan: Plan) -> None:
        super().__init__()
        self.hop_length, self.delay, self.conceals = plan.hop_length, plan.delay, plan.conceals
        self.body = Chain([make(layer) for layer in plan.layers])
        last = cast(Upsample | LappedSynthesis, self.body.layers[-1])
        self.noise_from = last.noise_from if isinstance(last, LappedSynthesis) else None
        with torch.no_grad():  # starts quiet: otherwise the first steps go into taking noise back
            last.linear.weight.mul_(0.1)

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
