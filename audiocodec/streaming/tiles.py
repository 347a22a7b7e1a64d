"""A causal network on tiles of one fixed shape, so that its sums round alike however it is fed.

Matrix products of different shapes may round differently, and a latent on the border of a
cell then gets another code. A tile always starts at a multiple of its length and is always run
whole, zeros standing for what has not come yet: each step is computed by the same
operations on the same shapes, in the same row, live or from a file, on any machine.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import numpy as np
import torch
from torch import Tensor

from audiocodec.streaming import trees

Run = Callable[[Tensor, Any], tuple[Tensor, Any]]


class Tiles:
    """Feeds a causal network in tiles.

    Args:
        run: (x "1 t d", state) -> (y "1 (t / stride) e", state).
        dim: d.
        stride: steps of x for one of y.
        steps: of x in a tile, a multiple of `stride`.
    """

    def __init__(self, run: Run, dim: int, stride: int, steps: int) -> None:
        self.run, self.dim, self.stride, self.steps = run, dim, stride, steps
        self.reset()

    def reset(self) -> None:
        """Start a new stream."""
        self._pending = torch.zeros(0, self.dim)  # x of the tile under way
        self._given = 0  # steps of y of that tile that were returned
        nothing, self._state = self.run(torch.zeros(1, 0, self.dim), None)  # the state before that tile
        self._nothing = nothing[0]

    def push(self, x: Tensor, eager: bool) -> Tensor:
        """Feed x and get what is ready of y.

        Args:
            x: "t d", any t.
            eager: give each step of y as soon as it can be had, running its tile once more for
                it; otherwise whole tiles only. The values are the same.

        Returns:
            "t e".
        """
        self._pending = torch.cat([self._pending, x])
        parts = [self._nothing]
        while len(self._pending) >= self.steps:
            y, self._state = self._run(self._pending[: self.steps])
            parts.append(y[self._given :])
            self._pending, self._given = self._pending[self.steps :], 0
        ready = len(self._pending) // self.stride
        if eager and ready > self._given:
            parts.append(self._run(self._pending)[0][self._given : ready])
            self._given = ready
        return torch.cat(parts)

    def _run(self, x: Tensor) -> tuple[Tensor, Any]:
        tile = torch.zeros(1, self.steps, self.dim)  # fresh memory: alignment, too, is always the same
        tile[0, : len(x)] = x
        y, state = self.run(tile, self._state)
        return y[0], state

    def state(self, prefix: str) -> trees.Arrays:
        """Everything that is remembered, as plain arrays named `prefix` + ..."""
        own = {f"{prefix}pending": self._pending.numpy().copy(), f"{prefix}given": np.array(self._given)}
        return own | trees.to_arrays(self._state, prefix)

    def restore(self, arrays: Mapping[str, np.ndarray], prefix: str) -> None:
        """Go on from `state`.

        Raises:
            ConfigError: it is of another network.
        """
        self.reset()
        pending = trees.take(arrays, f"{prefix}pending", (-1, self.dim))
        given = int(trees.take(arrays, f"{prefix}given", (), np.int64))
        self._state = trees.from_arrays(self._state, arrays, prefix)
        self._pending, self._given = torch.from_numpy(pending), given
