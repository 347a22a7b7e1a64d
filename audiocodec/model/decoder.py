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
from audiocodec.model.nn.noisy import NoisySynthesis
from audiocodec.model.plan import Plan

_Noisy = LappedSynthesis | NoisySynthesis


class ConvDecoder(nn.Module):
    """Runs the layers of `audiocodec.model.plan.conv_decoder`.

    Args:
        plan: `Upsample`, `LappedSynthesis` or `NoisySynthesis` is the last of its layers.

    Attributes:
        noisy: part of the sound is noise of the decoder's own.
    """

    def __init__(self, plan: Plan) -> None:
        super().__init__()
        self.hop_length, self.delay, self.conceals = plan.hop_length, plan.delay, plan.conceals
        self.body = Chain([make(layer) for layer in plan.layers])
        last = cast(Upsample | LappedSynthesis | NoisySynthesis, self.body.layers[-1])
        self.noisy = isinstance(last, NoisySynthesis) or getattr(last, "noise_from", None) is not None
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
        known, first, second = (rearrange(y, "b t 1 -> b 1 t") for y in cast(_Noisy, last).draws(x))
        return known, first, second

    def predictable(self, waveform: Tensor) -> Tensor:
        """What of a waveform "b 1 (t hop)" the part without noise can be."""
        return cast(_Noisy, self.body.layers[-1]).predictable(waveform)
