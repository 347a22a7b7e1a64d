"""Pieces out of sound files, at random places: straight from the files or from a cache."""

from __future__ import annotations

import logging
from pathlib import Path
from typing import Protocol

import numpy as np
import soundfile
import soxr

from audiocodec.errors import AudioError
from audiocodec.train.data.cache import SampleCache
from audiocodec.train.data.corpus import readable

logger = logging.getLogger(__name__)


class Source(Protocol):
    """Mono samples of numbered files.

    Attributes:
        lengths: of each file, in samples at the rate of `read`.
    """

    lengths: np.ndarray

    def read(self, index: int, start: int, length: int, speed: float) -> np.ndarray:
        """A piece "t" of file `index`, float32, at most `length` samples.

        Args:
            index: of the file.
            start: first sample.
            length: samples wanted; fewer come at the end of the file.
            speed: 1.1 plays it 10 % faster and higher, and reads 10 % more of the file.

        Raises:
            AudioError: the file cannot be read there.
        """


class CacheSource:
    """Pieces of a `SampleCache`: nothing to decode.

    Args:
        cache: where the samples are.
    """

    def __init__(self, cache: SampleCache) -> None:
        self.cache = cache
        self.lengths = np.diff(cache.starts)

    def read(self, index: int, start: int, length: int, speed: float) -> np.ndarray:
        """See `Source.read`."""
        begin = self.cache.starts[index] + start
        stop = min(begin + _span(length, speed), self.cache.starts[index + 1])
        return _played(self.cache.samples[begin:stop].astype(np.float32) / 32768, speed, length)


class FileSource:
    """Pieces read by seeking in the files; only what is needed is decoded.

    Args:
        paths: any files libsndfile reads; those that do not open are logged and left out.
        sample_rate: Hz, of what `read` gives.

    Raises:
        AudioError: no file opens.
    """

    def __init__(self, paths: list[Path], sample_rate: int) -> None:
        good = readable(paths, pieces=True)
        self.paths = [path for path, _ in good]
        self.sample_rate = sample_rate
        self.lengths = np.array([int(seconds * sample_rate) for _, seconds in good])
        self._broken: set[int] = set()

    def read(self, index: int, start: int, length: int, speed: float) -> np.ndarray:
        """See `Source.read`."""
        try:
            with soundfile.SoundFile(self.paths[index]) as file:
                ratio = file.samplerate / self.sample_rate
                file.seek(min(int(start * ratio), file.frames))
                samples = file.read(_span(length, speed * ratio), dtype="float32", always_2d=True)
        except (soundfile.LibsndfileError, OSError) as error:
            if index not in self._broken:
                self._broken.add(index)
                logger.warning("skipped: %s cannot be read at sample %d (%s)", self.paths[index], start, error)
            raise AudioError(f"{self.paths[index]}: cannot be read") from error
        return _played(samples.mean(axis=1), speed * ratio, length)


def _span(length: int, speed: float) -> int:
    """Samples to read for `length` samples at `speed`; some more, for the resampler's ends."""
    return length if speed == 1 else int(length * speed) + 64


def _played(samples: np.ndarray, speed: float, length: int) -> np.ndarray:
    if speed != 1 and len(samples):
        samples = soxr.resample(samples, speed, 1.0, quality="MQ")
    return samples[:length]
