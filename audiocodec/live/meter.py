"""The live line: rate, delay, load, losses."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from audiocodec.live.clock import Clock


@dataclass
class Meter:
    """Adds up what a loop does and shows it once a second.

    Args:
        frame_s: seconds of a frame.
        clock: tells work done, for the load.
        show: takes the line.

    Attributes:
        frames: done so far.
        sent_bytes: of packets or of codes.
        delay_ms: from sound in to sound out, as far as this end knows.
        lost: packets that never came.
        refused: packets that were not for us.
        skipped: frames left out, to bring the delay down.
        unsent: packets that the system did not send.
    """

    frame_s: float
    clock: Clock
    show: Callable[[str], None]
    frames: int = 0
    sent_bytes: float = 0.0
    delay_ms: float = 0.0
    lost: int = 0
    refused: int = 0
    skipped: int = 0
    unsent: int = 0

    def __post_init__(self) -> None:
        self._busy = self.clock.busy()
        self._shown = 0

    def advance(self, frames: int) -> None:
        """So many frames more; shows the line when another second is full."""
        self.frames += frames
        second = int(self.frames * self.frame_s)
        if second > self._shown:
            self._shown = second
            self.show(self.line())

    def line(self) -> str:
        """What there is to say."""
        seconds = self.frames * self.frame_s
        kbits = 8 * self.sent_bytes / seconds / 1000 if seconds else 0.0
        load = 100 * (self.clock.busy() - self._busy) / seconds if seconds else 0.0
        parts = [f"{seconds:.0f} s", f"{kbits:.1f} kbit/s", f"delay {self.delay_ms:.0f} ms", f"load {load:.0f} %"]
        parts += [f"lost {self.lost} packets", f"refused {self.refused}"]
        parts += [f"left out {self.skipped} frames"] if self.skipped else []
        parts += [f"not sent {self.unsent} packets"] if self.unsent else []
        return ", ".join(parts)
