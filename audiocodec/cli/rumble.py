"""Detects a constant offset or rumble, on which a model for speech would spend its bits."""

from __future__ import annotations

import numpy as np

MEAN_HZ = 60  # means over 1/60 s keep what is slower than half of that, and little of a voice
LEAST_DB = -12.0  # fraction of the power from which a note is given: it costs .2 of PESQ-WB and more


class RumbleWatch:
    """Measures the power of the means over short times.

    Args:
        rate: of the sound, Hz.
    """

    def __init__(self, rate: int) -> None:
        self._span = max(1, rate // MEAN_HZ)
        self._power = np.zeros(2)  # of the means, and of all

    def take(self, block: np.ndarray) -> None:
        """See `Watch`."""
        spans = block[:, : block.shape[1] // self._span * self._span].reshape(len(block), -1, self._span)
        self._power += np.square(spans.mean(-1)).sum() * self._span, np.square(spans).sum()

    def note(self) -> str:
        """See `Watch`."""
        slow, total = self._power
        if not slow > total * 10 ** (LEAST_DB / 10):
            return ""
        return "has a constant offset or rumble below the voice, which costs quality; --high-pass 50 takes it off"
