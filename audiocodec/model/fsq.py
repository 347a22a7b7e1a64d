"""Arithmetic of FSQ levels without torch; `audiocodec.model.quantize.levels` explains it."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

GAIN = 0.8  # a latent n of unit variance is bounded to (tanh(GAIN n) + 1) / 2


def level_values(levels: Sequence[int], mean: np.ndarray, std: np.ndarray) -> np.ndarray:
    """Value of each level in each stage of a residual FSQ, float32.

    Args:
        levels: of each dimension d.
        mean: running means of the stages, "q d", float32.
        std: running standard deviations, "q d", float32.

    Returns:
        "q index d", index up to the largest level; unused entries, one at least, repeat the last.
    """
    sizes = np.array(levels, np.float32)
    indices = np.minimum(np.arange(max(levels) + 1)[:, None], sizes - 1)
    centers = np.arctanh(2 * ((indices + np.float32(0.5)) / sizes) - 1) / np.float32(GAIN)
    return (centers * std[:, None] + mean[:, None]).astype(np.float32)
