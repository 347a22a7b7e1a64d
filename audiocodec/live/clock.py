"""Time, passed in, so that tests can simulate it."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass


@dataclass(frozen=True)
class Clock:
    """The time source of the loops.

    Attributes:
        now: seconds, from any start.
        sleep: wait that many seconds.
        busy: processor seconds used by this process, for the load.
    """

    now: Callable[[], float] = time.monotonic
    sleep: Callable[[float], None] = time.sleep
    busy: Callable[[], float] = time.process_time
