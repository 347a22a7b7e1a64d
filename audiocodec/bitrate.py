"""Bitrates as people write them."""

from __future__ import annotations

from audiocodec.errors import ConfigError


def parse_bitrate(text: str) -> float:
    """3000, 3k or 1.5k to bits a second.

    Raises:
        ConfigError: it is none, or 1 Gbit/s and more.
    """
    try:
        rate = float(text.lower().removesuffix("k")) * (1000 if text.lower().endswith("k") else 1)
    except ValueError:
        rate = float("nan")
    if not 0 < rate < 1e9:
        raise ConfigError(f"{text!r} is no bitrate; write 3000, 3k or 1.5k")
    return rate
