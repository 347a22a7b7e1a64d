"""Samples to codes on ONNX Runtime."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np

from audiocodec.arrays import Arrays, take
from audiocodec.runtime.model import OnnxModel

Shape = tuple[int, int]  # streams, frames of each

AT_ONCE: list[Shape] = [(1, 48), (1, 12), (8, 1)]  # what may go through the network at once; a single frame always may
ALONE = (1, 1)


class OnnxEncoder:
    """Encoder and quantizer, for any number of streams; remembers nothing of them. Their states are lists of one array.

    Matrix products of different shapes may round differently, and a latent on the border of a cell then gets
    another code. ONNX Runtime computes every row of a product alike, however many there are, but nobody promises
    that. So each shape of `AT_ONCE` is tried on noise when the encoder is made, and used only if it gives each
    frame the very bits that it has alone. No other shapes are ever run, and equal shapes give equal sums: codes
    cannot depend on how sound is cut, nor on company.

    Args:
        model: shared with others.

    Attributes:
        shapes: those of `AT_ONCE` that passed.
    """

    def __init__(self, model: OnnxModel) -> None:
        self.model = model
        self.shapes = self._alike()

    def fresh(self) -> list[np.ndarray]:
        """The state of a stream at its start."""
        return [self.model.encode.fresh()]

    def advance(self, samples: Sequence[np.ndarray], states: Sequence[list[np.ndarray]]) -> list[np.ndarray]:
        """Whole frames of samples "t" of each stream -> their codes "q t"; the states move on."""
        hop, depth = self.model.hop_length, self.model.quantizer.num_codebooks
        parts, done = [[np.zeros((depth, 0), np.int64)] for _ in samples], [0] * len(samples)
        for streams, frames in (*self.shapes, ALONE):
            length = frames * hop
            while len(waiting := [i for i, wav in enumerate(samples) if len(wav) - done[i] >= length]) >= streams:
                group = waiting[:streams]
                block = np.stack([samples[i][done[i] : done[i] + length] for i in group])
                latents, after = self.model.encode(block, np.concatenate([states[i][0] for i in group]))
                codes = self.model.quantize(latents)[0]
                for i, new, state in zip(group, codes, after, strict=True):
                    parts[i].append(new)
                    states[i][0] = state[None].copy()
                    done[i] += length
        return [np.concatenate(part, axis=1) for part in parts]

    def _alike(self) -> list[Shape]:
        """The shapes that compute each frame as it is computed alone."""
        longest = max(frames for _, frames in AT_ONCE)
        noise = np.random.default_rng(0).standard_normal((1, longest * self.model.hop_length)).astype(np.float32) / 8
        alone = self._trial(noise, ALONE)
        return [shape for shape in AT_ONCE if all(map(np.array_equal, self._trial(noise, shape), alone))]

    def _trial(self, samples: np.ndarray, shape: Shape) -> tuple[np.ndarray, np.ndarray]:
        """Latents of each frame, and what codes leave of them; every stream of a shape is given the same."""
        streams, frames = shape
        state, parts = np.repeat(self.model.encode.fresh(), streams, axis=0), []
        for block in np.split(samples, samples.shape[1] // (frames * self.model.hop_length), axis=1):
            latents, state = self.model.encode(np.repeat(block, streams, axis=0), state)
            parts.append((latents[-1], self.model.quantize(latents)[1][-frames:]))
        latents, residuals = map(np.concatenate, zip(*parts, strict=True))
        return latents, residuals

    def to_arrays(self, state: list[np.ndarray]) -> Arrays:
        """A state as plain arrays."""
        return {"state": state[0].copy()}

    def from_arrays(self, arrays: Mapping[str, np.ndarray]) -> list[np.ndarray]:
        """Inverse of `to_arrays`.

        Raises:
            ConfigError: it is of another network.
        """
        return [take(arrays, "state", (1, self.model.encode.state_size))]
