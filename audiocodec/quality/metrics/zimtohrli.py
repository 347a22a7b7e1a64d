"""Zimtohrli: distance in a model of hearing."""

from __future__ import annotations

import functools
from typing import Any

import numpy as np

from audiocodec._util.extras import require


@functools.cache
def _listener() -> Any:
    return require("zimtohrli", "metrics").Pyohrli()


def zimtohrli(reference: np.ndarray, estimate: np.ndarray) -> float:
    """Distance of the sounds at 48 kHz in units of 1/1000, lower is better; 0 for equal sounds.

    See [google/zimtohrli](https://github.com/google/zimtohrli); computed by its package.

    Raises:
        MissingExtraError: it is not installed.
    """
    a, b = (np.ascontiguousarray(np.clip(x, -1, 1), np.float32) for x in (reference, estimate))
    return 1000 * float(_listener().distance(a, b))
