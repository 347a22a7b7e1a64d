"""Codes to latents to samples, on torch."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import torch

from audiocodec.arrays import Arrays
from audiocodec.models import CodecModel
from audiocodec.streaming import trees
from audiocodec.streaming.threads import single_thread


class TorchDecoder:
    """For any number of streams; their states are nested tuples of tensors.

    Args:
        model: in eval mode.
    """

    def __init__(self, model: CodecModel) -> None:
        self._model, self._dequantize = model, model.quantizer.coder().decode
        self.conceals: bool = getattr(model.decoder, "conceals", False)

    def fresh(self) -> Any:
        """The state of a new stream."""
        with torch.inference_mode(), single_thread():
            return self._model.decoder(torch.zeros(1, self._model.quantizer.dim, 0))[1]

    def dequantize(self, codes: np.ndarray) -> np.ndarray:
        """codes: "b q t" -> latents "b d t".

        Raises:
            ConfigError: too many codebooks, or a code out of range.
        """
        with torch.inference_mode(), single_thread():
            return self._dequantize(torch.from_numpy(np.ascontiguousarray(codes))).numpy()

    def synthesize(self, latents: np.ndarray, states: Sequence[Any]) -> tuple[np.ndarray, list[Any]]:
        """latents: "b d t" -> samples "b (t hop)" and the states after them."""
        with torch.inference_mode(), single_thread():
            waveform, state = self._model.decoder(torch.from_numpy(latents), trees.join(states))
            return waveform[:, 0].numpy(), trees.split(state, len(states))

    def to_arrays(self, state: Any) -> Arrays:
        """A state as plain arrays."""
        return trees.to_arrays(state, "network.")

    def from_arrays(self, arrays: Mapping[str, np.ndarray]) -> Any:
        """Inverse of `to_arrays`.

        Raises:
            ConfigError: it is of another network.
        """
        return trees.from_arrays(self.fresh(), arrays, "network.")
