"""Multi-scale log-mel distance."""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor, nn
from torchaudio.functional import melscale_fbanks

from audiocodec.quality.losses.pair import Pair


class MelLoss(nn.Module):
    """Mean absolute difference of log10 mel spectra, averaged over window lengths.

    See [DAC, Kumar et al., 2023](https://arxiv.org/abs/2306.06546), whose windows 32 ... 2048
    have 5 ... 320 mel bands.

    Args:
        sample_rate: Hz.
        windows: STFT lengths in samples.
        bands: mel bands for each window.
        floor: magnitudes below it count as equal.
    """

    def __init__(self, sample_rate: int, windows: Sequence[int], bands: Sequence[int], floor: float = 1e-5) -> None:
        super().__init__()
        self.windows, self.floor = tuple(windows), floor
        for window, n_mels in zip(windows, bands, strict=True):
            filters = melscale_fbanks(window // 2 + 1, 0.0, sample_rate / 2, n_mels, sample_rate, "slaney", "slaney")
            filters = filters / filters.sum(0).clamp_min(1e-9)
            self.register_buffer(f"filters_{window}", filters.T.contiguous(), persistent=False)

    def forward(self, pair: Pair) -> Tensor:
        """Scalar, in decades (1 = a factor of 10 in magnitude)."""
        distances = []
        for window in self.windows:
            filters = getattr(self, f"filters_{window}")
            estimate, target = (
                torch.log10(filters @ (s.power + 1e-14).sqrt() + self.floor) for s in pair.spectra(window)
            )
            distances.append((estimate - target).abs().mean())
        return torch.stack(distances).mean()
