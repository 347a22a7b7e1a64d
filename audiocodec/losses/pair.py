"""An estimate beside its target, with spectra computed once for all losses."""

from __future__ import annotations

import torch
from einops import rearrange
from torch import Tensor


class Pair:
    """What the losses compare.

    Args:
        estimate: "b 1 t".
        target: "b 1 t".
    """

    def __init__(self, estimate: Tensor, target: Tensor) -> None:
        assert estimate.shape == target.shape
        self.estimate, self.target = estimate, target
        self._spectra: dict[int, tuple[Tensor, Tensor]] = {}

    def spectra(self, n_fft: int) -> tuple[Tensor, Tensor]:
        """Complex STFT of estimate and target, "b f t", Hann window, hop n_fft / 4."""
        if n_fft not in self._spectra:
            both = rearrange(torch.stack([self.estimate, self.target]).float(), "p b 1 t -> (p b) t")
            window = torch.hann_window(n_fft, device=both.device)
            both = torch.stft(both, n_fft, n_fft // 4, window=window, normalized=True, return_complex=True)
            estimate, target = both.chunk(2)
            self._spectra[n_fft] = (estimate, target.detach())
        return self._spectra[n_fft]
