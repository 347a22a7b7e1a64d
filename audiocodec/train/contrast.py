"""Targets with more contrast between harmonics and what lies between them."""

from __future__ import annotations

import torch
from torch import Tensor
from torch.nn import functional as F

WINDOW, HOP, AROUND = 512, 128, 9  # samples; bins that count as neighbours
OVERLAP = 1.5  # sum of the squares of Hann windows a quarter apart
FLOOR = 1e-6


def sharpened(waveform: Tensor, exponent: float, bins: int) -> Tensor:
    """A waveform "b 1 t" whose bins below `bins` of an STFT of 512 stand out more from their neighbours.

    A decoder of a few kbit/s answers with the mean of what the codes leave open, in which harmonics are weaker and the
    valleys between them fuller than in any voice. A target that errs as far to the other side makes up for part of
    it. Each bin is multiplied by (magnitude / geometric mean of 9 bins around) ** exponent, and every
    neighbourhood keeps its power: the post-filters of speech coders ([Chen and Gersho,
    1995](https://doi.org/10.1109/89.365380)) do the same after the decoder, at the cost of delay.

    Args:
        waveform: at 16 kHz, or bins are as much wider.
        exponent: 0 changes nothing.
        bins: 128 are 4 kHz at 16 kHz.
    """
    length = waveform.shape[-1]
    window = torch.hann_window(WINDOW, device=waveform.device)
    end = -length % HOP + WINDOW  # whole steps, and a window's length of zeros on either side
    frames = F.pad(waveform[:, 0], (WINDOW, end)).unfold(-1, WINDOW, HOP) * window
    spectrum = torch.fft.rfft(frames)
    magnitude = spectrum[..., :bins].abs() + FLOOR
    gain = (exponent * (magnitude.log() - _smooth(magnitude.log()))).exp()
    power = magnitude.square()
    gain = gain * (_smooth(power) / _smooth(power * gain.square())).sqrt()
    changed = torch.cat([spectrum[..., :bins] * gain, spectrum[..., bins:]], dim=-1)
    parts = (torch.fft.irfft(changed, WINDOW) * window).transpose(1, 2)
    total = F.fold(parts, (1, length + WINDOW + end), (1, WINDOW), stride=(1, HOP))
    return total[:, :, 0, WINDOW : WINDOW + length] / OVERLAP


def _smooth(x: Tensor) -> Tensor:
    """Mean over neighbouring bins of "b t f"."""
    return F.avg_pool1d(x, AROUND, 1, AROUND // 2, count_include_pad=False)
