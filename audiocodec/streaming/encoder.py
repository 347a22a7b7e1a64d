"""Samples to codes as they arrive."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, cast

import numpy as np
import torch
from torch import Tensor

from audiocodec.errors import AudioError
from audiocodec.models import CodecModel, Encoder
from audiocodec.models.encoder import Stage
from audiocodec.streaming import trees
from audiocodec.streaming.threads import single_thread
from audiocodec.streaming.tiles import Run, Tiles

# Frames a tile. More are faster offline, fewer live; the quantizer takes many as easily as one.
STAGE_FRAMES = 8
FIRST_STAGE_FRAMES = 4
QUANTIZER_FRAMES = 64


class StreamEncoder:
    """Turns one channel into codes as samples arrive.

    The codes are those of the whole sound at once, bit for bit, however it is cut: see `Tiles`.

    Args:
        model: in eval mode.
        num_codebooks: codes a frame.
        every_frame: give codes as soon as a frame is complete, for live use. Otherwise they
            come 64 frames at a time, which is less work. The codes are the same.

    Attributes:
        delay_samples: from a sample pushed to the end of the frame that holds it, at most: what
            encoding adds to the delay of the sound.
        samples: pushed so far.
        frames: returned so far.

    Example:
        >>> import audiocodec, numpy as np
        >>> encoder = audiocodec.load("speech-16k").stream_encoder(num_codebooks=6)
        >>> encoder.push(np.zeros(700, np.float32)).shape, encoder.flush().shape
        ((6, 2), (6, 2))
    """

    def __init__(self, model: CodecModel, num_codebooks: int, every_frame: bool = False) -> None:
        self.model, self.num_codebooks, self.every_frame = model, num_codebooks, every_frame
        self.delay_samples = model.hop_length
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
        self.reset()

    def _quantizer(self) -> Run:
        """Latents "1 t d" -> codes "1 t q"."""
        encode = self.model.quantizer.coder().encode

        def run(latents: Tensor, state: Any) -> tuple[Tensor, Any]:
            return encode(latents.transpose(1, 2), self.num_codebooks).transpose(1, 2), ()

        return run

    def reset(self) -> None:
        """Start a new stream."""
        self._remainder = np.zeros(0, np.float32)  # of a frame that is not complete
        self.samples = self.frames = 0
        with torch.inference_mode(), single_thread():
            for tiles in self._tiles:
                tiles.reset()

    def push(self, samples: np.ndarray) -> np.ndarray:
        """samples: "t" at the model's rate, any number -> codes that are ready, "q t", int64.

        Raises:
            AudioError: not one axis of floats, or NaN or infinite samples.
        """
        if samples.ndim != 1 or not np.issubdtype(samples.dtype, np.floating):
            raise AudioError(f"samples must be floats 't', got {samples.dtype} of shape {samples.shape}")
        if not np.isfinite(samples).all():
            raise AudioError("samples hold NaN or infinity")
        self.samples += len(samples)
        codes = self._advance(samples, self.every_frame)
        self.frames += codes.shape[1]
        return codes

    def _advance(self, samples: np.ndarray, eager: bool) -> np.ndarray:
        pending = np.concatenate([self._remainder, samples.astype(np.float32, copy=False)])
        complete = len(pending) - len(pending) % self.model.hop_length
        self._remainder = pending[complete:].copy()
        piece = STAGE_FRAMES * self.model.hop_length  # so that memory does not grow with what is pushed at once
        parts = [np.zeros((self.num_codebooks, 0), np.int64)]
        with torch.inference_mode(), single_thread():
            for start in range(0, max(complete, 1), piece):
                x = torch.from_numpy(pending[start : min(start + piece, complete)])[:, None]
                for tiles in self._tiles:
                    x = tiles.push(x, eager)
                parts.append(x.numpy().T)
        return np.concatenate(parts, axis=1)

    def flush(self, frames: int | None = None) -> np.ndarray:
        """The codes still missing at the end of a stream: "q t". `reset` before the next one.

        Args:
            frames: in all; by default those that cover the samples pushed and the model's delay.
        """
        if frames is None:
            frames = -(-(self.samples + self.model.delay) // self.model.hop_length) if self.samples else 0
        missing = max(0, frames - self.frames)
        silence = frames * self.model.hop_length - self.samples if missing else 0
        codes = self._advance(np.zeros(max(0, silence), np.float32), eager=True)[:, :missing]
        self.frames += codes.shape[1]
        return codes

    def state(self) -> trees.Arrays:
        """Everything the stream remembers, as plain arrays: `np.savez(file, **encoder.state())`."""
        own = {"remainder": self._remainder.copy(), "counts": np.array([self.samples, self.frames])}
        for i, tiles in enumerate(self._tiles):
            own |= tiles.state(f"stage{i}.")
        return own

    def restore(self, state: Mapping[str, np.ndarray]) -> None:
        """Go on exactly where `state` was taken, here or in another process.

        Raises:
            ConfigError: it is not of an encoder of this model.
        """
        remainder = trees.take(state, "remainder", (-1,))
        counts = trees.take(state, "counts", (2,), np.int64)
        for i, tiles in enumerate(self._tiles):
            tiles.restore(state, f"stage{i}.")
        self._remainder, (self.samples, self.frames) = remainder, map(int, counts)


def _with_head(stage: Stage, network: Encoder) -> Run:
    """The last stage, giving latents."""

    def run(x: Tensor, state: Any) -> tuple[Tensor, Any]:
        y, state = stage.layers(x, state)
        return network.head(y), state

    return run
