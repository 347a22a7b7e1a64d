"""Many streams at once, each as it would be alone. They may start and stop at any time."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor

import numpy as np

from audiocodec.streaming.decoder import StreamDecoder, decode_batch
from audiocodec.streaming.encoder import StreamEncoder
from audiocodec.streaming.threads import single_thread


def encode_together(
    encoders: Sequence[StreamEncoder], samples: Sequence[np.ndarray], threads: int = 1
) -> list[np.ndarray]:
    """Push samples "t", of any length each, to each encoder; returns their codes, "q t".

    A code may not depend on who else is there, so each stream is computed by itself, `threads`
    of them at once.

    Raises:
        AudioError: see `StreamEncoder.push`.
    """
    with single_thread(), ThreadPoolExecutor(threads) as pool:
        return list(pool.map(StreamEncoder.push, encoders, samples))


def decode_together(decoders: Sequence[StreamDecoder], codes: Sequence[np.ndarray]) -> list[np.ndarray]:
    """Push codes "q t" to each decoder; returns their samples, "(t hop)".

    Streams with as many codebooks and frames go through the network as one batch, which takes
    little longer than one stream.

    Raises:
        ConfigError: see `StreamDecoder.push`.
    """
    groups = defaultdict(list)
    for i, (decoder, item) in enumerate(zip(decoders, codes, strict=True)):
        groups[id(decoder.model), item.shape].append(i)
    out = [np.zeros(0, np.float32)] * len(decoders)
    for members in groups.values():
        batch = decode_batch([decoders[i] for i in members], np.stack([codes[i] for i in members]))
        for i, waveform in zip(members, batch, strict=True):
            out[i] = waveform
    return out
