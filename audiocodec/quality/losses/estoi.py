"""Intelligibility as a loss."""

from __future__ import annotations

import torch
from einops import reduce
from torch import Tensor, nn

from audiocodec.quality.losses.pair import Pair

WINDOW = 512
LOWEST_HZ = 150.0
BANDS = 15  # a third of an octave each
SEGMENT_S = 0.384


class EstoiLoss(nn.Module):
    """1 - ESTOI, on the spectra that other losses use.

    See [Jensen and Taal, 2016](https://doi.org/10.1109/TASLP.2016.2585878): envelopes in third-octave bands over .384 s
    are normalized, first over time, then over bands, and correlated. Unlike there, the sample rate
    and the frames are those of the codec (32 ms at 16 kHz instead of 25.6) and silence is not cut out but weighs
    little, since it stays below the floor.

    Args:
        sample_rate: Hz; at least 10000.
    """

    filters: Tensor
    windows = (WINDOW,)

    def __init__(self, sample_rate: int) -> None:
        super().__init__()
        hz = torch.linspace(0, sample_rate / 2, WINDOW // 2 + 1)
        centers = LOWEST_HZ * 2 ** (torch.arange(BANDS) / 3)[:, None]
        filters = ((hz >= centers * 2 ** (-1 / 6)) & (hz < centers * 2 ** (1 / 6))).float()
        self.register_buffer("filters", filters, persistent=False)
        self.frames = round(SEGMENT_S * sample_rate / (WINDOW // 2))

    def forward(self, pair: Pair) -> Tensor:
        """Scalar: 0 for equal envelopes, about 1 for unrelated ones."""
        estimate, target = pair.spectra(WINDOW)
        floor = 1e-3 * reduce(self.filters @ target.power, "b f t -> b f 1", "mean") + 1e-10
        e, t = (
            (self.filters @ s.power + floor).sqrt().unfold(-1, min(self.frames, s.power.shape[-1]), 4)
            for s in (estimate, target)
        )
        e, t = (_normalized(_normalized(x, -1), 1) for x in (e, t))
        return 1 - reduce(e * t, "b f n t -> b n t", "sum").mean()


def _normalized(x: Tensor, dim: int) -> Tensor:
    x = x - x.mean(dim, keepdim=True)
    return x / (x.norm(dim=dim, keepdim=True) + 1e-8)
