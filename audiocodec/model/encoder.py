"""Waveform encoder: samples in, one latent vector per frame out."""

from __future__ import annotations

from typing import Any, cast

from einops import rearrange
from torch import Tensor, nn

from audiocodec.model.nn import make
from audiocodec.model.nn.chain import Chain
from audiocodec.model.plan import Plan


class Encoder(nn.Module):
    """Runs the layers of `audiocodec.model.plan.encoder`.

    Args:
        plan: a norm and a linear layer are the last two of its layers.
    """

    def __init__(self, plan: Plan) -> None:
        super().__init__()
        self.hop_length = plan.hop_length
        *body, norm, out = map(make, plan.layers)
        self.body = Chain(body)
        self.norm, self.out = cast(nn.LayerNorm, norm), cast(nn.Linear, out)

    def forward(self, waveform: Tensor, state: Any = None) -> tuple[Tensor, Any]:
        """waveform: "b 1 (t hop_length)" -> latents: "b latent_dim t"."""
        x, state = self.body(rearrange(waveform, "b 1 t -> b t 1"), state)
        return rearrange(self.out(self.norm(x)), "b t d -> b d t"), state
