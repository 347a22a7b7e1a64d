"""Samples to codes as they arrive."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from audiocodec import audio
from audiocodec.backends.base import FrameEncoder
from audiocodec.backends.state import Arrays, take
from audiocodec.errors import AudioError

PIECE_FRAMES = 48  # encoded at once: memory does not grow with what is pushed


class StreamEncoder:
    """Turns one channel into codes as samples arrive.

    The codes are those of the whole sound at once, bit for bit, however it is cut:
    see `audiocodec.backends.fixed_shapes`.

    Args:
        network: of the model, of `frame_encoder`.
        num_codebooks: codes a frame.

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

    def __init__(self, network: FrameEncoder, num_codebooks: int) -> None:
        self.network, self.num_codebooks = network, num_codebooks
        self.delay_samples = network.info.hop_length
        self.reset()

    def reset(self) -> None:
        """Start a new stream."""
        self._remainder = np.zeros(0, np.float32)  # of a frame that is not complete
        self._state = self.network.fresh()
        self.samples = self.frames = 0

    def push(self, samples: np.ndarray) -> np.ndarray:
        """samples: "t" at the model's rate, any number -> codes that are ready, "q t", int64.

        Raises:
            AudioError: not one axis of floats, NaN or infinite samples, or a range far beyond [-1, 1].
        """
        return encode_batch([self], [check_stream(samples)])[0]

    def flush(self, frames: int | None = None) -> np.ndarray:
        """The codes still missing at the end of a stream: "q t". `reset` before the next one.

        Args:
            frames: in all; by default those that cover the samples pushed and the model's delay.
        """
        info = self.network.info
        if frames is None:
            frames = -(-(self.samples + info.delay) // info.hop_length) if self.samples else 0
        missing, samples = max(0, frames - self.frames), self.samples
        silence = max(0, frames * info.hop_length - samples) if missing else 0
        codes = self.push(np.zeros(silence, np.float32))[:, :missing]
        self.samples = samples
        return codes

    def state(self) -> Arrays:
        """Everything the stream remembers, as plain arrays: `np.savez(file, **encoder.state())`."""
        own = {"remainder": self._remainder.copy(), "counts": np.array([self.samples, self.frames])}
        return own | self.network.to_arrays(self._state)

    def restore(self, state: Mapping[str, np.ndarray]) -> None:
        """Go on exactly where `state` was taken, here or in another process.

        Raises:
            ConfigError: it is not of an encoder of this model.
        """
        remainder = take(state, "remainder", (-1,))
        counts = take(state, "counts", (2,), np.int64)
        self._state = self.network.from_arrays(state)
        self._remainder, (self.samples, self.frames) = remainder, map(int, counts)


def check_stream(samples: Any) -> np.ndarray:
    """Samples "t" that an encoder can take.

    Raises:
        AudioError: they are none.
    """
    array = np.asarray(samples)
    if array.ndim != 1 or not np.issubdtype(array.dtype, np.floating):
        raise AudioError(f"samples must be floats 't', got {array.dtype} of shape {array.shape}")
    audio.check_samples(array, "samples")
    return array


def encode_batch(encoders: Sequence[StreamEncoder], samples: Sequence[np.ndarray]) -> list[np.ndarray]:
    """Samples "t" of `check_stream` for each encoder -> the codes of each, "q t"; encoders share one network."""
    network, hop = encoders[0].network, encoders[0].network.info.hop_length
    complete = []
    for encoder, wav in zip(encoders, samples, strict=True):
        pending = np.concatenate([encoder._remainder, wav.astype(np.float32, copy=False)])
        frames = len(pending) // hop
        complete.append(pending[: frames * hop])
        encoder._remainder = pending[frames * hop :].copy()
        encoder.samples, encoder.frames = encoder.samples + len(wav), encoder.frames + frames
    parts = [[np.zeros((encoder.num_codebooks, 0), np.int64)] for encoder in encoders]
    for start in range(0, max(map(len, complete)), PIECE_FRAMES * hop):
        pieces = [wav[start : start + PIECE_FRAMES * hop] for wav in complete]
        codes, states = network.advance(pieces, [encoder._state for encoder in encoders])
        for encoder, state, part, new in zip(encoders, states, parts, codes, strict=True):
            encoder._state = state
            part.append(new[: encoder.num_codebooks])
    return [np.concatenate(part, axis=1) for part in parts]
