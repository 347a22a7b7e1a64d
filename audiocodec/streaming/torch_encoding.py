"""Samples of one stream to codes, on torch."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, cast

import numpy as np
import torch
from torch import Tensor

from audiocodec.arrays import Arrays
from audiocodec.models import CodecModel, Encoder
from audiocodec.models.encoder import Stage
from audiocodec.streaming.threads import single_thread
from audiocodec.streaming.tiles import Run, Tiles

# Frames a tile. More are faster offline, fewer live; the quantizer takes many as easily as one.
STAGE_FRAMES = 8
FIRST_STAGE_FRAMES = 4
QUANTIZER_FRAMES = 64


class TorchEncoding:
    """Whole frames to codes, each stage of the encoder in `Tiles`.

    Args:
        model: in eval mode.
        num_codebooks: codes a frame.
    """

    def __init__(self, model: CodecModel, num_codebooks: int) -> None:
        self.model, self.num_codebooks = model, num_codebooks
        network = cast(Encoder, model.encoder)
        stages = network.stages()
        frames = [FIRST_STAGE_FRAMES] + [STAGE_FRAMES] * (len(stages) - 1)
        with torch.inference_mode():
            self._tiles = [
                Tiles(
                    _with_head(stage, network) if stage is stages[-1] else stage.layers,
                    stage.dim,
                    stage.stride,
                    n * stage.frame_steps,
                )
                for stage, n in zip(stages, frames, strict=True)
            ]
            self._tiles.append(Tiles(self._quantizer(), model.quantizer.dim, 1, QUANTIZER_FRAMES))

    def _quantizer(self) -> Run:
        """Latents "1 t d" -> codes "1 t q"."""
        encode = self.model.quantizer.coder().encode

        def run(latents: Tensor, state: Any) -> tuple[Tensor, Any]:
            return encode(latents.transpose(1, 2), self.num_codebooks).transpose(1, 2), ()

        return run

    def reset(self) -> None:
        """Start a new stream."""
        with torch.inference_mode(), single_thread():
            for tiles in self._tiles:
                tiles.reset()

    def push(self, samples: np.ndarray, eager: bool) -> np.ndarray:
        """samples: "(t hop)" -> codes that are ready, "q t"; all of them if `eager`."""
        piece = STAGE_FRAMES * self.model.hop_length  # so that memory does not grow with what is pushed at once
        parts = [np.zeros((self.num_codebooks, 0), np.int64)]
        with torch.inference_mode(), single_thread():
            for start in range(0, max(len(samples), 1), piece):
                x = torch.from_numpy(samples[start : start + piece])[:, None]
                for tiles in self._tiles:
                    x = tiles.push(x, eager)
                parts.append(x.numpy().T)
        return np.concatenate(parts, axis=1)

    def state(self) -> Arrays:
        """Everything that is remembered, as plain arrays."""
        own: Arrays = {}
        for i, tiles in enumerate(self._tiles):
            own |= tiles.state(f"stage{i}.")
        return own

    def restore(self, arrays: Mapping[str, np.ndarray]) -> None:
        """Go on from `state`.

        Raises:
            ConfigError: it is of another network.
        """
        for i, tiles in enumerate(self._tiles):
            tiles.restore(arrays, f"stage{i}.")


def _with_head(stage: Stage, network: Encoder) -> Run:
    """The last stage, giving latents."""

    def run(x: Tensor, state: Any) -> tuple[Tensor, Any]:
        y, state = stage.layers(x, state)
        return network.head(y), state

    return run
