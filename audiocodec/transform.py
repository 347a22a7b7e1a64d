"""The lapped transform, and how its coefficients are companded."""

from __future__ import annotations

import numpy as np

FLOOR = 1e-4  # smaller coefficients are scaled by one factor instead of companded


def lapped_basis(hop: int) -> np.ndarray:
    """The modulated lapped transform (MDCT with a sine window), float32, "hop (2 hop)".

    Rows are orthonormal, also to those of the neighbouring frames. See
    [Malvar, 1990](https://doi.org/10.1109/29.56057).

    Args:
        hop: samples from one frame to the next, and bands, of sample_rate / (2 hop) Hz each.
    """
    k, n = np.arange(hop)[:, None] + 0.5, np.arange(2 * hop) + 0.5
    window = np.sin(np.pi / (2 * hop) * n) * np.sqrt(2 / hop)
    return (window * np.cos(np.pi / hop * k * (n + hop / 2))).astype(np.float32)
