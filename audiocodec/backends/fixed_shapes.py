"""A causal network in few shapes, so that its sums round alike however it is fed."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

State = Any  # of one stream
Run = Callable[[np.ndarray, list[State]], tuple[np.ndarray, list[State]]]
Shape = tuple[int, int]  # streams, frames of each

BLOCK_FRAMES = 48  # the longest piece: also the frames that are quantized, dequantized and decoded at once
AT_ONCE: list[Shape] = [(1, BLOCK_FRAMES), (1, 12), (1, 4), (8, 1)]  # what may go through; a single frame always may
ALONE = (1, 1)
# where nothing is promised to the bit, on other devices than the CPU, and many streams at once are what pays
UNTRIED: list[Shape] = [(streams, frames) for frames in (BLOCK_FRAMES, 12, 4, 1) for streams in (64, 16, 4, 1)]


class Shapes:
    """Feeds streams to a network in shapes that were tried out. Remembers nothing of any stream.

    Matrix products of different shapes may round differently, and a latent on the border of a cell then gets
    another code. So each shape of `AT_ONCE` is tried on noise when the network is made ready, and used only if it gives
    each frame the very bits that it has alone. No other shapes are ever run, and equal shapes give equal sums: what
    comes out cannot depend on how a stream is cut, nor on company. ONNX Runtime and
    `audiocodec.backends.torch.batch_invariant` compute every row alike, on every processor tried, but nobody promises
    that.

    Args:
        run: x "b (t steps) ..." and b states -> y "b ... (t s)" and the states after it: what is fed.
        steps: of x in a frame.
        trial: as `run`, giving all whose bits matter. None: nothing is tried, and the shapes are those of `UNTRIED`.
        fresh: the state of a stream at its start.
        dim: of x behind its first two axes.

    Attributes:
        tried: those of `AT_ONCE` that passed; without a trial, `UNTRIED`.
    """

    def __init__(self, run: Run, steps: int, trial: Run | None, fresh: State, dim: Sequence[int] = ()) -> None:
        self._run, self._steps = run, steps
        if trial is None:
            self.tried = UNTRIED
            return
        frames = max(frames for _, frames in AT_ONCE)
        noise = np.random.default_rng(0).standard_normal((1, frames * steps, *dim)).astype(np.float32) / 8
        alone = self._trial(trial, fresh, noise, ALONE)
        self.tried = [s for s in AT_ONCE if np.array_equal(self._trial(trial, fresh, noise, s), alone)]

    def advance(
        self, xs: Sequence[np.ndarray], states: Sequence[State], empty: np.ndarray
    ) -> tuple[list[np.ndarray], list[State]]:
        """Feed whole frames to some streams.

        Args:
            xs: "(t steps) ..." for each stream, any t.
            states: of the streams.
            empty: what no frames give.

        Returns:
            "... (t s)" for each, and the states after it.
        """
        parts, done, now = [[empty] for _ in xs], [0] * len(xs), list(states)
        for streams, frames in (*self.tried, ALONE):
            length = frames * self._steps
            while len(waiting := [i for i, x in enumerate(xs) if len(x) - done[i] >= length]) >= streams:
                group = waiting[:streams]
                block = np.stack([xs[i][done[i] : done[i] + length] for i in group])
                ys, after = self._run(block, [now[i] for i in group])
                for i, y, state in zip(group, ys, after, strict=True):
                    parts[i].append(y)
                    now[i] = state
                    done[i] += length
        return [np.concatenate(part, axis=-1) for part in parts], now

    def _trial(self, trial: Run, fresh: State, noise: np.ndarray, shape: Shape) -> np.ndarray:
        """What the last stream of a shape gets; every stream is given the same."""
        streams, frames = shape
        states, parts = [fresh] * streams, []
        for block in np.split(noise, noise.shape[1] // (frames * self._steps), axis=1):
            y, states = trial(np.repeat(block, streams, axis=0), states)
            parts.append(y[-1])
        return np.concatenate(parts, axis=-1)
