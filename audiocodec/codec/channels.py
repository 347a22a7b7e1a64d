"""Two channels as one row of codes: their mid, and their side with half as many codebooks.

Left and right of music are mostly the same, so mid = (left + right) / 2 takes most of the bits, and
side = (left - right) / 2 few. The codebooks of both lie in turns, mid side mid mid side mid ..., so that the
first so many of a row are always those worth most.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from audiocodec import audio
from audiocodec.errors import AudioError


def is_side(num_codebooks: int) -> np.ndarray:
    """Which codebooks of a row are of the side, "q"."""
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
    """What of a sound goes through a model, and how the codes of that become rows.

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
        """Codebooks of each of what goes through."""
        return list(depths(self.num_codebooks)) if self.joint else [self.num_codebooks] * self.channels

    def inputs(self, block: np.ndarray) -> list[np.ndarray]:
        """Samples "c t" -> what goes through, "t" each."""
        return list(to_mid_side(block) if self.joint else block)

    def join(self, codes: Sequence[np.ndarray]) -> np.ndarray:
        """Codes of each, "q t" -> "r q t"."""
        return join(*codes) if self.joint else np.stack(codes)


def _of_tensor(wav: Any) -> np.ndarray:
    """A tensor of torch, of a type that numpy may not know."""
    tensor = wav.detach().cpu()
    return (tensor.float() if tensor.is_floating_point() else tensor).numpy()


def as_channels(wav: Any) -> np.ndarray:
    """Any array of samples to float32 "c t".

    Raises:
        AudioError: not one or two axes, no or too many channels, not numbers, NaN or infinity, or a range far beyond
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
