"""Joint stereo coding: mid, and side with half as many codebooks, in one row of codes.

Left and right of music are similar, so mid = (left + right) / 2 gets most of the bits, and
side = (left - right) / 2 few. Their codebooks are interleaved, mid side mid mid side mid ..., so that the
first N codebooks of a row are always the most important ones.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from audiocodec import audio
from audiocodec.errors import AudioError


def is_side(num_codebooks: int) -> np.ndarray:
    """Which codebooks of a row belong to side, "q"."""
    return np.arange(num_codebooks) % 3 == 1


def depths(num_codebooks: int) -> tuple[int, int]:
    """Codebooks of mid and of side."""
    side = int(is_side(num_codebooks).sum())
    return num_codebooks - side, side


def to_mid_side(wav: np.ndarray) -> np.ndarray:
    """Left and right, "2 t" -> mid and side, "2 t"."""
    return np.stack([wav[0] + wav[1], wav[0] - wav[1]]) / 2


def to_left_right(wav: np.ndarray) -> np.ndarray:
    """Inverse of `to_mid_side`."""
    return np.stack([wav[0] + wav[1], wav[0] - wav[1]])


def join(mid: np.ndarray, side: np.ndarray) -> np.ndarray:
    """Codes of mid and side, "q t" each -> a row, "1 q t"."""
    row = np.empty((1, len(mid) + len(side), mid.shape[1]), mid.dtype)
    of_side = is_side(row.shape[1])
    row[0, ~of_side], row[0, of_side] = mid, side
    return row


def split(row: np.ndarray) -> list[np.ndarray]:
    """Inverse of `join`."""
    of_side = is_side(row.shape[1])
    return [row[0, ~of_side], row[0, of_side]]


@dataclass(frozen=True)
class Rows:
    """The signals of a sound that a model codes, and how their codes form rows.

    Attributes:
        channels: of the sound.
        num_codebooks: of a row of codes.
        joint: two channels become one row, of mid and side.
    """

    channels: int
    num_codebooks: int
    joint: bool

    @property
    def depths(self) -> list[int]:
        """Codebooks of each coded signal."""
        return list(depths(self.num_codebooks)) if self.joint else [self.num_codebooks] * self.channels

    def inputs(self, block: np.ndarray) -> list[np.ndarray]:
        """Samples "c t" -> the signals to code, "t" each."""
        return list(to_mid_side(block) if self.joint else block)

    def join(self, codes: Sequence[np.ndarray]) -> np.ndarray:
        """Codes of each, "q t" -> "r q t"."""
        return join(*codes) if self.joint else np.stack(codes)


def _of_tensor(wav: Any) -> np.ndarray:
    """A torch tensor, of a type that numpy may not support."""
    tensor = wav.detach().cpu()
    return (tensor.float() if tensor.is_floating_point() else tensor).numpy()


def as_channels(wav: Any) -> np.ndarray:
    """Any array of samples to float32 "c t".

    Raises:
        AudioError: not one or two axes, no or too many channels, not numbers, NaN or infinity, or values far outside
            [-1, 1].
    """
    try:
        array = _of_tensor(wav) if hasattr(wav, "detach") else np.asarray(wav)
    except (TypeError, ValueError, RuntimeError) as error:
        raise AudioError(f"wav must be floats 't' or 'c t' ({str(error).splitlines()[0]})") from error
    if array.ndim not in (1, 2) or not np.issubdtype(array.dtype, np.floating):
        raise AudioError(f"wav must be floats 't' or 'c t', got {array.dtype} of shape {array.shape}")
    array = np.atleast_2d(array).astype(np.float32)
    if not 1 <= len(array) <= audio.MAX_CHANNELS:
        raise AudioError(f"wav has {len(array)} channels ('c t'); 1 to {audio.MAX_CHANNELS} can be coded")
    audio.check_samples(array, "wav")
    return array
