"""Samples to codes on ONNX Runtime."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from audiocodec.backends.fixed_shapes import Shapes
from audiocodec.backends.onnx.model import OnnxModel
from audiocodec.backends.state import Arrays, load_array
from audiocodec.model.info import ModelInfo


class OnnxEncoder:
    """Encoder and quantizer, for any number of streams; keeps no state. Their states are arrays "1 n".

    Args:
        model: may be shared.
        info: its facts.

    Attributes:
        shapes: the fixed shapes in which it runs.
    """

    def __init__(self, model: OnnxModel, info: ModelInfo) -> None:
        self.model, self.info = model, info
        self.shapes = Shapes(self._codes, info.hop_length * info.block, self._bits, self.initial_state())

    def __reduce__(self) -> tuple[type[OnnxEncoder], tuple[OnnxModel, ModelInfo]]:
        """Pickled as its model."""
        return OnnxEncoder, (self.model, self.info)

    def initial_state(self) -> np.ndarray:
        """The state of a stream at its start."""
        return self.model.encode.initial_state()

    def _codes(self, samples: np.ndarray, states: list[np.ndarray]) -> tuple[np.ndarray, list[np.ndarray]]:
        """Samples "b (t hop)" -> codes "b q t"."""
        latents, states = self.model.encode.step(samples, states)
        return self.model.quantize(latents)[0], states

    def _bits(self, samples: np.ndarray, states: list[np.ndarray]) -> tuple[np.ndarray, list[np.ndarray]]:
        """Samples "b (t hop)" -> latents and their quantization residual, "b 2d t"."""
        latents, states = self.model.encode.step(samples, states)
        left = self.model.quantize(latents)[1].reshape(latents.shape)
        return np.concatenate([latents, left], axis=2).transpose(0, 2, 1), states

    def to_arrays(self, state: np.ndarray) -> Arrays:
        """A state as plain arrays."""
        return {"state": state.copy()}

    def from_arrays(self, arrays: Mapping[str, np.ndarray]) -> np.ndarray:
        """Inverse of `to_arrays`.

        Raises:
            ConfigError: it belongs to another network.
        """
        return load_array(arrays, "state", (1, self.model.encode.state_size))
