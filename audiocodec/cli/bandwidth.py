"""Notices sound that a model cannot keep, from a small part of what is read anyway."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import numpy as np

from audiocodec.audio import AudioReader

WINDOW = 2048
EVERY = 8  # of this many windows one is looked at
AUDIBLE_RATE = 32_000  # a model of at least this rate misses nothing worth a word
LEAST_DB = -40.0  # power above the model's band, to the power of all, from which it is noted
HIGHER_BAND_MODEL = "music-44k"


class WatchedReader(AudioReader):
    """A reader that measures, in passing, how much of the sound lies above what a model keeps.

    Args:
        path: of the sound.
        model_rate: sample rate of the model, Hz.
        model: its name.
    """

    def __init__(self, path: Path, model_rate: int, model: str) -> None:
        super().__init__(path)
        self._model_rate, self._model = model_rate, model
        self._power = np.zeros(2)  # above the band, and in all

    def __iter__(self) -> Iterator[np.ndarray]:
        """As of `AudioReader`."""
        watch = self.sample_rate > self._model_rate < AUDIBLE_RATE
        for block in super().__iter__():
            if watch:
                self._power += power_above(block, self.sample_rate, self._model_rate / 2)
            yield block

    def notes(self) -> tuple[str, ...]:
        """A sentence if there is sound above the band."""
        above, total = self._power
        if not above > total * 10 ** (LEAST_DB / 10):
            return ()
        return (
            f"holds sound above {self._model_rate / 2000:g} kHz, which {self._model} does not keep; "
            f"{HIGHER_BAND_MODEL} does (-m {HIGHER_BAND_MODEL})",
        )


def power_above(block: np.ndarray, rate: int, edge_hz: float) -> np.ndarray:
    """Power of some windows of a block "c t", channels averaged: above `edge_hz`, and all."""
    used = block.shape[1] // (WINDOW * EVERY) * WINDOW * EVERY
    if not used:
        used = block.shape[1] // WINDOW * WINDOW
        chosen = block[:, :used].reshape(len(block), -1, WINDOW)
    else:
        chosen = block[:, :used].reshape(len(block), -1, EVERY, WINDOW)[:, :, 0]
    spectrum = np.abs(np.fft.rfft(chosen.mean(0) * np.hanning(WINDOW))) ** 2
    bins = np.fft.rfftfreq(WINDOW, 1 / rate)
    audible = spectrum.sum(0) * (bins > 50)  # a constant offset is not sound
    return np.array([audible[bins > edge_hz].sum(), audible.sum()])
