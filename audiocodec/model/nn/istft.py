"""Inverse short-time Fourier transform that can run frame by frame."""

from __future__ import annotations

import torch
from einops import rearrange
from torch import Tensor, nn


class OverlapAddISTFT(nn.Module):
    """Windowed inverse FFT of each frame, overlap-added.

    The window is a Hann window divided by the constant to which the analysis and synthesis
    windows add up, so a spectrum made with the same Hann window comes back unchanged.

    Args:
        n_fft: samples a frame covers, a multiple of `hop`, at least 2 * `hop`.
        hop: samples between frames.

    A sample is final once the last frame that covers it has come: the output lags by
    `delay` = n_fft - hop samples.
    """

    window: Tensor

    def __init__(self, n_fft: int, hop: int) -> None:
        super().__init__()
        if n_fft % hop or n_fft < 2 * hop:
            raise ValueError(f"n_fft {n_fft} must be a multiple of hop {hop}, and at least twice as large")
        self.n_fft, self.hop, self.delay = n_fft, hop, n_fft - hop
        window = torch.hann_window(n_fft)
        gain = rearrange(window, "(o h) -> o h", h=hop).sum(0)
        self.register_buffer("window", window / gain.mean(), persistent=False)

    def forward(self, spectrum: Tensor, state: Tensor | None = None) -> tuple[Tensor, Tensor]:
        """spectrum: "b t f", complex -> "b (t hop)"; state: sums still open, "b delay"."""
        if spectrum.shape[1] == 0:  # the FFT refuses no frames
            empty = spectrum.real.new_zeros(len(spectrum), self.delay)
            return empty[:, :0], empty if state is None else state
        frames = torch.fft.irfft(spectrum, n=self.n_fft, dim=-1) * self.window
        parts = rearrange(frames, "b t (o h) -> o b t h", h=self.hop)
        overlap, batch, steps, hop = parts.shape
        total = frames.new_zeros(batch, steps + overlap - 1, hop)
        if state is not None:
            total[:, : overlap - 1] += rearrange(state, "b (o h) -> b o h", h=hop)
        for i, part in enumerate(parts):
            total[:, i : i + steps] += part
        out, rest = total[:, :steps], total[:, steps:]
        return rearrange(out, "b t h -> b (t h)"), rearrange(rest, "b o h -> b (o h)")
