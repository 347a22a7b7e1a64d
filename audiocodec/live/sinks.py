"""Audio outputs: blocks "c t", float32, at the rate of the model."""

from __future__ import annotations

from pathlib import Path
from typing import BinaryIO, Protocol

import numpy as np

from audiocodec import audio
from audiocodec.live import devices


class Sink(Protocol):
    """An audio output.

    Attributes:
        paced: whether `write` waits as long as the audio lasts.
    """

    paced: bool

    def write(self, samples: np.ndarray) -> None:
        """samples: "c t"."""

    def close(self) -> None:
        """Finish."""


class PipeSink:
    """Raw samples to a pipe: 16-bit little-endian, channels interleaved, `rate` Hz; flushed after each block."""

    def __init__(self, stream: BinaryIO, rate: int, sample_rate: int, channels: int = 1) -> None:
        self.paced, self._channels = False, channels
        self._stream, self._resampler = stream, audio.Resampler(sample_rate, rate, channels)

    def write(self, samples: np.ndarray, last: bool = False) -> None:
        ready = self._resampler.push(samples, last)
        self._stream.write(audio.to_int16(ready.T).tobytes())
        self._stream.flush()

    def close(self) -> None:
        self.write(np.zeros((self._channels, 0), np.float32), last=True)


class FileSink:
    """An audio file; its format follows from `suffix`.

    Args:
        path: where to write.
        sample_rate: Hz.
        suffix: see `audio.AudioWriter`.
        channels: of what is written.
        name: of the file, for messages; by default its path.

    Attributes:
        samples: written so far.

    Raises:
        OutputError: see `audio.AudioWriter`.
    """

    def __init__(self, path: Path, sample_rate: int, suffix: str, channels: int = 1, name: Path | None = None) -> None:
        self.paced, self.samples = False, 0
        self._writer = audio.AudioWriter(path, sample_rate, channels, suffix, name=name)

    def write(self, samples: np.ndarray) -> None:
        self._writer.write(samples)
        self.samples += samples.shape[1]

    def close(self) -> None:
        self._writer.close()


class SpeakerSink:
    """A loudspeaker.

    Raises:
        AudioError, MissingExtraError: see `devices.open_stream`; `write`: the device went away.
    """

    def __init__(self, sample_rate: int, block: int, device: str | None, channels: int = 1) -> None:
        self.paced = True
        self._stream, rate = devices.open_stream("OutputStream", sample_rate, block, device, channels)
        self._resampler = audio.Resampler(sample_rate, rate, channels)

    def write(self, samples: np.ndarray) -> None:
        ready = self._resampler.push(samples)
        if ready.shape[1]:
            with devices.going("the loudspeaker"):
                self._stream.write(np.ascontiguousarray(np.clip(ready, -1, 1).T))

    def close(self) -> None:
        with devices.going("the loudspeaker"):
            self._stream.stop()  # plays the rest
            self._stream.close()
