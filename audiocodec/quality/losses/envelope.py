"""Distance of smoothed spectra: formants, without what fluctuates in them."""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from audiocodec.quality.losses.pair import Pair

WINDOW = 512
SMOOTH_HZ, SMOOTH_S = 280.0, 0.04
FLOOR = 1e-10  # of power


class EnvelopeLoss(nn.Module):
    """Mean absolute difference of log10 power, smoothed over 280 Hz and 40 ms, from `low` to `high`.

    Where phase is not coded a voice is known by its envelope, most of all between 2 and 4 kHz. Distances of single bins
    see mostly the fluctuation of noise there; this one sees the mean of many bins, of both draws where there are two.

    Args:
        sample_rate: Hz.
        low, high: Hz, the band that counts.
    """

    windows = (WINDOW,)

    def __init__(self, sample_rate: int, low: float = 1000.0, high: float = 5000.0) -> None:
        super().__init__()
        width = sample_rate / WINDOW
        self.bins = slice(round(low / width), round(high / width) + 1)
        self.size = (round(SMOOTH_HZ / width), max(1, round(SMOOTH_S * sample_rate / (WINDOW // 2))))

    def forward(self, pair: Pair) -> Tensor:
        """Scalar, in decades of power."""
        estimate, target = (spectrum.power for spectrum in pair.spectra(WINDOW))
        if pair.second is not None:
            estimate = (estimate + pair.second_spectrum(WINDOW).power) / 2
        return (self._envelope(estimate) - self._envelope(target)).abs().mean()

    def _envelope(self, power: Tensor) -> Tensor:
        smooth = F.avg_pool2d(power[:, None, self.bins], self.size, (self.size[0] // 3, 1))
        return torch.log10(smooth + FLOOR)
