"""Arrays to tokens and back."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, cast

import numpy as np

from audiocodec import audio
from audiocodec.codec.blocks import sound_coder
from audiocodec.codec.channels import Rows, as_channels, choose_way
from audiocodec.codec.decoding import Job, array_job, synthesize, tokens_job
from audiocodec.codec.sound_encoder import SoundEncoder, encode_sounds
from audiocodec.errors import ConfigError
from audiocodec.tokens import Tokens, frames_for
from audiocodec.tokens.strides import place

if TYPE_CHECKING:
    from audiocodec.codec.codec import Codec


def encode(
    codec: Codec,
    wavs: Sequence[Any],
    sample_rate: int,
    num_codebooks: int | None,
    bitrate: float | str | None,
    refine: int,
) -> list[Tokens]:
    """See `Codec.encode`: the sounds of a list are encoded as a batch, unless they are refined."""
    info, sounds = codec.info, [as_channels(wav) for wav in wavs]
    sample_rate = audio.check_rate(sample_rate, "wav")
    depths = [info.choose_codebooks(num_codebooks, bitrate, len(wav)) for wav in sounds]
    ways = [info.joint(len(wav)) and choose_way(wav, sample_rate) for wav in sounds]
    rows = [Rows(len(wav), depth, way) for wav, depth, way in zip(sounds, depths, ways, strict=True)]
    coders = [sound_coder(codec, own, refine) for own in rows]
    frames = [frames_for(wav.shape[1], sample_rate, info.sample_rate, info.hop_length, info.delay) for wav in sounds]
    inputs = [audio.resample(wav, sample_rate, info.sample_rate) for wav in sounds]
    if refine:
        found = [
            np.concatenate([c.push(x), c.flush(n)], axis=2) for c, x, n in zip(coders, inputs, frames, strict=True)
        ]
    else:
        padded = [
            _of_length(x, n * info.hop_length, info.hop_length * info.block)
            for x, n in zip(inputs, frames, strict=True)
        ]
        found = encode_sounds(cast(list[SoundEncoder], coders), padded, codec.threads)
    return [
        Tokens(
            place(codes[:, :, :n], info.strides),
            info.header(sample_rate, len(wav), wav.shape[1], depth, joint=way),
            codec.entropy,
        )
        for codes, n, wav, depth, way in zip(found, frames, sounds, depths, ways, strict=True)
    ]


def _of_length(wav: np.ndarray, samples: int, multiple: int) -> np.ndarray:
    """wav: "c t", truncated or padded with silence to "c samples", and on to a multiple."""
    kept = wav[:, :samples]
    return np.pad(kept, ((0, 0), (0, -(-samples // multiple) * multiple - kept.shape[1])))


def decode(codec: Codec, tokens: Any, num_codebooks: int | None) -> Any:
    """See `Codec.decode`: a list is decoded as a batch."""
    if isinstance(tokens, (list, tuple)):
        return _decode(codec, [_job(codec, item, num_codebooks) for item in tokens])
    return _decode(codec, [_job(codec, tokens, num_codebooks)])[0]


def _job(codec: Codec, item: Any, num_codebooks: int | None) -> Job:
    if isinstance(item, Tokens):
        return tokens_job(codec.info, item, num_codebooks)
    if hasattr(item, "detach") or hasattr(item, "__array__"):
        return array_job(codec.info, item, num_codebooks)
    raise ConfigError(
        f"decode takes Tokens, codes 'q t' or 'b q t' of numpy or torch, or a list of these; got {type(item).__name__}"
    )


def _decode(codec: Codec, jobs: Sequence[Job]) -> list[Any]:
    waveforms = iter(synthesize(codec, [codes for job in jobs for codes in job.channels]))
    return [job.finish([next(waveforms) for _ in job.channels]) for job in jobs]
