"""Codes of a page to bytes and back, each digit by the probabilities of an entropy model.

The digits are coded on diagonals: step s holds codebook q of frame s - q, for every channel. All it takes
to tell their probabilities was coded in earlier steps, so the decoder calls the network once a step, for as
many pages as it decodes at once; the encoder, who knows everything, once for many frames.
"""

from __future__ import annotations

import numpy as np

from audiocodec.tokens.entropy.model import EntropyModel
from audiocodec.tokens.entropy.range_coder import RangeDecoder, encode

ROWS = 256  # frames (times channels) that the encoder looks at together


def _padded(model: EntropyModel, channels: int, frames: int) -> np.ndarray:
    """Scaled digits "b t q d" with the past before the first frame, all zero."""
    return np.zeros((channels, model.past + frames, model.num_codebooks, len(model.levels)), np.int32)


def _steps(model: EntropyModel) -> np.ndarray:
    """Where in `_padded` this frame and the past of it are, seen from the frame."""
    return model.past - np.arange(model.past + 1)


def encode_codes(model: EntropyModel, codes: np.ndarray) -> bytes:
    """codes: "r q t" of one page -> bytes."""
    digits = np.moveaxis(model.digits(codes), 2, 1)  # b t q d
    channels, frames, codebooks, d = digits.shape
    values = _padded(model, channels, frames)
    values[:, model.past :, :codebooks] = model.scaled(digits)
    b, t = (axis.reshape(-1) for axis in np.indices((channels, frames)))
    intervals = []
    for start in range(0, len(b), ROWS):
        rows = slice(start, start + ROWS)
        seen = values[b[rows, None], t[rows, None] + _steps(model)].reshape(-1, 1, values[0, 0].size * (model.past + 1))
        sums = model.sums(np.broadcast_to(seen, (len(seen), codebooks, seen.shape[2])), 0)
        coded = digits[b[rows], t[rows], :, :, None]
        intervals.append(np.take_along_axis(sums, coded + np.arange(2), -1))  # n q d 2
    b, t, q, d_ = (axis.reshape(-1) for axis in np.indices((channels, frames, codebooks, d)))
    low, high = np.concatenate(intervals).reshape(-1, 2)[np.lexsort((d_, q, b, t + q))].T
    return encode(low.tolist(), (high - low).tolist())


def decode_codes(
    model: EntropyModel, payloads: list[bytes], channels: int, codebooks: int, frames: int
) -> list[np.ndarray | None]:
    """Inverse of `encode_codes` for several pages of equal size.

    Returns:
        "r q t" of each page, int64; None for one that no encoder makes.
    """
    decoders = [RangeDecoder(payload) for payload in payloads]
    values = _padded(model, len(payloads) * channels, frames)
    digits = np.zeros((len(values), frames, codebooks, len(model.levels)), np.int32)
    for step in range(codebooks + frames - 1):
        q = np.arange(max(0, step - frames + 1), min(codebooks, step + 1))
        t = step - q
        seen = values[:, t[:, None] + _steps(model)].reshape(len(values), len(q), -1)
        sums = model.sums(seen, int(q[0]))
        rows = sums.reshape(len(decoders), -1, sums.shape[-1]).tolist()
        symbols = [decoder.take(own) for decoder, own in zip(decoders, rows, strict=True)]
        now = np.array(symbols, np.int32).reshape(len(values), len(q), -1)
        digits[:, t, q] = now
        values[:, t + model.past, q] = model.scaled(now)
    codes = np.moveaxis(model.codes(digits).reshape(len(payloads), channels, frames, codebooks), 3, 2)
    return [page if decoder.sound else None for page, decoder in zip(codes, decoders, strict=True)]
