"""Codes to samples on ONNX Runtime."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np

from audiocodec.backends.fixed_shapes import Shapes
from audiocodec.backends.onnx.model import OnnxModel
from audiocodec.backends.state import Arrays, load_array
from audiocodec.errors import ConfigError
from audiocodec.model.info import ModelInfo
from audiocodec.tokens.depths import NO_CODE


class OnnxDecoder:
    """Codes to latents to samples, for any number of streams; their states are arrays "1 n".

    Args:
        model: may be shared.
        info: its facts.

    Attributes:
        shapes: the fixed shapes in which it runs.
    """

    def __init__(self, model: OnnxModel, info: ModelInfo) -> None:
        self.model, self.info = model, info
        self.shapes = Shapes(self._samples, 1, self._samples, self.initial_state(), (info.latent_dim,))

    def __reduce__(self) -> tuple[type[OnnxDecoder], tuple[OnnxModel, ModelInfo]]:
        """Pickled as its model."""
        return OnnxDecoder, (self.model, self.info)

    def initial_state(self) -> np.ndarray:
        """The state of a stream at its start."""
        return self.model.decode.initial_state()

    def skip(self, state: np.ndarray, frames: int) -> np.ndarray:
        """The state of a stream that restarts `frames` after `state`."""
        return self.model.decode.skip(state, frames * self.model.synthesis_steps)

    def dequantize(self, codes: np.ndarray) -> np.ndarray:
        """codes: "b q t", `NO_CODE` where a frame has fewer -> latents "b d t".

        Raises:
            ConfigError: too many codebooks, or a code out of range.
        """
        known = self.info
        if not 1 <= codes.shape[1] <= known.num_codebooks:
            raise ConfigError(f"got {codes.shape[1]} codebooks, this quantizer has {known.num_codebooks}")
        if codes.size and not NO_CODE <= codes.min() <= codes.max() < known.codebook_size:
            raise ConfigError(f"a code is outside [0, {known.codebook_size})")
        return self.model.dequantize(codes.astype(np.int64, copy=False))[0].transpose(0, 2, 1)

    def synthesize(self, latents: np.ndarray, states: Sequence[np.ndarray]) -> tuple[np.ndarray, list[np.ndarray]]:
        """latents: "b d t" -> samples "b (t hop)", and the states after them."""
        samples, after = self.shapes.advance(list(latents.swapaxes(1, 2)), states, np.zeros(0, np.float32))
        return np.stack(samples), after

    def _samples(self, latents: np.ndarray, states: list[np.ndarray]) -> tuple[np.ndarray, list[np.ndarray]]:
        """Latents "b t d" -> samples "b (t hop)"."""
        return self.model.decode.step(latents, states)

    def to_arrays(self, state: np.ndarray) -> Arrays:
        """A state as plain arrays."""
        return {"state": state.copy()}

    def from_arrays(self, arrays: Mapping[str, np.ndarray]) -> np.ndarray:
        """Inverse of `to_arrays`.

        Raises:
            ConfigError: it belongs to another network.
        """
        return load_array(arrays, "state", (1, self.model.decode.state_size))
