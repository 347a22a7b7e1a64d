"""FSQ codes as numbers of mixed radix: a code is made of one level index per dimension, the first least significant."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np


def place_values(levels: Sequence[int]) -> list[int]:
    """What one step of each dimension adds to the code."""
    return [math.prod(levels[:d]) for d in range(len(levels))]


def to_codes(indices: np.ndarray, levels: Sequence[int]) -> np.ndarray:
    """Level indices "... d", any integers -> codes "...", int64."""
    codes = np.zeros(indices.shape[:-1], np.int64)
    for d, place in enumerate(place_values(levels)):
        codes += place * indices[..., d].astype(np.int64)
    return codes


def to_level_indices(codes: np.ndarray, levels: Sequence[int], dtype: type[np.signedinteger] = np.int64) -> np.ndarray:
    """Inverse of `to_codes`: codes "..." -> "... d", of type `dtype`."""
    indices = np.empty((*codes.shape, len(levels)), dtype)
    for d, level in enumerate(levels):
        codes, indices[..., d] = np.divmod(codes, level)
    return indices
