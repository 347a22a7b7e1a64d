"""Time by stage."""

from __future__ import annotations

import contextlib
import time
from collections import defaultdict
from collections.abc import Iterator, Mapping

STAGES = ("decode", "resample", "encode", "write")


class Stopwatch:
    """Sums the seconds of stages of work.

    Attributes:
        wall: seconds of wall-clock time, by stage.
        processor: seconds of processor time of the calling thread, by stage.
    """

    def __init__(self) -> None:
        self.wall: dict[str, float] = defaultdict(float)
        self.processor: dict[str, float] = defaultdict(float)

    @contextlib.contextmanager
    def __call__(self, stage: str) -> Iterator[None]:
        """Count the block as `stage`."""
        wall, processor = time.perf_counter(), time.thread_time()
        try:
            yield
        finally:
            self.wall[stage] += time.perf_counter() - wall
            self.processor[stage] += time.thread_time() - processor

    def add(self, other: Stopwatch) -> None:
        """Add the counts of another one."""
        for mine, theirs in ((self.wall, other.wall), (self.processor, other.processor)):
            for stage, seconds in theirs.items():
                mine[stage] += seconds


def fractions(seconds: Mapping[str, float]) -> dict[str, float]:
    """The fraction of each stage, 0 to 1."""
    total = sum(seconds.values()) or 1.0
    return {stage: seconds.get(stage, 0.0) / total for stage in STAGES}
