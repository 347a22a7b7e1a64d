"""Encoder and quantizer on torch."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import torch
from einops import rearrange
from torch import Tensor
from torch.nn import functional as F

from audiocodec.backends.fixed_shapes import BLOCK_FRAMES, Shapes
from audiocodec.backends.state import Arrays
from audiocodec.backends.torch import trees
from audiocodec.backends.torch.devices import device_of, is_exact
from audiocodec.backends.torch.threads import single_thread
from audiocodec.model import CodecModel
from audiocodec.model.info import ModelInfo


class TorchEncoder:
    """Encoder and quantizer of a model, for any number of streams; keeps no state of them.

    Args:
        model: in eval mode, its linear layers batch-invariant, or on a device without bit-exactness guarantees.
        info: its facts.

    Attributes:
        shapes: the fixed shapes in which it runs.
    """

    def __init__(self, model: CodecModel, info: ModelInfo) -> None:
        self.model, self.info, self._quantize = model, info, model.quantizer.coder().encode
        self.device = device_of(model)
        trial = self._latents if is_exact(self.device) else None
        with torch.inference_mode(), single_thread():
            self.shapes = Shapes(self._codes, info.hop_length * info.block, trial, self.initial_state())

    def __reduce__(self) -> tuple[type[TorchEncoder], tuple[CodecModel, ModelInfo]]:
        """Pickled as its model."""
        return TorchEncoder, (self.model, self.info)

    def initial_state(self) -> Any:
        """The state of a stream at its start."""
        with torch.inference_mode(), single_thread():
            return self.model.encoder(torch.zeros(1, 1, 0, device=self.device))[1]

    def _encode(self, samples: np.ndarray, states: list[Any]) -> tuple[Tensor, list[Any]]:
        x = torch.from_numpy(samples).to(self.device)
        latents, state = self.model.encoder(x[:, None], trees.join(states))
        return latents, trees.split(state, len(states))

    def _latents(self, samples: np.ndarray, states: list[Any]) -> tuple[np.ndarray, list[Any]]:
        """Samples "b (t hop)" -> latents "b d t"."""
        latents, states = self._encode(samples, states)
        return latents.cpu().numpy(), states

    def _codes(self, samples: np.ndarray, states: list[Any]) -> tuple[np.ndarray, list[Any]]:
        """Samples "b (t hop)" -> codes "b q t"."""
        with torch.inference_mode(), single_thread():
            latents, states = self._encode(samples, states)
            codes = self._quantized(rearrange(latents, "b d t -> 1 d (b t)"))
            return rearrange(codes, "1 q (b t) -> b q t", b=len(samples)).cpu().numpy(), states

    def _quantized(self, frames: Tensor) -> Tensor:
        """Latents "1 d n" -> codes "1 q n"; on the CPU in products of one shape, padded with zeros."""
        if not is_exact(self.device):
            return self._quantize(frames)
        padded = F.pad(frames, (0, -frames.shape[2] % BLOCK_FRAMES))
        codes = [self._quantize(tile) for tile in torch.split(padded, BLOCK_FRAMES, dim=2)]
        return torch.cat(codes, dim=2)[..., : frames.shape[2]]

    def to_arrays(self, state: Any) -> Arrays:
        """A state as plain arrays."""
        return trees.to_arrays(state, "network.")

    def from_arrays(self, arrays: Mapping[str, np.ndarray]) -> Any:
        """Inverse of `to_arrays`.

        Raises:
            ConfigError: it belongs to another network.
        """
        return trees.from_arrays(self.initial_state(), arrays, "network.")
