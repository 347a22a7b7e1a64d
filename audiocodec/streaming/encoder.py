"""Samples to codes as they arrive."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

import numpy as np

from audiocodec.arrays import Arrays, take
from audiocodec.errors import AudioError
from audiocodec.streaming.backends import encoding

if TYPE_CHECKING:
    from audiocodec.streaming.backends import Model


class StreamEncoder:
    """Turns one channel into codes as samples arrive.

    The codes are those of the whole sound at once, bit for bit, however it is cut: see `Tiles` (torch) and
    `OnnxModel.blocks`.

    Args:
        model: in eval mode, or an `OnnxModel`.
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

    def __init__(self, model: Model, num_codebooks: int, every_frame: bool = False) -> None:
        self.model, self.num_codebooks, self.every_frame = model, num_codebooks, every_frame
        self.delay_samples = model.hop_length
        self._coding = encoding(model, num_codebooks)
        self.reset()

    def reset(self) -> None:
        """Start a new stream."""
        self._remainder = np.zeros(0, np.float32)  # of a frame that is not complete
        self.samples = self.frames = 0
        self._coding.reset()

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
        return self._coding.push(pending[:complete], eager)

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

    def state(self) -> Arrays:
        """Everything the stream remembers, as plain arrays: `np.savez(file, **encoder.state())`."""
        own = {"remainder": self._remainder.copy(), "counts": np.array([self.samples, self.frames])}
        return own | self._coding.state()

    def restore(self, state: Mapping[str, np.ndarray]) -> None:
        """Go on exactly where `state` was taken, here or in another process.

        Raises:
            ConfigError: it is not of an encoder of this model.
        """
        remainder = take(state, "remainder", (-1,))
        counts = take(state, "counts", (2,), np.int64)
        self._coding.restore(state)
        self._remainder, (self.samples, self.frames) = remainder, map(int, counts)
