"""Runs a causal network in a few fixed shapes, so results are bit-identical for any chunking or batch."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

State = Any  # of one stream
Run = Callable[[np.ndarray, list[State]], tuple[np.ndarray, list[State]]]
Shape = tuple[int, int]  # streams, frames of each

BLOCK_FRAMES = 48  # the longest chunk; also the frames that are quantized, dequantized and decoded in one call
CANDIDATES: list[Shape] = [(1, BLOCK_FRAMES), (1, 12), (1, 4), (8, 1)]  # besides `ALONE`, which needs no check
ALONE = (1, 1)
# for devices other than the CPU, where nothing is promised bit for bit and large batches are what pays
UNVERIFIED: list[Shape] = [(streams, frames) for frames in (BLOCK_FRAMES, 12, 4, 1) for streams in (64, 16, 4, 1)]


class Shapes:
    """Feeds streams to a network in verified shapes. Keeps no state of any stream.

    Matrix products of different shapes may round differently, and a latent on the border of a cell then gets
    another code. So each shape of `CANDIDATES` is run on noise when the network is loaded, and used only if every
    frame comes out with the same bits as alone. No other shapes are ever run, and equal shapes round identically: the
    result cannot depend on how a stream is cut, nor on the other streams of the batch. ONNX Runtime and
    `audiocodec.backends.torch.batch_invariant` have passed on every processor tried, but neither guarantees it.

    Args:
        run: the network: x "b (t steps) ..." and b states -> y "b ... (t s)" and the states after it.
        steps: steps of x per frame.
        trial: like `run`, with every output that must be bit-identical. None: no check, and the shapes are
            `UNVERIFIED`.
        initial: the state of a stream at its start.
        dim: size of x after its first two axes.

    Attributes:
        verified: the `CANDIDATES` that passed; without a trial, `UNVERIFIED`.
    """

    def __init__(self, run: Run, steps: int, trial: Run | None, initial: State, dim: Sequence[int] = ()) -> None:
        self._run, self._steps = run, steps
        if trial is None:
            self.verified = UNVERIFIED
            return
        frames = max(frames for _, frames in CANDIDATES)
        noise = np.random.default_rng(0).standard_normal((1, frames * steps, *dim)).astype(np.float32) / 8
        alone = self._trial(trial, initial, noise, ALONE)
        self.verified = [s for s in CANDIDATES if np.array_equal(self._trial(trial, initial, noise, s), alone)]

    def advance(
        self, xs: Sequence[np.ndarray], states: Sequence[State], empty: np.ndarray
    ) -> tuple[list[np.ndarray], list[State]]:
        """Feed whole frames to some streams.

        Args:
            xs: "(t steps) ..." for each stream, any t.
            states: of the streams.
            empty: the output for no frames.

        Returns:
            "... (t s)" for each, and the states after it.
        """
        parts, done, now = [[empty] for _ in xs], [0] * len(xs), list(states)
        for streams, frames in (*self.verified, ALONE):
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

    def _trial(self, trial: Run, initial: State, noise: np.ndarray, shape: Shape) -> np.ndarray:
        """The output of the last stream of a shape; all streams get the same input."""
        streams, frames = shape
        states, parts = [initial] * streams, []
        for block in np.split(noise, noise.shape[1] // (frames * self._steps), axis=1):
            y, states = trial(np.repeat(block, streams, axis=0), states)
            parts.append(y[-1])
        return np.concatenate(parts, axis=-1)
