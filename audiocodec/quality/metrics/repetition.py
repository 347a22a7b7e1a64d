"""Whether a decode repeats itself from frame to frame."""

from __future__ import annotations

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view

ABOVE_HZ, LAG_S, PIECE_S = 2000.0, 0.02, 0.02
AUDIBLE = 1e-3  # share of the loudest piece's energy


def repetition(reference: np.ndarray, estimate: np.ndarray, sample_rate: int) -> float:
    """Correlation of the estimate above 2 kHz with itself 20 ms later; the reference is not looked at.

    Voices have .01 to .02. A decoder that writes the same pattern in every frame has more, and sounds like a buzz.
    """
    spectrum = np.fft.rfft(estimate)
    spectrum[np.fft.rfftfreq(len(estimate), 1 / sample_rate) <= ABOVE_HZ] = 0
    high = np.fft.irfft(spectrum, len(estimate))
    lag, piece = (round(seconds * sample_rate) for seconds in (LAG_S, PIECE_S))
    if len(high) < lag + piece:
        return float("nan")
    first, later = (sliding_window_view(x, piece)[:: piece // 2] for x in (high[:-lag], high[lag:]))
    energy = np.linalg.norm(first, axis=1) * np.linalg.norm(later, axis=1)
    audible = energy > AUDIBLE * energy.max()
    if not audible.any():
        return float("nan")
    return float(((first * later).sum(1)[audible] / energy[audible]).mean())
