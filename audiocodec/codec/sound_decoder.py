"""All channels of a sound, decoded piece by piece."""

from __future__ import annotations

import numpy as np

from audiocodec.backends.base import FrameDecoder
from audiocodec.codec.channels import split, to_left_right
from audiocodec.codec.stream_decoder import StreamDecoder, decode_streams


class SoundDecoder:
    """A stream decoder for each channel, or for mid and side of two.

    Args:
        network: shared with others.
        channels: of the sound.
        joint: two channels share one row of codes, as mid and side.

    Attributes:
        delay_samples: by which the sound is late.
    """

    def __init__(self, network: FrameDecoder, channels: int, joint: bool) -> None:
        self.joint = joint
        self.decoders = [StreamDecoder(network) for _ in range(channels)]
        self.delay_samples = self.decoders[0].delay_samples

    def push(self, codes: np.ndarray) -> np.ndarray:
        """codes: "r q t" -> samples "c t".

        Raises:
            ConfigError: see `StreamDecoder.push`; then no channel has moved.
        """
        if not self.joint:
            return np.stack(decode_streams(self.decoders, list(codes)))
        mid, side = split(codes)
        if len(side):
            return to_left_right(np.stack(decode_streams(self.decoders, [mid, side])))
        return to_left_right(np.stack([self.decoders[0].push(mid), self.decoders[1].skip(mid.shape[1])]))

    def conceal(self, frames: int) -> np.ndarray:
        """Samples "c t" in place of lost frames; see `StreamDecoder.conceal`."""
        wav = np.stack([decoder.conceal(frames) for decoder in self.decoders])
        return to_left_right(wav) if self.joint else wav

    def reset(self) -> None:
        """Start a new stream."""
        for decoder in self.decoders:
            decoder.reset()
