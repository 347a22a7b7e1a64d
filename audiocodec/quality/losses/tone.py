"""The level of a lone tone."""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor, nn
from torch.nn.functional import avg_pool1d

from audiocodec.quality.losses.pair import Pair

FLOOR = 1e-10  # of powers
MISSING = 1e-3  # share of a peak's power at which it counts as missing: a logarithm without it has no end
WIDTH = 3  # bins over which a tone spreads in a Hann window


class ToneLoss(nn.Module):
    """Difference in level at the loudest bins of a spectrum, weighted by how much of the power they hold.

    Losses that average over bands weigh a lone tone as one band among a hundred, and a decoder that leaves it out
    loses next to nothing. Here it is all that counts; noise and dense chords, whose loudest bins hold a small share,
    count next to nothing.

    Args:
        windows: STFT lengths in samples.
    """

    def __init__(self, windows: Sequence[int] = (1024, 4096)) -> None:
        super().__init__()
        self.windows = tuple(windows)

    def forward(self, pair: Pair) -> Tensor:
        """Scalar, in decades of magnitude."""
        return torch.stack([_distance(*(s.power for s in pair.spectra(window))) for window in self.windows]).mean()


def _distance(estimate: Tensor, target: Tensor) -> Tensor:
    """estimate, target: power spectra "b f t"."""
    e, t = (WIDTH * avg_pool1d(x.mT, WIDTH, stride=1) for x in (estimate, target))
    peak, loudest = t.max(-1, keepdim=True)
    share = peak[..., 0] / (target.sum(1) + FLOOR)
    floor = MISSING * peak[..., 0] + FLOOR
    ratio = (e.gather(-1, loudest)[..., 0] + floor) / (peak[..., 0] + floor)
    return (share.square() * 0.5 * torch.log10(ratio).abs()).mean()
