"""How much of the difference is heard: loudness in critical bands."""

from __future__ import annotations

import torch
from einops import reduce
from torch import Tensor, nn

from audiocodec.quality.losses.bark import band_edges, band_filters, threshold_in_quiet, to_pressure
from audiocodec.quality.losses.pair import Pair

WINDOW = 512
POWER = 0.23  # of loudness on intensity
MASKED = 0.25  # share of the softer loudness by which two may differ unheard


class LoudnessLoss(nn.Module):
    """Difference of loudness in critical bands, with masking, and more for what was added than for what is missing.

    The perceptual model of PESQ ([ITU-T P.862](https://www.itu.int/rec/T-REC-P.862)) without its alignment of
    level, filter and time: Zwicker's loudness over the threshold in quiet (Terhardt's), a dead zone, and an asymmetric
    term for energy that was not there. Where log spectra count an error of 6 dB the same anywhere, here it
    counts as much as it is loud.

    Args:
        sample_rate: Hz; at least 8000.
        bands: of equal width in Bark, from 50 Hz to half the sample rate.
        asymmetry: weight of the asymmetric term beside the symmetric.
    """

    filters: Tensor
    threshold: Tensor
    windows = (WINDOW,)

    def __init__(self, sample_rate: int, bands: int = 49, asymmetry: float = 0.3) -> None:
        super().__init__()
        self.asymmetry = asymmetry
        edges = band_edges(bands, sample_rate / 2)
        self.register_buffer("filters", band_filters(edges, WINDOW, sample_rate), persistent=False)
        self.register_buffer("threshold", threshold_in_quiet(edges), persistent=False)

    def forward(self, pair: Pair) -> Tensor:
        """Scalar, about in sones per band."""
        estimate, target = pair.spectra(WINDOW)
        scale = to_pressure(target.power)
        e, t = (self.filters @ s.power * scale for s in (estimate, target))
        e_loud, t_loud = self._loudness(e), self._loudness(t)
        heard = ((e_loud - t_loud).abs() - MASKED * torch.minimum(e_loud, t_loud)).clamp_min(0)
        added = ((e + self.threshold) / (t + self.threshold)) ** 1.2
        added = torch.where(added < 3, 0, added).clamp(max=12)
        symmetric = (reduce(heard.square(), "b f t -> b t", "mean") + 1e-4).sqrt().mean() - 1e-2
        return symmetric + self.asymmetry * (heard * added).mean()

    def _loudness(self, power: Tensor) -> Tensor:
        half = self.threshold / 0.5
        return half**POWER * ((0.5 + 0.5 * power / self.threshold) ** POWER - 1).clamp_min(0)
