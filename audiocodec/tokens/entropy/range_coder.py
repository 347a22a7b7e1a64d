"""A range coder in whole numbers: symbols to bytes in as few as their probabilities ask for.

Probabilities are shares of 2**`SHARE_BITS`. The coder keeps an interval of 32-bit width; each symbol
narrows it to its share, and leading bytes that are settled leave. See [Martin,
1979](https://sachingarg.com/compression/entropy_coding/range_coder.pdf), "Range encoding".
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Sequence

SHARE_BITS = 14
_TOP = 1 << 24
_FULL = (1 << 32) - 1
_LAST = (1 << SHARE_BITS) - 1


def encode(lows: Sequence[int], shares: Sequence[int]) -> bytes:
    """Symbols to bytes, trailing zero bytes left off.

    Args:
        lows: sum of the shares of the symbols below each symbol.
        shares: of each symbol itself, 1 or more.
    """
    out = bytearray()
    low, width = 0, _FULL
    for start, share in zip(lows, shares, strict=True):
        unit = width >> SHARE_BITS
        low += unit * start
        width = unit * share
        if low > _FULL:
            _carry(out)
            low &= _FULL
        while width < _TOP:
            out.append(low >> 24)
            low = (low << 8) & _FULL
            width <<= 8
    last = _shortest(low, width)
    if last > _FULL:
        _carry(out)
    out += (last & _FULL).to_bytes(4, "big")
    return bytes(out.rstrip(b"\0"))


def _carry(out: bytearray) -> None:
    at = len(out) - 1
    while out[at] == 255:
        out[at] = 0
        at -= 1
    out[at] += 1


def _shortest(low: int, width: int) -> int:
    """The number in [low, low + width) with the most zero bytes at its end."""
    for bits in (32, 24, 16, 8):
        rounded = -(-low >> bits) << bits
        if rounded < low + width:
            return rounded
    return low


class RangeDecoder:
    """Takes the symbols out again; of data that no encoder makes it takes some symbols or other.

    Args:
        data: of `encode`; zero bytes follow it without end.
    """

    def __init__(self, data: bytes) -> None:
        self._data = data
        self._at = 4
        self._offset = int.from_bytes(data[:4].ljust(4, b"\0"), "big")
        self._width = _FULL
        self._inside = True

    @property
    def intact(self) -> bool:
        """Whether the data could be an encoder's: no point outside the interval, no byte left over."""
        return self._inside and self._at >= len(self._data)

    def take(self, rows: Sequence[Sequence[int]]) -> list[int]:
        """The next symbols.

        Args:
            rows: for each symbol the sums of the shares below each value, from 0 to 2**`SHARE_BITS`.
        """
        data, at, offset, width = self._data, self._at, self._offset, self._width
        symbols = []
        for row in rows:
            unit = width >> SHARE_BITS
            position = offset // unit
            if position > _LAST:
                self._inside, position, offset = False, _LAST, unit * _LAST
            symbol = bisect_right(row, position) - 1
            low = row[symbol]
            offset -= unit * low
            width = unit * (row[symbol + 1] - low)
            while width < _TOP:
                offset = (offset << 8) | (data[at] if at < len(data) else 0)
                width <<= 8
                at += 1
            symbols.append(symbol)
        self._at, self._offset, self._width = at, offset, width
        return symbols
