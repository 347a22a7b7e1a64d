"""A causal network on tiles of one fixed size, so that its sums round alike however it is fed.

Matrix products of different shapes may round differently, and a latent on the border of a
cell then gets another code. A tile always has the same number of frames: all of one
stream, or some or one of each of several streams, zeros standing where there are fewer. So
each product has the same shape live or from a file, alone or in company, and only the
rows a stream occupies vary. Whether the kernels of this machine compute all rows of a product
alike is tried out when a network is loaded. Where they do not, tiles hold a single frame: slower, and as exact.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import torch
from torch import Tensor

from audiocodec.models.stage import Stage
from audiocodec.streaming import trees

# Kernels for x86 take rows in groups of 4, 6, 12, 16 or 48 and treat those left over differently: multiples of 12 leave
# none over, or leave them over in a way that rounds alike, with SSE, AVX2 and AVX-512.
ROWS = 12


class Network:
    """Stages one after the other, each in tiles. Remembers nothing of any stream.

    Args:
        stages: of an encoder or decoder.
    """

    def __init__(self, stages: Sequence[Tiles]) -> None:
        self._stages = stages

    def fresh(self) -> list[Any]:
        """The state of a stream at its start, one for each stage."""
        return [stage.fresh for stage in self._stages]

    def advance(self, xs: Sequence[Tensor], states: Sequence[list[Any]]) -> list[Tensor]:
        """Feed whole frames to some streams, as `Tiles.advance` does, through all stages."""
        out = list(xs)
        for i, stage in enumerate(self._stages):
            column = [state[i] for state in states]
            out = stage.advance(out, column)
            for state, after in zip(states, column, strict=True):
                state[i] = after
        return out


class Tiles:
    """Feeds a causal stage in tiles. Remembers nothing of any stream.

    Args:
        stage: its `run` must be causal.
        rows: of its matrix products in a tile, a multiple of `ROWS`; as few as make whole frames by default.

    Attributes:
        fresh: the state of a stream at its start.
    """

    def __init__(self, stage: Stage, rows: int | None = None) -> None:
        self.run, self.dim, self.steps = stage.run, stage.dim, stage.steps
        frames = (rows or math.lcm(ROWS, stage.rows)) // stage.rows
        nothing, self.fresh = self.run(torch.zeros(1, 0, self.dim), None)
        self._nothing = nothing[0]
        self._idle = [trees.join([self.fresh] * max(1, count)) for count in range(frames)]  # of so many unused places
        self.frames = frames if self._rows_alike(frames) else 1

    def advance(self, xs: Sequence[Tensor], states: list[Any]) -> list[Tensor]:
        """Feed whole frames to some streams.

        Args:
            xs: "(t steps) d" for each stream, any t.
            states: of the streams; they move on.

        Returns:
            "(t steps rate) e" for each.
        """
        parts, done = [[self._nothing] for _ in xs], [0] * len(xs)
        for frames in _splits(self.frames):  # tiles of one stream as long as they last, then of several
            length = frames * self.steps
            while waiting := [i for i, x in enumerate(xs) if len(x) - done[i] >= length]:
                places = self.frames // frames
                for group in (waiting[n : n + places] for n in range(0, len(waiting), places)):
                    pieces = [xs[i][done[i] : done[i] + length] for i in group]
                    ys, after = self._run(pieces, [states[i] for i in group], places)
                    for i, y, state in zip(group, ys, after, strict=True):
                        parts[i].append(y)
                        states[i] = state
                        done[i] += length
        return [torch.cat(part) for part in parts]

    def _run(self, pieces: Sequence[Tensor], states: Sequence[Any], places: int) -> tuple[Tensor, list[Any]]:
        """A tile with a piece of each of at most `places` streams."""
        tile = torch.zeros(places, len(pieces[0]), self.dim)  # fresh memory: alignment, too, is always the same
        for place, piece in zip(tile, pieces, strict=False):
            place.copy_(piece)
        unused = [self._idle[places - len(pieces)]] if len(pieces) < places else []
        y, after = self.run(tile, trees.join([*states, *unused]))
        return y[: len(pieces)], trees.split(after, len(pieces))

    def _rows_alike(self, frames: int) -> bool:
        """Whether frames some at a time, each time in another place of a tile, give the same as all at once."""
        wanted = torch.randn(frames * self.steps, self.dim, generator=torch.Generator().manual_seed(0))
        at_once, _ = self._run([wanted], [self.fresh], 1)
        for some in _splits(frames)[1:]:
            places, state, parts = frames // some, self.fresh, []
            for turn, piece in enumerate(torch.split(wanted, some * self.steps)):
                place = (turn + 1) % places  # at once, these frames are at `turn`
                pieces = [piece.flip(0)] * place + [piece]
                y, states = self._run(pieces, [self.fresh] * place + [state], places)
                state = states[place]
                parts.append(y[place])
            if not torch.equal(torch.cat(parts), at_once[0]):
                return False
        return True


def _splits(frames: int) -> list[int]:
    """Frames of one stream in a tile: all, 4 (80 ms is a usual chunk), 1."""
    return [some for some in dict.fromkeys((frames, 4, 1)) if some <= frames and frames % some == 0]
