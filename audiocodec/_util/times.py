"""Places in time as people read them."""

from __future__ import annotations


def clock(seconds: float) -> str:
    """Minutes and seconds, from an hour on hours too.

    Example:
        >>> clock(83.46), clock(3723.5)
        ('01:23.5', '1:02:03.5')
    """
    tenths = round(10 * seconds)
    hours, minutes = tenths // 36_000, tenths // 600 % 60
    rest = f"{minutes:02d}:{tenths // 10 % 60:02d}.{tenths % 10}"
    return f"{hours}:{rest}" if hours else rest
