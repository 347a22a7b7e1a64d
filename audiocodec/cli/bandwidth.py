"""Detects audio above the bandwidth of a model, from a small part of the samples read anyway."""

from __future__ import annotations

import numpy as np

WINDOW = 2048
EVERY = 8  # one in this many windows is examined
LEAST_DB = -40.0  # fraction of the power above the model's band from which a note is given
HIGHER_BAND_MODEL = "audio-44k"


class BandwidthWatch:
    """Measures how much of the audio lies above the bandwidth of a model.

    Args:
        rate: of the sound, Hz.
        model_rate: sample rate of the model, Hz.
        model: its name.
    """

    def __init__(self, rate: int, model_rate: int, model: str) -> None:
        self._rate, self._model_rate, self._model = rate, model_rate, model
        self._power = np.zeros(2)  # above the band, and total

    def take(self, block: np.ndarray) -> None:
        """See `Watch`."""
        if self._rate > self._model_rate:
            self._power += power_above(block, self._rate, self._model_rate / 2)

    def note(self) -> str:
        """See `Watch`."""
        above, total = self._power
        if not above > total * 10 ** (LEAST_DB / 10):
            return ""
        return (
            f"holds sound above {self._model_rate / 2000:g} kHz, which {self._model} does not keep; "
            f"{HIGHER_BAND_MODEL} does (-m {HIGHER_BAND_MODEL})"
        )


def power_above(block: np.ndarray, rate: int, edge_hz: float) -> np.ndarray:
    """Power of some windows of a block "c t", channels averaged: above `edge_hz`, and total."""
    used = block.shape[1] // (WINDOW * EVERY) * WINDOW * EVERY
    if not used:
        used = block.shape[1] // WINDOW * WINDOW
        chosen = block[:, :used].reshape(len(block), -1, WINDOW)
    else:
        chosen = block[:, :used].reshape(len(block), -1, EVERY, WINDOW)[:, :, 0]
    spectrum = np.abs(np.fft.rfft(chosen.mean(0) * np.hanning(WINDOW))) ** 2
    bins = np.fft.rfftfreq(WINDOW, 1 / rate)
    audible = spectrum.sum(0) * (bins > 50)  # ignore a constant offset
    return np.array([audible[bins > edge_hz].sum(), audible.sum()])
