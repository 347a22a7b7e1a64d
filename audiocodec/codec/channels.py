"""Two channels as one row of codes: two signals made of them, the second with half as many codebooks.

Left and right of music are mostly the same, so mid = (left + right) / 2 takes most of the bits, and
side = (left - right) / 2 few. Where one channel is silent, or each has a sound of its own, left and right themselves
are better: neither is heard in the other. `choose_way` decides for the whole sound. The codebooks of the two signals
lie in turns, first second first first second first ..., so that the first so many of a row are always those worth most.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import chain
from typing import Any, TypeVar

import numpy as np

from audiocodec import audio
from audiocodec._util.arrays import as_array
from audiocodec.errors import AudioError
from audiocodec.model.info import ModelInfo
from audiocodec.tokens.joint import Joint

Depth = TypeVar("Depth", int, np.ndarray)
HEARD_S = 60.0  # of the beginning, by which the way is chosen
FRAME_S, BANDS = 0.046, 24  # of the spectra that are compared
FLOOR = 1e-7  # of the power of the loudest spectrum; softer bands need no bits
MARGIN = 0.1  # by which left and right must be better, in nats of a band


def is_second(num_codebooks: int) -> np.ndarray:
    """Which codebooks of a row are of the second signal, "q"."""
    return np.arange(num_codebooks) % 3 == 1


def depths(num_codebooks: Depth) -> tuple[Depth, Depth]:
    """Codebooks of the first and of the second signal; of a number of them, or of one for each frame, "t"."""
    second = (num_codebooks + 1) // 3
    return num_codebooks - second, second


def to_signals(wav: np.ndarray, way: Joint) -> np.ndarray:
    """Left and right, "2 t" -> the two signals of a way, "2 t"."""
    if way == Joint.MID_SIDE:
        return np.stack([wav[0] + wav[1], wav[0] - wav[1]]) / 2
    return wav if way == Joint.LEFT_RIGHT else wav[::-1]


def to_left_right(wav: np.ndarray, way: Joint) -> np.ndarray:
    """Inverse of `to_signals`."""
    if way == Joint.MID_SIDE:
        return np.stack([wav[0] + wav[1], wav[0] - wav[1]])
    return wav if way == Joint.LEFT_RIGHT else wav[::-1]


def choose_way(wav: np.ndarray, sample_rate: int) -> Joint:
    """The way that leaves less to be coded, by the first `HEARD_S` of left and right, "2 t"."""
    wav = wav[:, : int(HEARD_S * sample_rate)]
    size = round(FRAME_S * sample_rate)
    frames = wav[:, : wav.shape[1] // size * size].reshape(2, -1, size) * np.hanning(size).astype(np.float32)
    if not frames.size:
        return Joint.MID_SIDE
    spectra = np.fft.rfft(frames)
    pairs = np.stack([spectra, np.stack([spectra[0] + spectra[1], spectra[0] - spectra[1]]) / np.sqrt(2)])
    edges = np.unique(np.geomspace(1, spectra.shape[2], BANDS + 1).astype(int))
    power = np.add.reduceat(np.square(np.abs(pairs)), edges[:-1], axis=-1)  # way signal frame band
    if not power.any():
        return Joint.MID_SIDE
    bits = np.log(power + FLOOR * power.sum(-1).max()).mean((2, 3))
    if bits[0].sum() > bits[1].sum() - 2 * MARGIN:
        return Joint.MID_SIDE
    return Joint.LEFT_RIGHT if bits[0, 0] >= bits[0, 1] else Joint.RIGHT_LEFT


def peek_joint(
    blocks: Iterable[np.ndarray], channels: int, sample_rate: int, info: ModelInfo
) -> tuple[Iterator[np.ndarray], Joint]:
    """All blocks "c t" of a sound, and how its channels become rows; not more than `HEARD_S` is read for that.

    Raises:
        AudioError: the sound cannot be read.
    """
    joint, blocks = info.joint(channels), iter(blocks)
    if not joint:
        return blocks, joint
    heard = [np.zeros((2, 0), np.float32)]
    while sum(block.shape[1] for block in heard) < HEARD_S * sample_rate:
        block = next(blocks, None)
        if block is None:
            break
        heard.append(block)
    return chain(heard, blocks), choose_way(np.concatenate(heard, axis=1), sample_rate)


def join(first: np.ndarray, second: np.ndarray) -> np.ndarray:
    """Codes of two signals, "q t" each -> a row, "1 q t"."""
    row = np.empty((1, len(first) + len(second), first.shape[1]), first.dtype)
    of_second = is_second(row.shape[1])
    row[0, ~of_second], row[0, of_second] = first, second
    return row


def split(row: np.ndarray) -> list[np.ndarray]:
    """Inverse of `join`."""
    of_second = is_second(row.shape[1])
    return [row[0, ~of_second], row[0, of_second]]


@dataclass(frozen=True)
class Rows:
    """What of a sound goes through a model, and how the codes of that become rows.

    Attributes:
        channels: of the sound.
        num_codebooks: of a row of codes.
        joint: how two channels become one row.
    """

    channels: int
    num_codebooks: int
    joint: Joint

    @property
    def depths(self) -> list[int]:
        """Codebooks of each of what goes through."""
        return list(depths(self.num_codebooks)) if self.joint else [self.num_codebooks] * self.channels

    def depths_of(self, of_rows: np.ndarray) -> list[np.ndarray]:
        """Depths of the frames of rows, "r t" -> of each of what goes through, "t"."""
        return list(depths(of_rows[0]) if self.joint else of_rows)

    def inputs(self, block: np.ndarray) -> list[np.ndarray]:
        """Samples "c t" -> what goes through, "t" each."""
        return list(to_signals(block, self.joint) if self.joint else block)

    def join(self, codes: Sequence[np.ndarray]) -> np.ndarray:
        """Codes of each, "q t" -> "r q t"."""
        return join(*codes) if self.joint else np.stack(codes)


def as_channels(wav: Any) -> np.ndarray:
    """Any array of samples to float32 "c t".

    Raises:
        AudioError: not one or two axes, no or too many channels, not numbers, NaN or infinity, or values far outside
            [-1, 1].
    """
    try:
        array = as_array(wav)
    except (TypeError, ValueError, RuntimeError) as error:
        raise AudioError(f"wav must be floats 't' or 'c t' ({str(error).splitlines()[0]})") from error
    if array.ndim not in (1, 2) or not np.issubdtype(array.dtype, np.floating):
        number = "; a list is a batch of sounds: give one sound as an array" if array.ndim == 0 else ""
        raise AudioError(f"wav must be floats 't' or 'c t', got {array.dtype} of shape {array.shape}{number}")
    array = np.atleast_2d(array).astype(np.float32)
    if not 1 <= len(array) <= audio.MAX_CHANNELS:
        raise AudioError(f"wav has {len(array)} channels ('c t'); 1 to {audio.MAX_CHANNELS} can be coded")
    audio.check_samples(array, "wav")
    return array
