"""Many streams at once, each as it would be alone. They may start and stop at any time."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor

import numpy as np

from audiocodec.backends.torch.threads import single_thread
from audiocodec.codec.stream_decoder import StreamDecoder, check_codes, decode_batch
from audiocodec.codec.stream_encoder import StreamEncoder, check_stream, encode_batch


def encode_together(
    encoders: Sequence[StreamEncoder], samples: Sequence[np.ndarray], threads: int = 1
) -> list[np.ndarray]:
    """Push samples "t", of any length each, to each encoder; returns their codes, "q t".

    Streams of one model go through it together, which takes little longer than one stream; `threads` parts of
    them at once.

    Raises:
        AudioError: see `StreamEncoder.push`; then no stream has moved.
    """
    samples, groups = [check_stream(wav) for wav in samples], defaultdict(list)
    for i, encoder in enumerate(encoders):
        groups[id(encoder.network)].append(i)
    parts = [members[n::threads] for members in groups.values() for n in range(min(threads, len(members)))]
    out: list[np.ndarray] = [np.zeros((0, 0), np.int64)] * len(encoders)

    def run(members: list[int]) -> None:
        for i, codes in zip(
            members, encode_batch([encoders[i] for i in members], [samples[i] for i in members]), strict=True
        ):
            out[i] = codes

    if len(parts) == 1:
        run(parts[0])
    else:
        with single_thread(), ThreadPoolExecutor(threads) as pool:
            list(pool.map(run, parts))
    return out


def decode_together(decoders: Sequence[StreamDecoder], codes: Sequence[np.ndarray]) -> list[np.ndarray]:
    """Push codes "q t" to each decoder; returns their samples, "(t hop)".

    Streams with as many codebooks and frames go through the network as one batch, which takes
    little longer than one stream.

    Raises:
        ConfigError: see `StreamDecoder.push`; then no stream has moved.
    """
    groups = defaultdict(list)
    codes = [check_codes(decoder, item) for decoder, item in zip(decoders, codes, strict=True)]
    for i, (decoder, item) in enumerate(zip(decoders, codes, strict=True)):
        groups[id(decoder.network), item.shape].append(i)
    out = [np.zeros(0, np.float32)] * len(decoders)
    for members in groups.values():
        batch = decode_batch([decoders[i] for i in members], np.stack([codes[i] for i in members]))
        for i, waveform in zip(members, batch, strict=True):
            out[i] = waveform
    return out
