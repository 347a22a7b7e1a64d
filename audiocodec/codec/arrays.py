"""Arrays to tokens and back."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from audiocodec import audio
from audiocodec.codec.channels import as_channels
from audiocodec.errors import ConfigError
from audiocodec.tokens import Tokens

if TYPE_CHECKING:
    from audiocodec.codec.codec import Codec


def encode(
    codec: Codec, wav: Any, sample_rate: int, num_codebooks: int | None, bitrate: float | str | None, refine: int
) -> Tokens:
    """See `Codec.encode`, for one sound."""
    samples = as_channels(wav)
    sample_rate = audio.check_rate(sample_rate, "wav")
    channels = len(samples)
    depth = codec.info.choose_codebooks(num_codebooks, bitrate, channels)
    encoder = codec.block_encoder(sample_rate, channels, depth, refine)
    codes = np.concatenate(list(encoder.encode([samples])), axis=2)
    return Tokens(codes, codec.info.header(sample_rate, channels, encoder.samples, depth), codec.entropy)


def decode(codec: Codec, tokens: Tokens, num_codebooks: int | None) -> np.ndarray:
    """See `Codec.decode`."""
    if num_codebooks is not None:
        tokens = tokens.truncate(num_codebooks)
    codec.info.check(tokens.header)
    header, shape = tokens.header, tokens.codes.shape
    if shape[:2] != (header.rows, header.num_codebooks):
        raise ConfigError(f"the codes have shape {shape}, their header says ({header.rows}, {header.num_codebooks}, t)")
    samples = tokens.header.samples or 0
    blocks = list(codec.block_decoder(tokens.header).decode([tokens.codes]))
    wav = np.concatenate([np.zeros((tokens.header.channels, 0), np.float32), *blocks], axis=1)[:, :samples]
    return np.pad(wav, ((0, 0), (0, samples - wav.shape[1])))
