"""Saved states: plain arrays by name."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from audiocodec.errors import ConfigError

Arrays = dict[str, np.ndarray]


def load_array(
    arrays: Mapping[str, np.ndarray], name: str, shape: tuple[int, ...], dtype: type[np.generic] = np.float32
) -> np.ndarray:
    """A copy of one array of a saved state; -1 in `shape` stands for any length.

    Raises:
        ConfigError: it is missing, or has another shape.
    """
    got = arrays.get(name)
    if got is None:
        raise ConfigError(f"a saved stream lacks {name!r}: it belongs to another kind of stream or model")
    if got.ndim != len(shape) or any(want not in (-1, n) for want, n in zip(shape, got.shape, strict=True)):
        raise ConfigError(
            f"a saved stream has {name!r} of shape {got.shape}, expected {shape}: it belongs to another model"
        )
    return np.array(got, dtype)
