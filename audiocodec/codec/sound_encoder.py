"""Encoding of all channels of a sound, chunk by chunk."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from audiocodec.backends.base import FrameEncoder
from audiocodec.codec.channels import Rows
from audiocodec.codec.stream_encoder import StreamEncoder, encode_streams


class SoundEncoder:
    """A stream encoder for each channel, or for the two signals of a joint row.

    Args:
        network: may be shared.
        rows: of the sound.
        threads: channels encoded in parallel.
    """

    def __init__(self, network: FrameEncoder, rows: Rows, threads: int = 1) -> None:
        self.rows, self.threads = rows, threads
        self.encoders = [StreamEncoder(network, depth) for depth in rows.depths]

    def push(self, block: np.ndarray) -> np.ndarray:
        """Samples "c t" -> codes that are ready, "r q t". Raises as `encode_streams`."""
        return encode_sounds([self], [block], self.threads)[0]

    def flush(self, frames: int | None = None) -> np.ndarray:
        """See `StreamEncoder.flush`; "r q t"."""
        return self.rows.join([encoder.flush(frames) for encoder in self.encoders])


def encode_sounds(sounds: Sequence[SoundEncoder], blocks: Sequence[np.ndarray], threads: int = 1) -> list[np.ndarray]:
    """`encode_streams` for all channels of all sounds: samples "c t" each -> their codes, "r q t" each."""
    encoders = [encoder for sound in sounds for encoder in sound.encoders]
    inputs = [wav for sound, block in zip(sounds, blocks, strict=True) for wav in sound.rows.inputs(block)]
    codes = iter(encode_streams(encoders, inputs, threads))
    return [sound.rows.join([next(codes) for _ in sound.encoders]) for sound in sounds]
