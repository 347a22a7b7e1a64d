"""Codes of any size, not only powers of two, in as few bits as they can take.

n codes below `size` are the digits of one whole number, first code least significant; it takes
exactly ceil(n log2 size) bits. Codes are cut into groups of `GROUP` so that numbers stay
small. All arithmetic is on Python integers: the same bits on every machine.
"""

from __future__ import annotations

from functools import lru_cache

import numpy as np

GROUP = 1024


@lru_cache(maxsize=256)
def _power(size: int, n: int) -> int:
    return int(size**n)


@lru_cache(maxsize=256)
def _leaf(size: int) -> int:
    """How many codes fit a signed 64-bit integer."""
    n = 1
    while size ** (n + 1) < 2**62:
        n += 1
    return n


@lru_cache(maxsize=1024)
def _group_bits(n: int, size: int) -> int:
    return (_power(size, n) - 1).bit_length()


def packed_bits(n: int, size: int) -> int:
    """Bits that `n` codes below `size` take."""
    full, rest = divmod(n, GROUP)
    return full * _group_bits(GROUP, size) + (_group_bits(rest, size) if rest else 0)


def pack(codes: np.ndarray, size: int) -> int:
    """codes: "n", int64 in [0, size) -> a number of `packed_bits(n, size)` bits."""
    total, shift = 0, 0
    for start in range(0, len(codes), GROUP):
        group = codes[start : start + GROUP]
        total |= _pack_group(group, size) << shift
        shift += _group_bits(len(group), size)
    return total


def unpack(number: int, n: int, size: int) -> np.ndarray:
    """Inverse of `pack`: "n", int64.

    Raises:
        ValueError: `number` was not made by `pack` with this `n` and `size`.
    """
    groups = []
    for start in range(0, n, GROUP):
        count = min(GROUP, n - start)
        bits = _group_bits(count, size)
        group, number = number & ((1 << bits) - 1), number >> bits
        if group >= _power(size, count):
            raise ValueError("a packed number is larger than its codes can make")
        groups.append(_unpack_group(group, count, size))
    if number:
        raise ValueError("bits are set after the last code")
    return np.concatenate(groups) if groups else np.zeros(0, np.int64)


def _pack_group(codes: np.ndarray, size: int) -> int:
    leaf = _leaf(size)
    padded = np.zeros(-(-len(codes) // leaf) * leaf, np.int64)
    padded[: len(codes)] = codes
    columns = padded.reshape(-1, leaf)
    words = np.zeros(len(columns), np.int64)
    for i in reversed(range(leaf)):
        words = words * size + columns[:, i]
    total, step = 0, _power(size, leaf)
    for word in reversed(words.tolist()):
        total = total * step + word
    return total


def _unpack_group(number: int, n: int, size: int) -> np.ndarray:
    leaf = _leaf(size)
    words = np.array(_split(number, -(-n // leaf), _power(size, leaf)), np.int64)
    columns = np.empty((len(words), leaf), np.int64)
    for i in range(leaf):
        columns[:, i] = words % size
        words = words // size
    return columns.reshape(-1)[:n]


def _split(number: int, count: int, base: int) -> list[int]:
    """The `count` digits of `number`, least significant first."""
    if count == 1:
        return [number]
    half = count // 2
    high, low = divmod(number, _power(base, half))
    return _split(low, half, base) + _split(high, count - half, base)
