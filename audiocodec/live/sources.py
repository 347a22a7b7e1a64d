"""Audio inputs: blocks "c t", float32, at the rate of the model."""

from __future__ import annotations

import logging
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

import numpy as np

from audiocodec import audio
from audiocodec.errors import AudioError
from audiocodec.live import devices

logger = logging.getLogger(__name__)

CANCELLED = 1e-3  # fraction of the energy below which channels count as out of phase


@dataclass(frozen=True)
class Source:
    """An audio input.

    Attributes:
        blocks: "c t" each, of any length.
        paced: whether they arrive in real time.
    """

    blocks: Iterator[np.ndarray]
    paced: bool


def cut(blocks: Iterable[np.ndarray], length: int) -> Iterator[np.ndarray]:
    """The same audio in blocks "c t" of at most `length` samples."""
    for block in blocks:
        for start in range(0, block.shape[1], length):
            yield block[:, start : start + length]


def file_source(path: Path, sample_rate: int, block: int, channels: int = 1, high_pass: float = 0.0) -> Source:
    """An audio file. For one channel, those of the file are mixed down, with a warning, and one if they cancel out.

    Here and in the other sources, sound is filtered below `high_pass` Hz as `Codec.encode_file` does.

    Raises:
        AudioError: see `audio.AudioReader`; while it is being read; the file has another number of channels than
            `channels`, which is more than 1.
    """
    blocks = (
        _mixed(path, sample_rate, high_pass) if channels == 1 else _channels(path, sample_rate, channels, high_pass)
    )
    return Source(cut(blocks, block), paced=False)


def _channels(path: Path, sample_rate: int, channels: int, high_pass: float) -> Iterator[np.ndarray]:
    for wav in audio.stream_resampled(path, sample_rate, high_pass):
        if len(wav) not in (1, channels):
            raise AudioError(f"{path}: has {len(wav)} channels, {channels} were asked for")
        yield np.broadcast_to(wav, (channels, wav.shape[1]))


def _mixed(path: Path, sample_rate: int, high_pass: float) -> Iterator[np.ndarray]:
    before = after = 0.0  # energies
    with audio.AudioReader(path) as reader:
        if reader.channels > 1:
            logger.warning("%s: its %d channels are mixed to one", path, reader.channels)
        sound = audio.high_passed(reader, reader.sample_rate, high_pass)
        for wav in audio.resample_blocks(sound, reader.sample_rate, sample_rate, reader.channels):
            mean = wav.mean(axis=0, keepdims=True)
            before, after = before + float(np.square(wav).mean(axis=0).sum()), after + float(np.square(mean).sum())
            yield mean
    if after < CANCELLED * before:
        logger.warning("%s: its channels are out of phase and cancel each other out, little of it is left", path)


def pipe_source(
    stream: BinaryIO, rate: int, sample_rate: int, block: int, channels: int = 1, high_pass: float = 0.0
) -> Source:
    """Raw samples from a pipe: 16-bit little-endian, channels interleaved, `rate` Hz.

    A pipe that ends within a sample is warned of.
    """
    width = 2 * channels
    bytes_at_once = width * max(1, block * rate // sample_rate)

    def samples() -> Iterator[np.ndarray]:
        rest = b""
        while data := _read(stream, bytes_at_once):
            data = rest + data
            whole = len(data) - len(data) % width
            rest = data[whole:]
            yield np.frombuffer(data[:whole], "<i2").reshape(-1, channels).T.astype(np.float32) / 32768
        if rest:
            logger.warning("the raw audio does not end with a whole sample of %d bytes: %d left out", width, len(rest))

    sound = audio.high_passed(samples(), rate, high_pass)
    return Source(cut(audio.resample_blocks(sound, rate, sample_rate, channels), block), paced=False)


def _read(stream: BinaryIO, size: int) -> bytes:
    """The available bytes, at most `size`; waits for at least one; empty at the end."""
    read = getattr(stream, "read1", stream.read)
    return bytes(read(size))


def microphone_source(
    sample_rate: int, block: int, device: str | None, channels: int = 1, high_pass: float = 0.0
) -> Source:
    """A microphone.

    Raises:
        AudioError, MissingExtraError: see `devices.open_stream`; while it is read: the device went away, or gives
            NaN or infinite samples.
    """
    stream, rate = devices.open_stream("InputStream", sample_rate, block, device, channels)
    size = round(block * rate / sample_rate)

    def samples() -> Iterator[np.ndarray]:
        overflows = 0
        try:
            while True:
                with devices.going("the microphone"):
                    heard, overflowed = stream.read(size)
                overflows += bool(overflowed)
                audio.check_samples(heard, "the microphone")
                yield heard.T.copy()
        finally:
            stream.close()
            if overflows:
                logger.warning("the microphone was read too late %d times, audio is missing there", overflows)

    sound = audio.high_passed(samples(), rate, high_pass)
    return Source(audio.resample_blocks(sound, rate, sample_rate, channels), paced=True)
