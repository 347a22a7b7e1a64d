"""A causal network in few shapes, so that its sums round alike however it is fed."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np

Step = Callable[[np.ndarray, np.ndarray], tuple[np.ndarray, np.ndarray]]
Shape = tuple[int, int]  # streams, frames of each

AT_ONCE: list[Shape] = [(1, 48), (1, 12), (8, 1)]  # what may go through the network at once; a single frame always may
ALONE = (1, 1)


class Shapes:
    """Feeds streams to a network in shapes that were tried out. Remembers nothing of any stream.

    Matrix products of different shapes may round differently, and a latent on the border of a cell then gets
    another code. ONNX Runtime computes every row of a product alike, however many there are, but nobody promises
    that. So each shape of `AT_ONCE` is tried on noise when the network is made ready, and used only if it gives each
    frame the very bits that it has alone. No other shapes are ever run, and equal shapes give equal sums: what
    comes out cannot depend on how a stream is cut, nor on company.

    Args:
        run: (x "b (t steps) ...", state "b n") -> (y "b ... s", state): what is fed.
        steps: of x in a frame.
        trial: as `run`, giving all whose bits matter; frames come last.
        fresh: the state of one stream at its start, "1 n".
        dim: of x behind its first two axes.

    Attributes:
        tried: those of `AT_ONCE` that passed.
    """

    def __init__(self, run: Step, steps: int, trial: Step, fresh: np.ndarray, dim: Sequence[int] = ()) -> None:
        self._run, self._steps = run, steps
        frames = max(frames for _, frames in AT_ONCE)
        noise = np.random.default_rng(0).standard_normal((1, frames * steps, *dim)).astype(np.float32) / 8
        alone = self._trial(trial, fresh, noise, ALONE)
        self.tried = [s for s in AT_ONCE if np.array_equal(self._trial(trial, fresh, noise, s), alone)]

    def advance(
        self, xs: Sequence[np.ndarray], states: Sequence[list[np.ndarray]], empty: np.ndarray
    ) -> list[np.ndarray]:
        """Feed whole frames to some streams.

        Args:
            xs: "(t steps) ..." for each stream, any t.
            states: of the streams, lists of one array "1 n"; they move on.
            empty: what no frames give.

        Returns:
            "... (t s)" for each.
        """
        parts, done = [[empty] for _ in xs], [0] * len(xs)
        for streams, frames in (*self.tried, ALONE):
            length = frames * self._steps
            while len(waiting := [i for i, x in enumerate(xs) if len(x) - done[i] >= length]) >= streams:
                group = waiting[:streams]
                block = np.stack([xs[i][done[i] : done[i] + length] for i in group])
                ys, after = self._run(block, np.concatenate([states[i][0] for i in group]))
                for i, y, state in zip(group, ys, after, strict=True):
                    parts[i].append(y)
                    states[i][0] = state[None].copy()
                    done[i] += length
        return [np.concatenate(part, axis=-1) for part in parts]

    def _trial(self, trial: Step, fresh: np.ndarray, noise: np.ndarray, shape: Shape) -> np.ndarray:
        """What the last stream of a shape gets; every stream is given the same."""
        streams, frames = shape
        state, parts = np.repeat(fresh, streams, axis=0), []
        for block in np.split(noise, noise.shape[1] // (frames * self._steps), axis=1):
            y, state = trial(np.repeat(block, streams, axis=0), state)
            parts.append(y[-1])
        return np.concatenate(parts, axis=-1)
