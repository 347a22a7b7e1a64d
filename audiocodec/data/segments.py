"""Random training segments out of a sample cache."""

from __future__ import annotations

import numpy as np

from audiocodec.data.cache import SampleCache


class SegmentSampler:
    """Draws batches of equally likely segments, with random gain and polarity.

    A segment never crosses from one file into the next, and one that is nearly silent is
    drawn again (at most `tries` times, so silent data still gives batches).

    Args:
        cache: where the samples are.
        segment_samples: length of a segment.
        batch_size: segments a batch.
        gain_db: gain is uniform in this range, in dB.
        seed: two samplers with one seed draw the same batches.
    """

    def __init__(
        self,
        cache: SampleCache,
        segment_samples: int,
        batch_size: int,
        gain_db: tuple[float, float] = (-10.0, 6.0),
        seed: int = 0,
    ) -> None:
        self.cache = cache
        self.segment_samples = segment_samples
        self.batch_size = batch_size
        self.gain_db = gain_db
        self.rng = np.random.default_rng(seed)
        lengths = np.diff(cache.starts)
        self._usable = np.flatnonzero(lengths >= segment_samples)
        if len(self._usable) == 0:
            self._usable = np.array([int(np.argmax(lengths))])
        self._weights = lengths[self._usable] / lengths[self._usable].sum()

    def _draw(self) -> np.ndarray:
        file = self.rng.choice(self._usable, p=self._weights)
        start, stop = self.cache.starts[file], self.cache.starts[file + 1]
        offset = start + self.rng.integers(0, max(1, stop - start - self.segment_samples + 1))
        piece = self.cache.samples[offset : min(stop, offset + self.segment_samples)]
        segment = np.zeros(self.segment_samples, np.float32)
        segment[: len(piece)] = piece.astype(np.float32) / 32768
        return segment

    def _draw_loud(self, tries: int = 5) -> np.ndarray:
        for _ in range(tries):
            segment = self._draw()
            if np.mean(segment**2) > 1e-6:  # -60 dBFS
                break
        return segment

    def batch(self) -> np.ndarray:
        """One batch, "b 1 t", float32, never clipping."""
        segments = np.stack([self._draw_loud() for _ in range(self.batch_size)])
        gain = 10 ** (self.rng.uniform(*self.gain_db, size=(self.batch_size, 1)) / 20)
        peak = np.abs(segments).max(axis=1, keepdims=True) + 1e-9
        sign = self.rng.choice([-1.0, 1.0], size=(self.batch_size, 1))
        return (segments * np.minimum(gain, 0.99 / peak) * sign).astype(np.float32)[:, None]
