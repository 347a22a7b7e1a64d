"""Where sound goes: blocks "t", float32, at the rate of the model."""

from __future__ import annotations

from pathlib import Path
from typing import BinaryIO, Protocol

import numpy as np

from audiocodec import audio
from audiocodec.live import devices


class Sink(Protocol):
    """Takes sound.

    Attributes:
        paced: whether `write` waits as long as the sound lasts.
    """

    paced: bool

    def write(self, samples: np.ndarray) -> None:
        """samples: "t"."""

    def close(self) -> None:
        """Finish."""


class PipeSink:
    """Raw samples to a pipe: 16-bit little-endian, one channel, `rate` Hz; flushed after each block."""

    def __init__(self, stream: BinaryIO, rate: int, sample_rate: int) -> None:
        self.paced = False
        self._stream, self._resampler = stream, audio.Resampler(sample_rate, rate, 1)

    def write(self, samples: np.ndarray, last: bool = False) -> None:
        ready = self._resampler.push(samples[None], last)[0]
        self._stream.write(audio.to_int16(ready).tobytes())
        self._stream.flush()

    def close(self) -> None:
        self.write(np.zeros(0, np.float32), last=True)


class FileSink:
    """A sound file, its format told by `suffix`.

    Args:
        path: where to write.
        sample_rate: Hz.
        suffix: see `audio.AudioWriter`.
        name: of the file, for messages; by default its path.

    Attributes:
        samples: written so far.

    Raises:
        OutputError: see `audio.AudioWriter`.
    """

    def __init__(self, path: Path, sample_rate: int, suffix: str, name: Path | None = None) -> None:
        self.paced, self.samples = False, 0
        self._writer = audio.AudioWriter(path, sample_rate, 1, suffix, name=name)

    def write(self, samples: np.ndarray) -> None:
        self._writer.write(samples[None])
        self.samples += len(samples)

    def close(self) -> None:
        self._writer.close()


class SpeakerSink:
    """A loudspeaker.

    Raises:
        AudioError, MissingExtraError: see `devices.open_stream`; `write`: the device went away.
    """

    def __init__(self, sample_rate: int, block: int, device: str | None) -> None:
        self.paced = True
        self._stream = devices.open_stream("OutputStream", sample_rate, block, device)

    def write(self, samples: np.ndarray) -> None:
        with devices.going("the loudspeaker"):
            self._stream.write(np.clip(samples, -1, 1)[:, None])

    def close(self) -> None:
        with devices.going("the loudspeaker"):
            self._stream.stop()  # plays what is left
            self._stream.close()
