"""Decoding of all channels of a sound, chunk by chunk."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import numpy as np

from audiocodec.backends.base import FrameDecoder
from audiocodec.backends.torch.threads import single_thread
from audiocodec.codec.channels import split, to_left_right
from audiocodec.codec.stream_decoder import StreamDecoder, check_codes
from audiocodec.tokens.joint import Joint


class SoundDecoder:
    """A stream decoder for each channel, or for the two signals of a joint row.

    Args:
        network: may be shared.
        channels: of the sound.
        joint: whether, and how, two channels share one row of codes.
        threads: number of channels to decode in parallel.

    Attributes:
        delay_samples: samples by which the output lags.
    """

    def __init__(self, network: FrameDecoder, channels: int, joint: Joint, threads: int = 1) -> None:
        self.joint, self.threads = joint, threads
        self.decoders = [StreamDecoder(network) for _ in range(channels)]
        self.delay_samples = self.decoders[0].delay_samples

    def push(self, codes: np.ndarray) -> np.ndarray:
        """codes: "r q t" -> samples "c t".

        Raises:
            ConfigError: see `StreamDecoder.push`; then no channel has changed.
        """
        parts = split(codes) if self.joint else list(codes)
        for decoder, part in zip(self.decoders, parts, strict=True):
            if len(part):
                check_codes(decoder.network.info, part)
        wav = self._each(_push, parts)
        return to_left_right(wav, self.joint) if self.joint else wav

    def conceal(self, frames: int) -> np.ndarray:
        """Samples "c t" in place of lost frames; see `StreamDecoder.conceal`."""
        wav = self._each(StreamDecoder.conceal, [frames] * len(self.decoders))
        return to_left_right(wav, self.joint) if self.joint else wav

    def skip(self, frames: int) -> np.ndarray:
        """Silence "c t" in place of lost frames; see `StreamDecoder.skip`."""
        return self._each(StreamDecoder.skip, [frames] * len(self.decoders))

    def start_at(self, frames: int) -> None:
        """See `StreamDecoder.start_at`."""
        for decoder in self.decoders:
            decoder.start_at(frames)

    def reset(self) -> None:
        """Start a new stream."""
        for decoder in self.decoders:
            decoder.reset()

    def _each(self, work: Callable[[StreamDecoder, Any], np.ndarray], arguments: Sequence[Any]) -> np.ndarray:
        """`work` on each channel, on one torch thread each."""
        with single_thread():
            if self.threads == 1 or len(self.decoders) == 1:
                return np.stack(list(map(work, self.decoders, arguments)))
            with ThreadPoolExecutor(self.threads) as pool:
                return np.stack(list(pool.map(work, self.decoders, arguments)))


def _push(decoder: StreamDecoder, codes: np.ndarray) -> np.ndarray:
    """Samples of a channel with codes "q t"; silence if it has no codebooks, as can happen for side."""
    return decoder.push(codes) if len(codes) else decoder.skip(codes.shape[1])
