"""Encoding and decoding piece by piece, with the same result for every way to cut.

Matrix products of different shapes may round differently, and a latent on the border of a
cell then gets another code. So the encoder always runs on blocks of `BLOCK_FRAMES` frames that
start at multiples of it, one stream at a time, on one thread: the same arithmetic whatever
the chunks were.
"""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from typing import Any

import numpy as np
import torch

from audiocodec.errors import AudioError
from audiocodec.models import CodecModel

BLOCK_FRAMES = 16
DECODE_FRAMES = 50


@contextlib.contextmanager
def single_thread() -> Iterator[None]:
    """Run torch operations of this process on one thread each, for as long as the block lasts."""
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    try:
        yield
    finally:
        torch.set_num_threads(before)


class StreamEncoder:
    """Turns one channel into codes as samples arrive.

    Args:
        model: in eval mode.
        num_codebooks: codes a frame.
        every_frame: give codes as soon as a frame is complete, for live use; the block that
            it belongs to is then run again for each of its frames. Otherwise codes come a
            whole block at a time. The codes are the same.

    Attributes:
        samples: pushed so far.
        frames: returned so far.
    """

    def __init__(self, model: CodecModel, num_codebooks: int, every_frame: bool = False) -> None:
        self.model, self.num_codebooks, self.every_frame = model, num_codebooks, every_frame
        self._block_samples = BLOCK_FRAMES * model.hop_length
        self.reset()

    def reset(self) -> None:
        """Start a new stream."""
        self._pending = np.zeros(0, np.float32)
        self._state: Any = None
        self._given = 0  # frames of the pending block already returned
        self.samples = self.frames = 0

    def _run(self, samples: np.ndarray) -> tuple[np.ndarray, Any]:
        block = np.zeros(self._block_samples, np.float32)
        block[: len(samples)] = samples
        with torch.inference_mode(), single_thread():
            latents, state = self.model.encoder(torch.from_numpy(block)[None, None], self._state)
            return self.model.quantizer.encode(latents, self.num_codebooks)[0].numpy(), state

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
        return self._advance(samples)

    def _advance(self, samples: np.ndarray) -> np.ndarray:
        self._pending = np.concatenate([self._pending, samples.astype(np.float32, copy=False)])
        parts = [np.zeros((self.num_codebooks, 0), np.int64)]
        while len(self._pending) >= self._block_samples:
            codes, self._state = self._run(self._pending[: self._block_samples])
            parts.append(codes[:, self._given :])
            self._pending, self._given = self._pending[self._block_samples :], 0
        complete = len(self._pending) // self.model.hop_length
        if self.every_frame and complete > self._given:
            codes, _ = self._run(self._pending)
            parts.append(codes[:, self._given : complete])
            self._given = complete
        out = np.concatenate(parts, axis=1)
        self.frames += out.shape[1]
        return out

    def flush(self, frames: int | None = None) -> np.ndarray:
        """The codes still missing at the end of a stream: "q t".

        Args:
            frames: in all; by default those that cover the samples pushed and the model's delay.
        """
        if frames is None:
            frames = -(-(self.samples + self.model.delay) // self.model.hop_length) if self.samples else 0
        missing = frames - self.frames
        if missing <= 0:
            return np.zeros((self.num_codebooks, 0), np.int64)
        blocks = -(-(self._given + missing) // BLOCK_FRAMES)
        out = self._advance(np.zeros(blocks * self._block_samples - len(self._pending), np.float32))
        return out[:, :missing]


class StreamDecoder:
    """Turns codes of one channel into samples as they arrive.

    The output lags by `model.delay` samples: so many samples of silence come first.

    Args:
        model: in eval mode.
    """

    def __init__(self, model: CodecModel) -> None:
        self.model = model
        self.reset()

    def reset(self) -> None:
        """Start a new stream."""
        self._state: Any = None

    def push(self, codes: np.ndarray) -> np.ndarray:
        """codes: "q t", any t -> samples "(t hop)", float32.

        Raises:
            ConfigError: too many codebooks, or a code out of range.
        """
        parts = [np.zeros(0, np.float32)]
        with torch.inference_mode(), single_thread():
            for start in range(0, codes.shape[1], DECODE_FRAMES):
                piece = torch.from_numpy(np.ascontiguousarray(codes[None, :, start : start + DECODE_FRAMES]))
                waveform, self._state = self.model.decoder(self.model.quantizer.decode(piece), self._state)
                parts.append(waveform[0, 0].numpy())
        return np.concatenate(parts)

    def skip(self, frames: int) -> np.ndarray:
        """Silence in place of `frames` lost frames; decoding starts afresh behind them."""
        self._state = None
        return np.zeros(frames * self.model.hop_length, np.float32)
