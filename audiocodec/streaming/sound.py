"""All channels of a sound, encoded piece by piece."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from audiocodec import stereo
from audiocodec.streaming.backends import FrameEncoder
from audiocodec.streaming.encoder import StreamEncoder
from audiocodec.streaming.together import encode_together


class SoundEncoder:
    """A stream encoder for each channel, or for mid and side of two.

    Args:
        network: shared with others.
        channels: of the sound.
        num_codebooks: of a row of codes.
        joint: two channels become one row, see `audiocodec.stereo`.
    """

    def __init__(self, network: FrameEncoder, channels: int, num_codebooks: int, joint: bool) -> None:
        depths = stereo.depths(num_codebooks) if joint else [num_codebooks] * channels
        self.encoders = [StreamEncoder(network, depth) for depth in depths]
        self.joint = joint

    def inputs(self, block: np.ndarray) -> list[np.ndarray]:
        """Samples "c t" -> what each encoder gets, "t"."""
        return list(stereo.to_mid_side(block) if self.joint else block)

    def rows(self, codes: Sequence[np.ndarray]) -> np.ndarray:
        """Codes of each encoder, "q t" -> "b q t"."""
        return stereo.join(*codes) if self.joint else np.stack(codes)

    def flush(self, frames: int) -> np.ndarray:
        """See `StreamEncoder.flush`; "b q t"."""
        return self.rows([encoder.flush(frames) for encoder in self.encoders])


def encode_sounds(sounds: Sequence[SoundEncoder], blocks: Sequence[np.ndarray], threads: int = 1) -> list[np.ndarray]:
    """Push samples "c t" to each sound; returns their codes, "b q t". See `encode_together`.

    Raises:
        AudioError: see `StreamEncoder.push`.
    """
    encoders = [encoder for sound in sounds for encoder in sound.encoders]
    inputs = [wav for sound, block in zip(sounds, blocks, strict=True) for wav in sound.inputs(block)]
    codes = iter(encode_together(encoders, inputs, threads))
    return [sound.rows([next(codes) for _ in sound.encoders]) for sound in sounds]
