"""Coherence of estimate and target, band by band."""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor, nn

from audiocodec.quality.losses.bark import band_edges, band_filters, threshold_in_quiet, to_pressure
from audiocodec.quality.losses.pair import Pair


class CoherenceLoss(nn.Module):
    """1 - the correlation of two spectra in each critical band, for windows long (tones) and short (attacks).

    Waveform losses spend the bits where the power is, in music below 1 kHz, and draw what they cannot follow to zero.
    Here a band counts as one whether loud or soft, unless it is below the threshold in quiet, and its level does not
    count at all: that is for `MelLoss`.

    Args:
        sample_rate: Hz.
        windows: STFT lengths in samples.
        bands: of equal width in Bark, from 50 Hz to half the sample rate.
    """

    needs_phase = True
    threshold: Tensor

    def __init__(self, sample_rate: int, windows: Sequence[int] = (512, 2048), bands: int = 48) -> None:
        super().__init__()
        self.windows = tuple(windows)
        edges = band_edges(bands, sample_rate / 2)
        for window in self.windows:
            self.register_buffer(f"filters_{window}", band_filters(edges, window, sample_rate), persistent=False)
        self.register_buffer("threshold", threshold_in_quiet(edges), persistent=False)

    def forward(self, pair: Pair) -> Tensor:
        """Scalar, 0 to 2; 1 for two noises."""
        distances = []
        for window in self.windows:
            estimate, target = pair.spectra(window)
            filters = getattr(self, f"filters_{window}")
            quiet = self.threshold / to_pressure(target.power)
            e, t = filters @ estimate.power + quiet, filters @ target.power
            common = filters @ (estimate.real * target.real + estimate.imag * target.imag)
            coherence = common / (e * (t + quiet)).sqrt()
            audible = t / (t + quiet)
            distances.append((audible - coherence).mean())
        return torch.stack(distances).mean()
