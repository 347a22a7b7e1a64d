"""The lapped transform, and how its coefficients are companded."""

from __future__ import annotations

import numpy as np

SIGN_ROWS = 997  # steps after which the random signs repeat: a prime, so that no period of a sound fits
MULTIPLIER = 6364136223846793005  # of the generator of signs: Knuth's, modulo 2**64
NEAR, AROUND = 3, 13  # coefficients whose mean powers the post-filter compares
QUIET = 1e-12  # power that it leaves alone
LEAST_NOISE = 1e-6  # share of the power of a coefficient that is always noise, where that is learned
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


def neighbour_means(hop: int, width: int) -> np.ndarray:
    """A matrix that takes the mean of `width` neighbouring coefficients, fewer at the ends, "hop hop", float32."""
    places = np.arange(hop)
    near = (np.abs(places[:, None] - places) <= width // 2).astype(np.float64)
    return (near / near.sum(1, keepdims=True)).astype(np.float32)


def sign_table(hop: int, first: int) -> np.ndarray:
    """Random signs of the coefficients of steps, "SIGN_ROWS hop", float32: 1 below coefficient `first`.

    Number n, counted along the rows, is the highest bit of MULTIPLIER**(n + 1) modulo 2**64; 1 stands for minus.
    """
    powers = np.multiply.accumulate(np.full(SIGN_ROWS * hop, MULTIPLIER, np.uint64))
    signs = np.where(powers >> np.uint64(63), -1, 1).astype(np.float32).reshape(SIGN_ROWS, hop)
    signs[:, :first] = 1
    return signs
