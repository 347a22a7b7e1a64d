"""Means of what a run reports."""

from __future__ import annotations

from torch import Tensor

from audiocodec.model import ranks


class Means:
    """Means of scalars over steps, summed on the device they are on."""

    def __init__(self) -> None:
        self._sums: dict[str, Tensor] = {}
        self._count = 0

    def add(self, row: dict[str, Tensor]) -> None:
        for name, value in row.items():
            self._sums[name] = self._sums.get(name, 0) + value.detach().double()
        self._count += 1

    def take(self) -> dict[str, float]:
        """The means over steps and ranks; starts afresh."""
        sums, count = self._sums, self._count
        self._sums, self._count = {}, 0
        return {name: float(ranks.mean(value / count)) for name, value in sums.items()}
