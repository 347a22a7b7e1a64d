"""Arithmetic of FSQ levels without torch; `audiocodec.model.quantize.levels` explains it."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from statistics import NormalDist

import numpy as np

from audiocodec.errors import ConfigError

GAINS = {"tanh": 0.8, "normal": math.sqrt(0.5)}  # a latent n of unit variance is bounded to (f(gain n) + 1) / 2


def check_bound(bound: str) -> None:
    """Refuse a bound that nothing here knows.

    Raises:
        ConfigError: it is none of `GAINS`.
    """
    if bound not in GAINS:
        raise ConfigError(f"bound is {bound!r}, known: {', '.join(sorted(GAINS))}")


def check_strides(strides: Sequence[int]) -> tuple[int, ...]:
    """Frames of a code, of each codebook of a hierarchical FSQ.

    Raises:
        ConfigError: they are not coarse first, each a multiple of the next, and the first a divisor of 48.
    """
    found = tuple(map(int, strides))
    whole = all(fine > 0 and coarse % fine == 0 for coarse, fine in zip((48, *found), found, strict=False))
    if not found or not whole:
        raise ConfigError(f"strides {list(strides)}: need a divisor of 48 first, and each a multiple of the next")
    return found


def level_values(levels: Sequence[int], mean: np.ndarray, std: np.ndarray, bound: str = "tanh") -> np.ndarray:
    """Value of each level in each stage of a residual FSQ, float32.

    Args:
        levels: of each dimension d.
        mean: running means of the stages, "q d", float32.
        std: running standard deviations, "q d", float32.
        bound: its name, a key of `GAINS`.

    Returns:
        "q index d", index up to the largest level; unused entries, one at least, repeat the last.
    """
    sizes = np.array(levels, np.float32)
    indices = np.minimum(np.arange(max(levels) + 1)[:, None], sizes - 1)
    inverse: Callable[[np.ndarray], np.ndarray] = np.arctanh if bound == "tanh" else _erfinv
    centers = inverse(2 * ((indices + np.float32(0.5)) / sizes) - 1) / np.float32(GAINS[bound])
    return (centers * std[:, None] + mean[:, None]).astype(np.float32)


def _erfinv(x: np.ndarray) -> np.ndarray:
    quantile = np.vectorize(NormalDist(sigma=math.sqrt(0.5)).inv_cdf, otypes=[np.float32])
    values: np.ndarray = quantile((x.astype(np.float64) + 1) / 2)
    return values
