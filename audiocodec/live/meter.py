"""The live status line: bitrate, delay, load, and packet counters."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass, field

from audiocodec.live.clock import Clock


@dataclass
class Meter:
    """Collects the statistics of a loop and shows them once per second.

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
        self._busy = self.clock.busy()
        self._shown = 0

    def advance(self, frames: int) -> None:
        """Count more frames; shows the line when another second is full."""
        self.frames += frames
        second = int(self.frames * self.frame_s)
        if second > self._shown:
            self._shown = second
            self.show(self.line())

    def line(self) -> str:
        """The current statistics."""
        seconds = self.frames * self.frame_s
        kbits = 8 * self.coded_bytes / seconds / 1000 if seconds else 0.0
        load = (self.clock.busy() - self._busy) / seconds if seconds else 0.0
        if self.as_json:
            numbers = {"seconds": seconds, "kbit_per_s": kbits, "delay_ms": self.delay_ms, "load": load}
            return json.dumps({name: round(value, 3) for name, value in numbers.items()} | self.counters)
        parts = [f"{seconds:.0f} s", f"{kbits:.1f} kbit/s", f"delay {self.delay_ms:.0f} ms", f"load {100 * load:.0f} %"]
        parts += [f"{name.replace('_', ' ')} {count}" for name, count in self.counters.items() if count]
        return ", ".join(parts)
