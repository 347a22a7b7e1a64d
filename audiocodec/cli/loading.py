"""Models that commands load once per process."""

from __future__ import annotations

import functools
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from audiocodec.codec import Codec


@functools.cache
def load_once(model: str, threads: int, backend: str) -> Codec:
    """See `audiocodec.load`."""
    from audiocodec.codec import load

    return load(model, threads, backend)
