"""The live status line: bitrate, delay, load, and packet counters."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import NamedTuple

from audiocodec.live.clock import Clock


class _Moment(NamedTuple):
    frames: int
    coded_bytes: float
    busy: float  # processor seconds


@dataclass
class Meter:
    """Collects the statistics of a loop and shows those of each second, bitrate and load of that second alone.

    Args:
        frame_s: duration of a frame in seconds.
        clock: measures the processor time, for the load.
        show: called with the line.
        as_json: each line is a JSON object.

    Attributes:
        frames: processed so far.
        coded_bytes: of packets or of codes.
        delay_ms: from input to output, as far as this end knows.
        counters: packet and frame counters by name; the line shows those that are not 0, JSON all.
    """

    frame_s: float
    clock: Clock
    show: Callable[[str], None]
    as_json: bool = False
    frames: int = 0
    coded_bytes: float = 0.0
    delay_ms: float = 0.0
    counters: dict[str, int] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self._start = self._shown = self._now()

    def advance(self, frames: int) -> None:
        """Count more frames; shows the line when another second is full."""
        self.frames += frames
        if int(self.frames * self.frame_s) > int(self._shown.frames * self.frame_s):
            self.show(self._line(self._shown))
            self._shown = self._now()

    def last(self) -> str:
        """The last line: text of the whole run, JSON of what was not shown yet; empty if there is nothing to show."""
        since = self._shown if self.as_json else self._start
        return self._line(since) if self.frames > since.frames else ""

    def _now(self) -> _Moment:
        return _Moment(self.frames, self.coded_bytes, self.clock.busy())

    def _line(self, since: _Moment) -> str:
        now, seconds = self._now(), self.frames * self.frame_s
        interval = seconds - since.frames * self.frame_s
        kbits, load = 8 * (now.coded_bytes - since.coded_bytes) / interval / 1000, (now.busy - since.busy) / interval
        if self.as_json:
            numbers = {"seconds": seconds, "kbit_per_s": kbits, "delay_ms": self.delay_ms, "load": load}
            rounded = {name: round(value, 3) for name, value in numbers.items()}
            return json.dumps(rounded | {"bytes": round(now.coded_bytes)} | self.counters)
        parts = [f"{seconds:.0f} s", f"{kbits:.1f} kbit/s", f"delay {self.delay_ms:.0f} ms", f"load {100 * load:.0f} %"]
        parts += [f"{name.replace('_', ' ')} {count}" for name, count in self.counters.items() if count]
        return ", ".join(parts)
