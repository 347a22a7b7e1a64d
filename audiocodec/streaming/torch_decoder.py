"""Codes to latents to samples, on torch."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, cast

import numpy as np
import torch

from audiocodec.arrays import Arrays
from audiocodec.models import CodecModel, ConvDecoder
from audiocodec.streaming import trees
from audiocodec.streaming.threads import single_thread
from audiocodec.streaming.tiles import Network, Tiles


class TorchDecoder:
    """Decoder of a model in tiles, for any number of streams; remembers nothing of them.

    Args:
        model: in eval mode; changes made to its weights later are not seen.
    """

    def __init__(self, model: CodecModel) -> None:
        self.model, self._dequantize = model, model.quantizer.coder().decode
        self.conceals: bool = getattr(model.decoder, "conceals", False)
        with torch.inference_mode(), single_thread():
            self._network = Network([Tiles(stage) for stage in cast(ConvDecoder, model.decoder).stages()])

    def fresh(self) -> list[Any]:
        """The state of a stream at its start."""
        return self._network.fresh()

    def dequantize(self, codes: np.ndarray) -> np.ndarray:
        """codes: "b q t" -> latents "b d t".

        Raises:
            ConfigError: too many codebooks, or a code out of range.
        """
        with torch.inference_mode(), single_thread():
            return self._dequantize(torch.from_numpy(codes)).numpy()

    def synthesize(self, latents: np.ndarray, states: Sequence[list[Any]]) -> np.ndarray:
        """latents: "b d t" -> samples "b (t hop)"; the states move on."""
        with torch.inference_mode(), single_thread():
            samples = self._network.advance(list(torch.from_numpy(latents).transpose(1, 2)), states)
            return torch.stack(samples)[..., 0].numpy()

    def to_arrays(self, state: list[Any]) -> Arrays:
        """A state as plain arrays."""
        return trees.to_arrays(state, "network.")

    def from_arrays(self, arrays: Mapping[str, np.ndarray]) -> list[Any]:
        """Inverse of `to_arrays`.

        Raises:
            ConfigError: it is of another network.
        """
        return list(trees.from_arrays(self.fresh(), arrays, "network."))
