"""Where sound comes from: blocks "t", float32, at the rate of the model."""

from __future__ import annotations

import logging
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

import numpy as np

from audiocodec import audio
from audiocodec.live import devices

logger = logging.getLogger(__name__)

CANCELLED = 1e-3  # share of the energy that is left of channels out of phase


@dataclass(frozen=True)
class Source:
    """Sound coming in.

    Attributes:
        blocks: "t" each, of any length.
        paced: whether they come in real time by themselves.
    """

    blocks: Iterator[np.ndarray]
    paced: bool


def cut(blocks: Iterable[np.ndarray], length: int) -> Iterator[np.ndarray]:
    """The same sound in blocks of at most `length` samples."""
    for block in blocks:
        for start in range(0, len(block), length):
            yield block[start : start + length]


def file_source(path: Path, sample_rate: int, block: int) -> Source:
    """A sound file, its channels mixed; a warning tells if they cancel each other out.

    Raises:
        AudioError: see `audio.AudioReader`; while it is being read.
    """
    return Source(cut(_mixed(path, sample_rate), block), paced=False)


def _mixed(path: Path, sample_rate: int) -> Iterator[np.ndarray]:
    before = after = 0.0  # energies
    for wav in audio.stream_resampled(path, sample_rate):
        mean = wav.mean(axis=0)
        before, after = before + float(np.square(wav).mean(axis=0).sum()), after + float(np.square(mean).sum())
        yield mean
    if after < CANCELLED * before:
        logger.warning("%s: its channels are out of phase and cancel each other out, little of it is left", path)


def pipe_source(stream: BinaryIO, rate: int, sample_rate: int, block: int) -> Source:
    """Raw samples from a pipe: 16-bit little-endian, one channel, `rate` Hz."""
    bytes_at_once = 2 * max(1, block * rate // sample_rate)

    def samples() -> Iterator[np.ndarray]:
        rest = b""
        while data := _read(stream, bytes_at_once):
            data = rest + data
            whole = len(data) - len(data) % 2
            rest = data[whole:]
            yield np.frombuffer(data[:whole], "<i2").astype(np.float32)[None] / 32768

    resampled = audio.resample_blocks(samples(), rate, sample_rate, 1)
    return Source(cut((wav[0] for wav in resampled), block), paced=False)


def _read(stream: BinaryIO, size: int) -> bytes:
    """What is there, at most `size` bytes, waiting for one at least; none at the end."""
    read = getattr(stream, "read1", stream.read)
    return bytes(read(size))


def microphone_source(sample_rate: int, block: int, device: str | None) -> Source:
    """A microphone.

    Raises:
        AudioError, MissingExtraError: see `devices.open_stream`; while it is read: the device went away, or gives
            what is no sound.
    """
    stream = devices.open_stream("InputStream", sample_rate, block, device)

    def samples() -> Iterator[np.ndarray]:
        overflows = 0
        try:
            while True:
                with devices.going("the microphone"):
                    heard, overflowed = stream.read(block)
                overflows += bool(overflowed)
                audio.check_samples(heard, "the microphone")
                yield heard[:, 0].copy()
        finally:
            stream.close()
            if overflows:
                logger.warning("the microphone was read too late %d times, sound is missing there", overflows)

    return Source(samples(), paced=True)
