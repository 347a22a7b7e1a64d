"""Batched encoding of several sound files in bounded memory, with the same result as one by one."""

from __future__ import annotations

import itertools
from collections.abc import Mapping, Sequence
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import numpy as np

from audiocodec import audio
from audiocodec.codec import Codec, encode_sounds, peek_joint
from audiocodec.corpus.stopwatch import Stopwatch
from audiocodec.errors import AudioCodecError, AudioError, ConfigError
from audiocodec.tokens import Tokens, frames_for
from audiocodec.tokens.metadata import fitting
from audiocodec.tokens.strides import place

BLOCKS = 8  # of `audio.BLOCK_SAMPLES`, read in one go: the network is fastest on long chunks


class _Stream:
    """A sound file being encoded.

    Raises:
        AudioError: its beginning cannot be read.
        ConfigError: its sample rate is too low for the high-pass.
    """

    def __init__(self, codec: Codec, reader: audio.AudioReader, depth: int, watch: Stopwatch, high_pass: float) -> None:
        self.reader, self.watch = reader, watch
        sound = audio.high_passed(reader, reader.sample_rate, high_pass)
        self.blocks, self.joint = peek_joint(sound, reader.channels, reader.sample_rate, codec.info)
        self.samples, self.done = 0, False
        self.resampler = audio.Resampler(reader.sample_rate, codec.sample_rate, reader.channels)
        self.encoder = codec.sound_encoder(codec.rows(reader.channels, depth, self.joint))
        self.codes: list[np.ndarray] = []
        self.error: AudioError | None = None

    def pull(self) -> np.ndarray:
        """The next samples "c t" at the model's rate; `done` after the last ones or an error."""
        blocks = [np.zeros((self.reader.channels, 0), np.float32)]
        try:
            with self.watch("decode"):
                blocks += itertools.islice(self.blocks, BLOCKS)
        except AudioError as error:
            self.error = error
        self.done = len(blocks) == 1 or self.error is not None
        block = np.concatenate(blocks, axis=1)
        self.samples += block.shape[1]
        with self.watch("resample"):
            return self.resampler.push(block, last=self.done)


def encode_files(
    codec: Codec,
    paths: Sequence[Path],
    metadata: Sequence[Mapping[str, str]],
    depth: int,
    watch: Stopwatch,
    high_pass: float = 0.0,
) -> list[Tokens | AudioCodecError]:
    """The tokens that `codec.encode_file` writes for each, or the error.

    Args:
        codec: that encodes.
        paths: of files of similar length, so that they end together.
        metadata: text for each; takes precedence over a tag of the same name.
        depth: codebooks.
        watch: counts decoding (the high-pass included), resampling, encoding.
        high_pass: see `codec.encode_file`.
    """
    results: list[Any] = [None] * len(paths)
    streams: dict[int, _Stream] = {}
    with ExitStack() as stack:
        for i, path in enumerate(paths):
            try:
                with watch("decode"):
                    reader = stack.enter_context(audio.AudioReader(path))
                streams[i] = _Stream(codec, reader, depth, watch, high_pass)
            except (AudioError, ConfigError) as error:
                results[i] = error
        waiting = list(streams.values())
        while waiting:
            pieces = [stream.pull() for stream in waiting]
            with watch("encode"):
                codes = encode_sounds([stream.encoder for stream in waiting], pieces)
            for stream, part in zip(waiting, codes, strict=True):
                stream.codes.append(part)
            waiting = [stream for stream in waiting if not stream.done]
        for i, stream in streams.items():
            with watch("encode"):
                results[i] = stream.error or _finished(codec, stream, metadata[i], depth)
    return results


def _finished(codec: Codec, stream: _Stream, metadata: Mapping[str, str], depth: int) -> Tokens:
    reader = stream.reader
    frames = frames_for(stream.samples, reader.sample_rate, codec.sample_rate, codec.hop_length, codec.delay_samples)
    stream.codes.append(stream.encoder.flush(frames))
    texts = fitting({**metadata, **{name: text for name, text in reader.tags.items() if name not in metadata}})
    header = codec.info.header(reader.sample_rate, reader.channels, stream.samples, depth, texts, stream.joint)
    return Tokens(place(np.concatenate(stream.codes, axis=2), header.strides), header, codec.entropy)
