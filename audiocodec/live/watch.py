"""What a listener is told: packets arrive and none can be played, nothing arrives, sound was not heard."""

from __future__ import annotations

import logging

from audiocodec.live.packets import Receiver

logger = logging.getLogger(__name__)

REASONS = {
    "damaged": "damaged, encrypted, or made by another version of audiocodec",
    "wrong_key": "not encrypted with the key given here",
    "wrong_model": "made with another model",
    "wrong_channels": "with another number of channels than is played here",
    "wrong_stream": "of another stream than the one being played",
    "unannounced": "compact ones whose full packet has not arrived",
}


def describe_unheard(receiver: Receiver, frame_s: float) -> str:
    """How many seconds of sound were sent and not heard, and why; empty if none were.

    Args:
        receiver: at the end of its streams.
        frame_s: duration of a frame in seconds.
    """
    counts = receiver.buffer.counts
    parts = {
        "sent before listening began or while nothing arrived": counts.missed,
        "left out to reduce the delay": counts.skipped,
        "lost on the way": counts.lost,
    }
    listed = ", ".join(f"{frames * frame_s:.2f} s {why}" for why, frames in parts.items() if frames)
    return f"not heard: {listed}" if listed else ""


class Watch:
    """Checks a receiver periodically.

    Args:
        receiver: to check.
        idle_s: seconds without a packet that can be played after which `idle` is true; None: it never is.
    """

    def __init__(self, receiver: Receiver, idle_s: float | None = None) -> None:
        self._receiver, self._idle_s = receiver, idle_s
        self._taken, self._since = 0, 0.0
        self._refused: dict[str, int] = {}
        self._looked = 0.0
        self._warned: set[str] = set()

    def idle(self, now: float) -> bool:
        """Whether no playable packet has arrived for `idle_s`; now: seconds since the beginning."""
        counts = self._receiver.counts
        if counts.taken > self._taken:
            self._taken, self._since = counts.taken, now
            self._refused, self._looked = counts.refused(), now
        elif now - self._looked >= 1:
            self._warn(counts.refused())
            self._refused, self._looked = counts.refused(), now
        over = self._idle_s is not None and now - self._since >= self._idle_s
        if over and not self._taken:
            logger.warning("no packet that can be played arrived within %g s: the output is silence", self._idle_s)
        return over

    def _warn(self, refused: dict[str, int]) -> None:
        """Warn about packets refused during a second without any good one; once for each reason."""
        for name, count in refused.items():
            new = count - self._refused.get(name, 0)
            if new and name not in self._warned:
                self._warned.add(name)
                logger.warning(
                    "packets arrive and none can be played: %d of the last second are %s", new, REASONS[name]
                )
