"""Distance of compressed complex spectra: phase counts, quiet parts too."""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor, nn

from audiocodec.quality.losses.pair import Pair, Spectrum


class ComplexSTFTLoss(nn.Module):
    """Mean squared difference of spectra whose magnitudes are raised to a power below 1.

    The compression keeps loud partials from hiding everything else, as hearing does
    (see [Braun and Tashev, 2021](https://arxiv.org/abs/2009.12286)).

    Args:
        windows: STFT lengths in samples.
        power: exponent of the magnitudes.
    """

    needs_phase = True

    def __init__(self, windows: Sequence[int], power: float = 0.3) -> None:
        super().__init__()
        self.windows, self.power = tuple(windows), power

    def _compress(self, spectrum: Spectrum) -> tuple[Tensor, Tensor]:
        """Real and imaginary part, "b f t" each."""
        gain = (spectrum.power + 1e-8) ** ((self.power - 1) / 2)
        return spectrum.real * gain, spectrum.imag * gain

    def forward(self, pair: Pair) -> Tensor:
        """Scalar, averaged over windows."""
        distances = []
        for window in self.windows:
            estimate, target = map(self._compress, pair.spectra(window))
            distances += [(e - t).square().mean() for e, t in zip(estimate, target, strict=True)]
        return torch.stack(distances).sum() / len(self.windows)
