"""Encoder and quantizer on torch."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from typing import Any, cast

import numpy as np
import torch
from torch import Tensor

from audiocodec.arrays import Arrays
from audiocodec.models import CodecModel, Encoder
from audiocodec.models.encoder import Stage
from audiocodec.streaming import trees
from audiocodec.streaming.threads import single_thread
from audiocodec.streaming.tiles import ROWS, Run, Tiles

QUANTIZER_FRAMES = 48  # the quantizer takes many frames as easily as one


class TiledEncoder:
    """Encoder and quantizer of a model in tiles, for any number of streams; remembers nothing of them.

    Args:
        model: in eval mode; changes made to its weights later are not seen.
    """

    def __init__(self, model: CodecModel) -> None:
        self.model = model
        network, quantize = cast(Encoder, model.encoder), model.quantizer.coder().encode
        with torch.inference_mode(), single_thread():
            self._stages = []
            for i, stage in enumerate(stages := network.stages()):
                rows = stage.frame_steps // stage.stride  # of a frame, in each matrix product
                run = stage.layers if i < len(stages) - 1 else _with_head(stage, network)
                self._stages.append(Tiles(run, stage.dim, stage.frame_steps, ROWS // math.gcd(ROWS, rows)))
            self._stages.append(Tiles(_quantizer(quantize), model.quantizer.dim, 1, QUANTIZER_FRAMES))

    def fresh(self) -> list[Any]:
        """The state of a stream at its start, one for each stage."""
        return [stage.fresh for stage in self._stages]

    def advance(self, samples: Sequence[np.ndarray], states: Sequence[list[Any]]) -> list[np.ndarray]:
        """Whole frames of samples "t" of each stream -> their codes "q t"; the states move on."""
        xs = [torch.from_numpy(wav)[:, None] for wav in samples]
        with torch.inference_mode(), single_thread():
            for i, stage in enumerate(self._stages):
                column = [state[i] for state in states]
                xs = stage.advance(xs, column)
                for state, after in zip(states, column, strict=True):
                    state[i] = after
        return [x.numpy().T for x in xs]

    def to_arrays(self, state: list[Any]) -> Arrays:
        """A state as plain arrays."""
        return trees.to_arrays(state, "network.")

    def from_arrays(self, arrays: Mapping[str, np.ndarray]) -> list[Any]:
        """Inverse of `to_arrays`.

        Raises:
            ConfigError: it is of another network.
        """
        return list(trees.from_arrays(self.fresh(), arrays, "network."))


def _quantizer(encode: Callable[[Tensor], Tensor]) -> Run:
    """Latents "b t d" -> codes "b t q"."""

    def run(latents: Tensor, state: Any) -> tuple[Tensor, Any]:
        return encode(latents.transpose(1, 2)).transpose(1, 2), ()

    return run


def _with_head(stage: Stage, network: Encoder) -> Run:
    """The last stage, giving latents."""

    def run(x: Tensor, state: Any) -> tuple[Tensor, Any]:
        y, state = stage.layers(x, state)
        return network.head(y), state

    return run
