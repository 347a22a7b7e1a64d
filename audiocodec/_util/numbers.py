"""Numbers as people give them: of any type, as text, or none at all."""

from __future__ import annotations

import math
import operator
from typing import Any

from audiocodec.errors import ConfigError


def as_float(value: Any) -> float:
    """A number, or text of one, as a float; NaN, which lies in no range, for anything else.

    Example:
        >>> as_float("6"), as_float("six")
        (6.0, nan)
    """
    try:
        return float(value)
    except (TypeError, ValueError, OverflowError):
        return math.nan


def check_seconds(value: Any, name: str) -> float:
    """A time as a float; refuse what is none.

    Raises:
        ConfigError: it is not a finite number.
    """
    seconds = as_float(value)
    if not math.isfinite(seconds):
        raise ConfigError(f"{name} is {value!r}, it must be a number of seconds")
    return seconds


def check_count(value: Any, name: str, least: int = 0) -> int:
    """A whole number, of any type of integers, as an int; refuse others.

    Raises:
        ConfigError: it is no whole number, or below `least`.
    """
    try:
        count = least - 1 if isinstance(value, bool) else operator.index(value)
    except TypeError:
        count = least - 1
    if count < least:
        raise ConfigError(f"{name} is {value!r}, it must be a whole number, {least} or more")
    return count
