"""Codes to latents to samples, on torch."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import torch

from audiocodec.backends.fixed_shapes import Shapes
from audiocodec.backends.state import Arrays
from audiocodec.backends.torch import trees
from audiocodec.backends.torch.devices import device_of, is_exact
from audiocodec.backends.torch.threads import single_thread
from audiocodec.model import CodecModel
from audiocodec.model.info import ModelInfo


class TorchDecoder:
    """Decoder of a model, for any number of streams; keeps no state of them.

    Args:
        model: in eval mode, its linear layers batch-invariant, or on a device without bit-exactness guarantees.
        info: its facts.
    """

    def __init__(self, model: CodecModel, info: ModelInfo) -> None:
        self.model, self.info, self._dequantize = model, info, model.quantizer.coder().decode
        self.device = device_of(model)
        trial = self._samples if is_exact(self.device) else None
        with torch.inference_mode(), single_thread():
            self._shapes = Shapes(self._samples, 1, trial, self.initial_state(), (info.latent_dim,))

    def __reduce__(self) -> tuple[type[TorchDecoder], tuple[CodecModel, ModelInfo]]:
        """Pickled as its model."""
        return TorchDecoder, (self.model, self.info)

    def initial_state(self) -> Any:
        """The state of a stream at its start."""
        with torch.inference_mode(), single_thread():
            return self.model.decoder(torch.zeros(1, self.info.latent_dim, 0, device=self.device))[1]

    def skip(self, state: Any, frames: int) -> Any:
        """The state of a stream that restarts `frames` after `state`."""
        fresh = self.initial_state()
        if not self.model.noisy:
            return fresh
        *layers, (tail, _) = fresh
        _, step = state[-1]
        return (*layers, (tail, step + frames * self.info.hop_length // tail.shape[-1]))

    def dequantize(self, codes: np.ndarray) -> np.ndarray:
        """codes: "b q t" -> latents "b d t".

        Raises:
            ConfigError: too many codebooks, or a code out of range.
        """
        with torch.inference_mode(), single_thread():
            return self._dequantize(torch.from_numpy(codes).to(self.device)).cpu().numpy()

    def synthesize(self, latents: np.ndarray, states: Sequence[Any]) -> tuple[np.ndarray, list[Any]]:
        """latents: "b d t" -> samples "b (t hop)", and the states after them."""
        with torch.inference_mode(), single_thread():
            samples, after = self._shapes.advance(list(latents.swapaxes(1, 2)), states, np.zeros(0, np.float32))
        return np.stack(samples), after

    def _samples(self, latents: np.ndarray, states: list[Any]) -> tuple[np.ndarray, list[Any]]:
        x = torch.from_numpy(latents).to(self.device).transpose(1, 2)
        samples, state = self.model.decoder(x, trees.join(states))
        return samples[:, 0].cpu().numpy(), trees.split(state, len(states))

    def to_arrays(self, state: Any) -> Arrays:
        """A state as plain arrays."""
        return trees.to_arrays(state, "network.")

    def from_arrays(self, arrays: Mapping[str, np.ndarray]) -> Any:
        """Inverse of `to_arrays`.

        Raises:
            ConfigError: it belongs to another network.
        """
        return trees.from_arrays(self.initial_state(), arrays, "network.")
