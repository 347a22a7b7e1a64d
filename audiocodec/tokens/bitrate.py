"""Bitrates as people write them, and how many codebooks they pay for."""

from __future__ import annotations

import math
import operator
from collections.abc import Sequence

from audiocodec._util.numbers import as_float
from audiocodec.errors import ConfigError
from audiocodec.tokens.strides import codes_per_frame


def parse_bitrate(text: str) -> float:
    """3000, 3k or 1.5k to bits per second.

    Raises:
        ConfigError: it is none, or 1 Gbit/s and more.
    """
    rate = as_float(text.lower().removesuffix("k")) * (1000 if text.lower().endswith("k") else 1)
    if not 0 < rate < 1e9:
        raise ConfigError(f"invalid bitrate {text!r}: expected bits per second, such as 3000, 3k or 1.5k")
    return rate


def read_bitrate(bitrate: float | str) -> float:
    """Bits per second, as a number or as `parse_bitrate` reads them.

    Raises:
        ConfigError: it is neither.
    """
    rate = parse_bitrate(bitrate) if isinstance(bitrate, str) else as_float(bitrate)
    if math.isnan(rate):
        raise ConfigError(f"invalid bitrate {bitrate!r}: expected bits per second, such as 3000 or 3k")
    return rate


def check_depth(wanted: int, available: int) -> None:
    """Refuse a number of codebooks that is out of range.

    Raises:
        ConfigError: not in 1 ... available.
    """
    try:
        fits = not isinstance(wanted, bool) and 1 <= operator.index(wanted) <= available
    except TypeError:
        fits = False
    if not fits:
        raise ConfigError(f"num_codebooks is {wanted!r}, it must be 1 to {available}")


def choose_depth(
    num_codebooks: int | None, bitrate: float | str | None, available: int, each: float, strides: Sequence[int] = ()
) -> int:
    """Codebooks to use: as asked, the most that fit `bitrate`, or all.

    Args:
        num_codebooks: that many.
        bitrate: instead: bits per second, as a number or as `parse_bitrate` reads them.
        available: all there are.
        each: bits per second of one codebook in all channels, with a code in every frame.
        strides: frames of a code, of each codebook, if they differ.

    Raises:
        ConfigError: both are given, or neither can be met.
    """
    if num_codebooks is not None and bitrate is not None:
        raise ConfigError("give num_codebooks or bitrate, not both")
    if bitrate is not None:
        rate = read_bitrate(bitrate)
        depth = sum(rate / each >= codes_per_frame(k, strides) for k in range(1, available + 1))
        if not depth:
            least = math.ceil(each * codes_per_frame(1, strides))
            raise ConfigError(f"bitrate {rate:.0f} is below the {least} bit/s of one codebook in all channels")
        return depth
    depth = available if num_codebooks is None else num_codebooks
    check_depth(depth, available)
    return depth
