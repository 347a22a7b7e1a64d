"""Codes at several time scales: as files hold them, and as decoders take them.

    strides 4 2 1    placed                  held
    q0               a .  .  .  a .  .  .    a0 a0 a0 a0 a4 a4 a4 a4
    q1               b .  b  .  b .  b  .    b0 b0 b2 b2 b4 b4 b6 b6
    q2               c c  c  c  c c  c  c    c0 c1 c2 c3 c4 c5 c6 c7

A code of stride s is for s frames. Placed, it stands in the first of them, and `NO_CODE` in the others; held, in all.
Both begin with the first frame of a block: the longest stride is a multiple of the others.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from audiocodec.tokens.depths import NO_CODE


def hold(codes: np.ndarray, strides: Sequence[int]) -> np.ndarray:
    """Codes "... q t", placed or held, from the start of a block on -> held; unchanged without strides.

    Example:
        >>> hold(np.array([[5, -1, 7, -1], [1, 2, 3, 4]]), (2, 1))
        array([[5, 5, 7, 7],
               [1, 2, 3, 4]])
    """
    if not strides:
        return codes
    begins = _begins(codes, strides)
    held: np.ndarray = np.take_along_axis(codes, np.broadcast_to(begins, codes.shape), axis=-1)
    return held


def place(codes: np.ndarray, strides: Sequence[int]) -> np.ndarray:
    """Inverse of `hold`.

    Example:
        >>> place(np.array([[5, 5, 7, 7], [1, 2, 3, 4]]), (2, 1))
        array([[ 5, -1,  7, -1],
               [ 1,  2,  3,  4]])
    """
    if not strides:
        return codes
    return np.where(_begins(codes, strides) == np.arange(codes.shape[-1]), codes, NO_CODE)


def codes_per_frame(num_codebooks: int, strides: Sequence[int] = ()) -> float:
    """Codes that a frame takes in the mean, of its first codebooks."""
    return sum(1 / stride for stride in strides[:num_codebooks]) if strides else float(num_codebooks)


def _begins(codes: np.ndarray, strides: Sequence[int]) -> np.ndarray:
    """The frame in which the code of each frame begins, "q t"."""
    own = np.array(strides[: codes.shape[-2]])[:, None]
    return np.arange(codes.shape[-1]) // own * own
