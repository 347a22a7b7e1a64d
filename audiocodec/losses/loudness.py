"""How much of the difference is heard: loudness in critical bands."""

from __future__ import annotations

import torch
from einops import reduce
from torch import Tensor, nn

from audiocodec.losses.pair import Pair

WINDOW = 512
LEVEL_DB = 75.0  # sound pressure the target is taken to be played at
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

    def __init__(self, sample_rate: int, bands: int = 49, asymmetry: float = 0.3) -> None:
        super().__init__()
        self.asymmetry = asymmetry
        hz = torch.linspace(0, sample_rate / 2, WINDOW // 2 + 1)
        edges = torch.linspace(float(_bark(torch.tensor(50.0))), float(_bark(hz[-1])), bands + 2)[:, None]
        rise = (_bark(hz) - edges[:-2]) / (edges[1:-1] - edges[:-2])
        fall = (edges[2:] - _bark(hz)) / (edges[2:] - edges[1:-1])
        filters = torch.minimum(rise, fall).clamp_min(0)
        filters = filters / filters.sum(0).max()
        nearest = (_bark(hz) - edges[1:-1]).abs().argmin(1)  # narrow bands may fall between two bins
        filters[torch.arange(bands), nearest] = filters[torch.arange(bands), nearest].clamp_min(1e-3)
        khz = _hz(edges[1:-1, 0]) / 1000
        quiet_db = 3.64 * khz**-0.8 - 6.5 * torch.exp(-0.6 * (khz - 3.3) ** 2) + 1e-3 * khz**4
        self.register_buffer("filters", filters, persistent=False)
        self.register_buffer("threshold", 10 ** (quiet_db.clamp(max=60) / 10)[:, None], persistent=False)

    def forward(self, pair: Pair) -> Tensor:
        """Scalar, about in sones per band."""
        estimate, target = pair.spectra(WINDOW)
        level = reduce(target.power, "b f t -> b 1 1", "mean") * target.power.shape[1]
        scale = 10 ** (LEVEL_DB / 10) / (level + 1e-9)
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


def _bark(hz: Tensor) -> Tensor:
    """[Traunmüller, 1990](https://doi.org/10.1121/1.399849)."""
    return 26.81 * hz / (1960 + hz) - 0.53


def _hz(bark: Tensor) -> Tensor:
    return 1960 * (bark + 0.53) / (26.28 - bark)
