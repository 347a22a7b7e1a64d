"""Targets with more contrast between harmonics and what lies between them."""

from __future__ import annotations

import torch
from torch import Tensor
from torch.nn import functional as F

WINDOW, AROUND = 512, 9  # samples; bins that count as neighbours
FLOOR = 1e-6


def sharpened(waveform: Tensor, exponent: float, bins: int) -> Tensor:
    """A waveform "b 1 t" whose bins below `bins` of an STFT of 512 stand out more from their neighbours.

    A decoder of a few kbit/s answers with the mean of what the codes leave open, in which harmonics are weaker and the
    valleys between them fuller than in any voice. A target that errs as far to the other side makes up for part of
    it. Each bin is multiplied by (magnitude / geometric mean of 9 bins around) ** exponent, and every
    neighbourhood keeps its power: the post-filters of speech coders ([Chen and Gersho,
    1995](https://doi.org/10.1109/89.365380)) do the same behind the decoder, at the cost of delay.

    Args:
        waveform: at 16 kHz, or bins are as much wider.
        exponent: 0 changes nothing.
        bins: 128 are 4 kHz at 16 kHz.
    """
    window = torch.hann_window(WINDOW, device=waveform.device)
    spectrum = torch.stft(waveform[:, 0], WINDOW, WINDOW // 4, window=window, return_complex=True)
    magnitude = spectrum[:, :bins].abs() + FLOOR
    gain = (exponent * (magnitude.log() - _smooth(magnitude.log()))).exp()
    power = magnitude.square()
    gain = gain * (_smooth(power) / _smooth(power * gain.square())).sqrt()
    changed = torch.cat([spectrum[:, :bins] * gain, spectrum[:, bins:]], dim=1)
    return torch.istft(changed, WINDOW, WINDOW // 4, window=window, length=waveform.shape[-1])[:, None]


def _smooth(x: Tensor) -> Tensor:
    """Mean over neighbouring bins of "b f t"."""
    return F.avg_pool2d(x[:, None], (AROUND, 1), 1, (AROUND // 2, 0), count_include_pad=False)[:, 0]
