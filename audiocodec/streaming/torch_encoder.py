"""Encoder and quantizer on torch."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, cast

import numpy as np
import torch
from torch import Tensor

from audiocodec.arrays import Arrays
from audiocodec.models import CodecModel, Encoder
from audiocodec.models.stage import Stage
from audiocodec.streaming import trees
from audiocodec.streaming.threads import single_thread
from audiocodec.streaming.tiles import Network, Tiles

QUANTIZER_ROWS = 48  # the quantizer takes many frames as easily as one


class TorchEncoder:
    """Encoder and quantizer of a model in tiles, for any number of streams; remembers nothing of them.

    Args:
        model: in eval mode; changes made to its weights later are not seen.
    """

    def __init__(self, model: CodecModel) -> None:
        self.model = model
        with torch.inference_mode(), single_thread():
            stages = [Tiles(stage) for stage in cast(Encoder, model.encoder).stages()]
            self._network = Network([*stages, Tiles(_quantizer(model), QUANTIZER_ROWS)])

    def fresh(self) -> list[Any]:
        """The state of a stream at its start."""
        return self._network.fresh()

    def advance(self, samples: Sequence[np.ndarray], states: Sequence[list[Any]]) -> list[np.ndarray]:
        """Whole frames of samples "t" of each stream -> their codes "q t"; the states move on."""
        with torch.inference_mode(), single_thread():
            codes = self._network.advance([torch.from_numpy(wav)[:, None] for wav in samples], states)
        return [item.numpy().T for item in codes]

    def to_arrays(self, state: list[Any]) -> Arrays:
        """A state as plain arrays."""
        return trees.to_arrays(state, "network.")

    def from_arrays(self, arrays: Mapping[str, np.ndarray]) -> list[Any]:
        """Inverse of `to_arrays`.

        Raises:
            ConfigError: it is of another network.
        """
        return list(trees.from_arrays(self.fresh(), arrays, "network."))


def _quantizer(model: CodecModel) -> Stage:
    """Latents "b t d" -> codes "b t q"."""
    encode = model.quantizer.coder().encode

    def run(latents: Tensor, state: Any) -> tuple[Tensor, Any]:
        return encode(latents.transpose(1, 2)).transpose(1, 2), ()

    return Stage(run, model.quantizer.dim, 1, 1)
