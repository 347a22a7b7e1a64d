"""Codes to samples on ONNX Runtime."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np

from audiocodec.arrays import Arrays, take
from audiocodec.errors import ConfigError
from audiocodec.runtime.model import OnnxModel


class OnnxDecoder:
    """Codes to latents to samples, for any number of streams; their states are arrays "1 n".

    Args:
        model: shared by all.
    """

    def __init__(self, model: OnnxModel) -> None:
        self._model, self._decode, self.conceals = model, model.decode, model.conceals

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
