"""A small causal network that guesses the next quantized latent: what is heard where a frame was lost."""

from __future__ import annotations

from typing import Any

import torch
from einops import rearrange
from torch import Tensor, nn

from audiocodec.nn import CausalConv, Chain, ResidualBlock


class LatentPredictor(nn.Module):
    """Predicts latent t + 1 from latents up to t; its own guesses are fed back over a burst.

    In the place of [Valin et al., 2022](https://arxiv.org/abs/2205.05785), who predict acoustic features
    for a vocoder, stands the latent that the codec's own decoder takes.

    Args:
        latent_dim: size of the quantized latent vector.
        dim: channels.
        blocks: residual blocks; dilations 1, 3, 9, 1, ...

    Attributes:
        history: past frames that the output depends on.
    """

    mean: Tensor
    std: Tensor

    def __init__(self, latent_dim: int, dim: int, blocks: int) -> None:
        super().__init__()
        self.latent_dim, self.dim, self.blocks = latent_dim, dim, blocks
        dilations = [3 ** (i % 3) for i in range(blocks)]
        self.history = 3 + 2 * sum(dilations)
        self.register_buffer("mean", torch.zeros(latent_dim))
        self.register_buffer("std", torch.ones(latent_dim))
        layers: list[nn.Module] = [CausalConv(latent_dim + 1, dim, kernel=3)]
        layers += [ResidualBlock(dim, dim, dilation=d) for d in dilations]
        self.body = Chain(layers)
        self.norm = nn.LayerNorm(dim)
        self.out = nn.Linear(dim, latent_dim)

    def forward(self, latents: Tensor, received: Tensor, state: Any = None) -> tuple[Tensor, Any]:
        """Predict each next frame.

        Args:
            latents: "b d t", quantized, or predicted where lost.
            received: "b t", 1 where the frame came, 0 where it was predicted.
            state: of the call before.

        Returns:
            the latents one frame later, "b d t", and the state.
        """
        x = (rearrange(latents, "b d t -> b t d") - self.mean) / self.std
        y, state = self.body(torch.cat([x, received[..., None]], dim=-1), state)
        step = self.out(self.norm(y))  # from the frame before: the likeliest next sound is the same one
        return rearrange((x + step) * self.std + self.mean, "b t d -> b d t"), state

    def unroll(self, latents: Tensor, received: Tensor, frames: int) -> Tensor:
        """Go on by `frames` on its own guesses.

        Args:
            latents: "b d t", the past, `history` frames or more.
            received: "b t".
            frames: to predict.

        Returns:
            "b d frames".
        """
        guess, state = self(latents, received)
        guesses = [guess[..., -1:]]
        lost = received.new_zeros(len(received), 1)
        for _ in range(frames - 1):
            guess, state = self(guesses[-1], lost, state)
            guesses.append(guess)
        return torch.cat(guesses, dim=-1)
