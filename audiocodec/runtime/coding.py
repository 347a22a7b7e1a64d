"""Frames through an `OnnxModel`: what `audiocodec.streaming` needs of a backend."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np

from audiocodec.arrays import Arrays, take
from audiocodec.errors import ConfigError
from audiocodec.runtime.model import OnnxModel


class OnnxEncoding:
    """Samples of one stream to codes.

    Args:
        model: shared by all streams.
        num_codebooks: codes a frame.
    """

    def __init__(self, model: OnnxModel, num_codebooks: int) -> None:
        self._model, self._num_codebooks = model, num_codebooks
        self._encode, self._quantize, self._blocks = model.encode, model.quantize(num_codebooks), model.blocks
        self.reset()

    def reset(self) -> None:
        """Start a new stream."""
        self._state = self._encode.fresh()
        self._waiting = np.zeros(0, np.float32)

    def push(self, samples: np.ndarray, eager: bool) -> np.ndarray:
        """samples: "(t hop)" -> codes that are ready, "q t"; all of them if `eager`, else as many as fill large blocks."""
        hop, done, parts = self._model.hop_length, 0, [np.zeros((self._num_codebooks, 0), np.int64)]
        waiting = np.concatenate([self._waiting, samples])
        for frames in self._blocks if eager else self._blocks[:1]:
            while len(waiting) - done >= frames * hop:
                block = waiting[None, done : done + frames * hop]
                latents, self._state = self._encode(block, self._state)
                parts.append(self._quantize(latents)[0][0])
                done += frames * hop
        self._waiting = waiting[done:].copy()
        return np.concatenate(parts, axis=1)

    def state(self) -> Arrays:
        """Everything that is remembered, as plain arrays."""
        return {"waiting": self._waiting.copy(), "state": self._state.copy()}

    def restore(self, arrays: Mapping[str, np.ndarray]) -> None:
        """Go on from `state`.

        Raises:
            ConfigError: it is of another network.
        """
        waiting, state = take(arrays, "waiting", (-1,)), take(arrays, "state", self._state.shape)
        self._waiting, self._state = waiting, state


class OnnxDecoding:
    """Codes to latents to samples, for any number of streams; their states are arrays "1 n".

    Args:
        model: shared by all.
    """

    def __init__(self, model: OnnxModel) -> None:
        self._model, self._decode = model, model.decode

    def fresh(self) -> np.ndarray:
        """The state of a new stream."""
        return self._decode.fresh()

    def dequantize(self, codes: np.ndarray) -> np.ndarray:
        """codes: "b q t" -> latents "b d t".

        Raises:
            ConfigError: too many codebooks, or a code out of range.
        """
        known = self._model.quantizer
        if not 1 <= codes.shape[1] <= known.num_codebooks:
            raise ConfigError(f"got {codes.shape[1]} codebooks, this quantizer has {known.num_codebooks}")
        if codes.size and not 0 <= codes.min() <= codes.max() < known.codebook_size:
            raise ConfigError(f"a code is outside [0, {known.codebook_size})")
        return self._model.dequantize(codes.astype(np.int64, copy=False))[0].transpose(0, 2, 1)

    def synthesize(self, latents: np.ndarray, states: Sequence[np.ndarray]) -> tuple[np.ndarray, list[np.ndarray]]:
        """latents: "b d t" -> samples "b (t hop)" and the states after them."""
        if latents.shape[2] == 0:
            return np.zeros((len(latents), 0), np.float32), list(states)
        samples, state = self._decode(np.ascontiguousarray(latents.transpose(0, 2, 1)), np.concatenate(states))
        return samples, [row[None].copy() for row in state]

    def to_arrays(self, state: np.ndarray) -> Arrays:
        """A state as plain arrays."""
        return {"state": state.copy()}

    def from_arrays(self, arrays: Mapping[str, np.ndarray]) -> np.ndarray:
        """Inverse of `to_arrays`.

        Raises:
            ConfigError: it is of another network.
        """
        return take(arrays, "state", (1, self._decode.state_size))
