"""Encoder and quantizer on torch."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import torch
from einops import rearrange
from torch.nn import functional as F

from audiocodec.backends.fixed_shapes import Shapes
from audiocodec.backends.state import Arrays
from audiocodec.backends.torch import trees
from audiocodec.backends.torch.threads import single_thread
from audiocodec.model import CodecModel
from audiocodec.model.info import ModelInfo

QUANTIZED_ROWS = 48  # frames quantized at once, zeros standing where there are fewer: always products of one shape


class TorchEncoder:
    """Encoder and quantizer of a model, for any number of streams; remembers nothing of them.

    Args:
        model: in eval mode, its linear layers rowwise.
        info: its facts.

    Attributes:
        shapes: in which it is fed.
    """

    def __init__(self, model: CodecModel, info: ModelInfo) -> None:
        self.model, self.info, self._quantize = model, info, model.quantizer.coder().encode
        with torch.inference_mode(), single_thread():
            self.shapes = Shapes(self._codes, info.hop_length, self._latents, self.fresh())

    def __reduce__(self) -> tuple[type[TorchEncoder], tuple[CodecModel, ModelInfo]]:
        """Pickled as its model."""
        return TorchEncoder, (self.model, self.info)

    def fresh(self) -> Any:
        """The state of a stream at its start."""
        with torch.inference_mode(), single_thread():
            return self.model.encoder(torch.zeros(1, 1, 0))[1]

    def _latents(self, samples: np.ndarray, states: list[Any]) -> tuple[np.ndarray, list[Any]]:
        latents, state = self.model.encoder(torch.from_numpy(samples)[:, None], trees.join(states))
        return latents.numpy(), trees.split(state, len(states))

    def _codes(self, samples: np.ndarray, states: list[Any]) -> tuple[np.ndarray, list[Any]]:
        """Samples "b (t hop)" -> codes "b q t"."""
        with torch.inference_mode(), single_thread():
            latents, states = self._latents(samples, states)
            frames = rearrange(torch.from_numpy(latents), "b d t -> 1 d (b t)")
            padded = F.pad(frames, (0, -frames.shape[2] % QUANTIZED_ROWS))
            codes = [self._quantize(tile) for tile in torch.split(padded, QUANTIZED_ROWS, dim=2)]
            kept = torch.cat(codes, dim=2)[..., : frames.shape[2]]
            return rearrange(kept, "1 q (b t) -> b q t", b=len(samples)).numpy(), states

    def to_arrays(self, state: Any) -> Arrays:
        """A state as plain arrays."""
        return trees.to_arrays(state, "network.")

    def from_arrays(self, arrays: Mapping[str, np.ndarray]) -> Any:
        """Inverse of `to_arrays`.

        Raises:
            ConfigError: it is of another network.
        """
        return trees.from_arrays(self.fresh(), arrays, "network.")
