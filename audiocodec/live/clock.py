"""Time, passed in, so that tests can simulate it."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass


@dataclass(frozen=True)
class Clock:
    """What the loops know of time.

    Attributes:
        now: seconds, from any start.
        sleep: wait so many seconds.
        busy: seconds of work of this process, for the load.
    """

    now: Callable[[], float] = time.monotonic
    sleep: Callable[[float], None] = time.sleep
    busy: Callable[[], float] = time.process_time
