"""Arrays as people give them: of numpy, of torch, or lists."""

from __future__ import annotations

from typing import Any

import numpy as np


def as_array(values: Any) -> np.ndarray:
    """The same as an array of numpy; a tensor without its gradient, floats of a type that numpy lacks as float32.

    Raises:
        TypeError, ValueError, RuntimeError: it cannot be one: ragged, of a type of torch alone, or without data.
    """
    if not hasattr(values, "detach"):
        return np.asarray(values)
    tensor = values.detach().cpu()
    array: np.ndarray = (tensor.float() if tensor.is_floating_point() else tensor).numpy()
    return array
