"""Which of the latest numbers were seen."""

from __future__ import annotations

WIDTH = 1024


class Window:
    """Accepts each number once; numbers far behind the highest are refused.

    Attributes:
        highest: accepted so far, -1 before the first.
    """

    def __init__(self) -> None:
        self.highest = -1
        self._seen = 0  # bit i: highest - i was accepted

    def accept(self, number: int) -> bool:
        """Whether `number` is new; from now on it is not."""
        if number > self.highest:
            ahead = min(number - self.highest, WIDTH)
            self._seen = (self._seen << ahead | 1) & ((1 << WIDTH) - 1)
            self.highest = number
            return True
        behind = self.highest - number
        if behind >= WIDTH or self._seen >> behind & 1:
            return False
        self._seen |= 1 << behind
        return True
