"""Noise against what masks it, band by band."""

from __future__ import annotations

from collections.abc import Sequence

import torch
from einops import reduce
from torch import Tensor, nn

from audiocodec.losses.bark import LEVEL_DB, band_edges, band_filters, threshold_in_quiet
from audiocodec.losses.pair import Pair

RISE_DB, FALL_DB = 27.0, 12.0  # per Bark, below and above what masks


class NoiseToMaskLoss(nn.Module):
    """log(1 + noise / mask) in critical bands, for windows long (tones) and short (attacks).

    Waveform losses spend the bits where the power is, in music below 700 Hz. This one counts the power of the
    difference in each band against the target's power there, spread to its neighbours and over the threshold in quiet:
    the noise-to-mask ratio of perceptual coders (as a loss: [Zhen et al., 2020](https://arxiv.org/abs/2101.00054)).

    Args:
        sample_rate: Hz.
        windows: STFT lengths in samples.
        bands: of equal width in Bark, from 50 Hz to half the sample rate.
    """

    spread: Tensor
    threshold: Tensor

    def __init__(self, sample_rate: int, windows: Sequence[int] = (512, 2048), bands: int = 48) -> None:
        super().__init__()
        self.windows = tuple(windows)
        edges = band_edges(bands, sample_rate / 2)
        for window in self.windows:
            self.register_buffer(f"filters_{window}", band_filters(edges, window, sample_rate), persistent=False)
        up = edges[1:-1, None] - edges[None, 1:-1]  # how far the masked band lies above the masking one
        decay = torch.where(up > 0, FALL_DB * up, -RISE_DB * up)
        self.register_buffer("spread", 10 ** (-decay / 10), persistent=False)
        self.register_buffer("threshold", threshold_in_quiet(edges), persistent=False)

    def forward(self, pair: Pair) -> Tensor:
        """Scalar; 0.69 when nothing but the target's power is wrong everywhere."""
        ratios = []
        for window in self.windows:
            estimate, target = pair.spectra(window)
            filters = getattr(self, f"filters_{window}")
            level = reduce(target.power, "b f t -> b 1 1", "mean") * target.power.shape[1]
            scale = 10 ** (LEVEL_DB / 10) / (level + 1e-9)
            mask = self.spread @ (filters @ target.power * scale) + self.threshold
            error = (estimate.real - target.real).square() + (estimate.imag - target.imag).square()
            ratios.append(torch.log1p(filters @ error * scale / mask).mean())
        return torch.stack(ratios).mean()
