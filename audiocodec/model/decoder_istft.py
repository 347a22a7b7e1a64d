"""Decoder that predicts short-time spectra and leaves the waveform to the inverse FFT."""

from __future__ import annotations

from typing import Any

import torch
from einops import rearrange
from torch import Tensor, nn

from audiocodec.model.nn import CausalConv, Chain, OverlapAddISTFT, ResidualBlock, Upsample


class ISTFTDecoder(nn.Module):
    """Residual blocks at frame rate, then real and imaginary parts of each spectrum.

    See [Vocos, Siuzdak, 2023](https://arxiv.org/abs/2306.00814). Unlike it, the head gives the
    complex numbers themselves: with waveform-matching losses that trains faster than
    magnitude and phase.

    Args:
        hop_length: samples a frame.
        dim: channels.
        blocks: residual blocks at frame rate.
        fine_dim: channels at the rate of the spectra.
        fine_blocks: residual blocks at that rate.
        n_fft: samples a spectrum covers.
        fft_hop: samples between spectra, a divisor of `hop_length`.
        latent_dim: size of the quantized latent vector.
    """

    def __init__(
        self,
        hop_length: int,
        dim: int,
        blocks: int,
        fine_dim: int,
        fine_blocks: int,
        n_fft: int,
        fft_hop: int,
        latent_dim: int,
    ) -> None:
        super().__init__()
        self.hop_length = hop_length
        self.delay = n_fft - fft_hop
        layers: list[nn.Module] = [CausalConv(latent_dim, dim, kernel=3)]
        layers += [ResidualBlock(dim, dim, dilation=3 ** (i % 3)) for i in range(blocks)]
        layers.append(Upsample(dim, fine_dim, hop_length // fft_hop))
        layers += [ResidualBlock(fine_dim, fine_dim, dilation=3 ** (i % 3)) for i in range(fine_blocks)]
        self.body = Chain(layers)
        self.norm = nn.LayerNorm(fine_dim)
        self.out = nn.Linear(fine_dim, n_fft + 2)
        self.istft = OverlapAddISTFT(n_fft, fft_hop)

    def forward(self, quantized: Tensor, state: Any = None) -> tuple[Tensor, Any]:
        """quantized: "b latent_dim t" -> waveform: "b 1 (t hop_length)", late by `delay`."""
        body_state, istft_state = state if state is not None else (None, None)
        x, body_state = self.body(rearrange(quantized, "b d t -> b t d"), body_state)
        real, imaginary = self.out(self.norm(x)).float().chunk(2, dim=-1)
        waveform, istft_state = self.istft(torch.complex(real, imaginary), istft_state)
        return rearrange(waveform, "b t -> b 1 t"), (body_state, istft_state)
