"""How far a decoded sound is from the original, frame by frame."""

from __future__ import annotations

import numpy as np

WINDOW_S, HOP_S = 0.032, 0.01  # of the spectra that are compared
BANDS = 60  # mel
FLOOR, QUIET = 1e-4, 1e-9  # softest magnitude that differs from silence; of powers in loudness
LOUDNESS = 0.23  # of loudness on power
LOG_SHARE = 7.0  # of the mean difference of log magnitudes
LOUD_SHARE = 300.0  # of the mean squared difference of loudness


def mel_filters(bands: int, size: int, sample_rate: int) -> np.ndarray:
    """Triangles of equal width on the mel scale, each of sum 1, over the bins of an FFT of `size`, "bands bins"."""
    top = 2595 * np.log10(1 + sample_rate / 2 / 700)
    edges = 700 * (10 ** (np.linspace(0, top, bands + 2) / 2595) - 1)
    hz = np.arange(size // 2 + 1) * sample_rate / size
    width = np.maximum(np.diff(edges), sample_rate / size)  # a band has a bin, however narrow
    rising, falling = (hz - edges[:-2, None]) / width[:-1, None], (edges[2:, None] - hz) / width[1:, None]
    triangles = np.clip(np.minimum(rising, falling), 0, None)
    nearest = np.abs(hz - edges[1:-1, None]) == np.abs(hz - edges[1:-1, None]).min(1, keepdims=True)
    triangles = np.where(triangles.any(1, keepdims=True), triangles, nearest)
    filters: np.ndarray = (triangles / triangles.sum(1, keepdims=True)).astype(np.float32)
    return filters


class HeardErrors:
    """Compares an original with several versions of it, piece by piece.

    Args:
        versions: how many.
        channels: of the sound.
        sample_rate: Hz.
    """

    def __init__(self, versions: int, channels: int, sample_rate: int) -> None:
        self.window, self.hop = round(WINDOW_S * sample_rate), round(HOP_S * sample_rate)
        self._hann = np.hanning(self.window + 2)[1:-1].astype(np.float32)
        self._hann /= np.sqrt(np.square(self._hann).sum())
        self._filters = mel_filters(BANDS, self.window, sample_rate)
        self._pending = np.zeros((1 + versions, channels, 0), np.float32)
        self._found: list[np.ndarray] = []

    def push(self, sounds: np.ndarray) -> None:
        """sounds: "(1 + versions) channels t", the original first; all aligned."""
        self._pending = np.concatenate([self._pending, sounds], axis=2)
        count = (self._pending.shape[2] - self.window) // self.hop + 1
        if count > 0:
            self._found.append(self._compare(count))
            self._pending = self._pending[:, :, count * self.hop :]

    def _compare(self, count: int) -> np.ndarray:
        """Errors of the next spectra, "versions channels count"."""
        frames = np.lib.stride_tricks.sliding_window_view(self._pending, self.window, axis=2)[:, :, :: self.hop]
        power = np.square(np.abs(np.fft.rfft(frames[:, :, :count] * self._hann, axis=-1))).astype(np.float32)
        bands = power @ self._filters.T
        logs, loud = np.log10(np.maximum(np.sqrt(bands), FLOOR)), (bands + QUIET) ** LOUDNESS
        distance = LOG_SHARE * np.abs(logs[1:] - logs[0]).mean(-1)
        errors: np.ndarray = distance + LOUD_SHARE * np.square(loud[1:] - loud[0]).mean(-1)
        return errors.astype(np.float32)

    def by_frame(self, hop_length: int, frames: int) -> np.ndarray:
        """Mean errors in the samples that each frame of a codec is heard in, "versions channels frames"."""
        errors = np.concatenate(self._found, axis=2)
        sums = np.concatenate([np.zeros((*errors.shape[:2], 1)), np.cumsum(errors, axis=2, dtype=np.float64)], axis=2)
        begin = np.arange(frames) * hop_length - self.window // 2  # of the frame, on the scale of the windows' starts
        first = np.clip(-(-(begin - self.hop) // self.hop), 0, errors.shape[2] - 1)
        end = np.clip((begin + hop_length + 2 * self.hop) // self.hop, first + 1, errors.shape[2])
        mean: np.ndarray = (sums[:, :, end] - sums[:, :, first]) / (end - first)
        return mean
