"""How many processors this process may use."""

from __future__ import annotations

import os


def processors() -> int:
    """Those it is bound to, as by `taskset` or a container's set; where the system does not tell, all."""
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1
