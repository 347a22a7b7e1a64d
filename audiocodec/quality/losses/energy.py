"""Energy score of log spectra: a distance of distributions, not of sounds."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import torch
from torch import Tensor, nn

from audiocodec.quality.losses.pair import Pair

FLOOR = 1e-5  # of magnitudes
ROOTS = 0.5  # weight of the difference of square roots beside that of logarithms


class EnergyLoss(nn.Module):
    """½ d(x, y1) + ½ d(x, y2) - ½ d(y1, y2) of a target x and two random draws y1, y2 of its decoding.

    A deterministic distance of log spectra is least for the median of what could have been: for noise a flat, dull
    buzz. The term between the draws rewards those that differ as recordings do; the expectation is least where the
    draws have the target's distribution, given the codes. See [Gneiting and Raftery,
    2007](https://doi.org/10.1198/016214506000001437) for the score and [Gritsenko et al.,
    2020](https://arxiv.org/abs/2008.01160) for its use in speech synthesis. Where there is one draw only, it is d.

    d is the mean over frames of the root mean square difference of log10 magnitudes (a norm, not its square: else the
    score is blind to the shape of a distribution), plus a share of the mean difference of their square roots.

    Args:
        sample_rate: Hz.
        windows: STFT lengths in samples.
        emphasis: weight of the bins from a frequency in Hz up to the next one named.
    """

    def __init__(self, sample_rate: int, windows: Sequence[int], emphasis: Mapping[float, float] | None = None) -> None:
        super().__init__()
        self.windows = tuple(windows)
        for window in self.windows:
            hz = torch.linspace(0, sample_rate / 2, window // 2 + 1)
            weights = torch.ones_like(hz)
            for first, weight in sorted((emphasis or {}).items()):
                weights[hz >= float(first)] = float(weight)
            self.register_buffer(f"weights_{window}", (weights / weights.mean())[:, None], persistent=False)

    def forward(self, pair: Pair) -> Tensor:
        """Scalar, about in decades."""
        scores = []
        for window in self.windows:
            weights = getattr(self, f"weights_{window}")
            estimate, target = pair.spectra(window)
            x, y = _Levels(target.power), _Levels(estimate.power)
            scale = x.root.mean() + 1e-4
            score = _distance(x, y, weights, scale)
            if pair.second is not None:
                other = _Levels(pair.second_spectrum(window).power)
                score = (score + _distance(x, other, weights, scale) - _distance(y, other, weights, scale)) / 2
            scores.append(score)
        return torch.stack(scores).mean()


class _Levels:
    """Logarithms and square roots of the magnitudes of a power spectrum, "b f t" each."""

    def __init__(self, power: Tensor) -> None:
        magnitude = (power + 1e-14).sqrt()
        self.log, self.root = torch.log10(magnitude + FLOOR), (magnitude + FLOOR).sqrt()


def _distance(a: _Levels, b: _Levels, weights: Tensor, scale: Tensor) -> Tensor:
    norm = ((a.log - b.log).square() * weights).mean(1).add(1e-12).sqrt().mean()
    return norm + ROOTS * ((a.root - b.root).abs() * weights).mean() / scale
