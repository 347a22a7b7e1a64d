"""What the two ends of a conversation tell each other about losses, and the redundancy that follows from it."""

from __future__ import annotations

from audiocodec.live.packets import Packetizer, Receiver, Report

LEAST = 0.01  # share of lost packets from which on codebooks are repeated
CALM = 10  # reports, of about a second each, without such a loss after which they no longer are


class Feedback:
    """Reports what a receiver lost, and adapts a packetizer to the reports that the receiver got.

    Args:
        receiver: of the incoming stream; it may run in another thread.
        packetizer: of the outgoing stream.
        every: packets sent from one report to the next, about a second.
        repeat: codebooks to repeat while the other end reports losses; None: the packetizer is left as it is.
    """

    def __init__(self, receiver: Receiver, packetizer: Packetizer, every: int, repeat: int | None) -> None:
        self._receiver, self._packetizer, self._every, self._repeat = receiver, packetizer, every, repeat
        self._sent, self._calm = 0, CALM
        self._taken = self._lost = 0  # packets, at the last report
        self._heeded: Report | None = None  # the last one; the receiver's thread alone writes what it holds

    def after_packet(self) -> list[bytes]:
        """Call it after each packet that was sent -> what to send besides."""
        self._sent += 1
        if self._sent % self._every:
            return []
        if self._repeat is not None:
            self._packetizer.repeat = self._repeat if self._losses_reported() else 0
        return self._report()

    def _losses_reported(self) -> bool:
        """Whether any of the last reports of the other end told of losses."""
        report = self._receiver.reported
        fresh = report if report is not self._heeded else None
        self._heeded = report
        lost = fresh is not None and fresh.stream == self._packetizer.stream and fresh.lost >= LEAST
        self._calm = 0 if lost else self._calm + 1
        return self._calm < CALM

    def _report(self) -> list[bytes]:
        counts, stream = self._receiver.counts, self._receiver.stream
        now = counts.taken, counts.lost  # read once: they grow meanwhile
        taken, lost = now[0] - self._taken, max(0, now[1] - self._lost)
        self._taken, self._lost = now
        if stream is None or not taken:
            return []
        return [self._packetizer.report(Report(stream, lost / (taken + lost)))]
