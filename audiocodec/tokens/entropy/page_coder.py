"""Codes of a page to bytes and back, each digit by the probabilities of an entropy model.

The digits are coded on diagonals: step s holds codebook q of frame s - q, for every channel. All it takes
to tell their probabilities was coded in earlier steps, so the decoder calls the network once a step, for as
many pages as it decodes together; the encoder, who knows everything, once for many frames. Codes that are not there
(`NO_CODE`) are skipped, and are zeros to the network.
"""

from __future__ import annotations

import numpy as np

from audiocodec.tokens.depths import NO_CODE
from audiocodec.tokens.entropy.model import EntropyModel
from audiocodec.tokens.entropy.range_coder import SHARE_BITS, RangeDecoder, encode

ROWS = 256  # frames (times channels) that the encoder looks at together


def _padded(model: EntropyModel, channels: int, frames: int) -> np.ndarray:
    """Scaled digits "b t q d" with the past before the first frame, all zero."""
    return np.zeros((channels, model.past + frames, model.num_codebooks, len(model.levels)), np.int32)


def _steps(model: EntropyModel) -> np.ndarray:
    """Where in `_padded` this frame and the past of it are, seen from the frame."""
    return model.past - np.arange(model.past + 1)


def code_bits(model: EntropyModel, codes: np.ndarray) -> np.ndarray:
    """codes: "r q t" of one page -> bits that each takes, "r q t", float64."""
    _, intervals = _intervals(model, codes)
    bits: np.ndarray = (SHARE_BITS - np.log2(intervals[..., 1] - intervals[..., 0])).sum(-1)
    return np.moveaxis(bits.reshape(codes.shape[0], codes.shape[2], codes.shape[1]), 2, 1)


def encode_codes(model: EntropyModel, codes: np.ndarray) -> bytes:
    """codes: "r q t" of one page -> bytes."""
    there, intervals = _intervals(model, codes)
    b, t, q, d = (axis.reshape(-1) for axis in np.indices((*there.shape, len(model.levels))))
    order = np.lexsort((d, q, b, t + q))
    low, high = intervals.reshape(-1, 2)[order[there[b, t, q][order]]].T
    return encode(low.tolist(), (high - low).tolist())


def _intervals(model: EntropyModel, codes: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Which codes "r q t" of a page are there, "r t q", and the interval of each of their digits, "(r t) q d 2"."""
    there = np.moveaxis(codes != NO_CODE, 2, 1)
    digits = np.moveaxis(model.digits(codes.clip(0)), 2, 1)  # b t q d
    channels, frames, codebooks, _ = digits.shape
    values = _padded(model, channels, frames)
    values[:, model.past :, :codebooks] = model.scaled(digits) * there[..., None]
    b, t = (axis.reshape(-1) for axis in np.indices((channels, frames)))
    intervals = []
    for start in range(0, len(b), ROWS):
        rows = slice(start, start + ROWS)
        seen = values[b[rows, None], t[rows, None] + _steps(model)].reshape(-1, 1, values[0, 0].size * (model.past + 1))
        sums = model.sums(np.broadcast_to(seen, (len(seen), codebooks, seen.shape[2])), 0)
        coded = digits[b[rows], t[rows], :, :, None]
        intervals.append(np.take_along_axis(sums, coded + np.arange(2), -1))
    return there, np.concatenate(intervals)


def decode_codes(
    model: EntropyModel, payloads: list[bytes], there: list[np.ndarray], until: int | None = None
) -> list[np.ndarray | None]:
    """Inverse of `encode_codes` for several pages of equal size.

    Args:
        model: that they were coded with.
        payloads: of the pages.
        there: which codes each has, "r q t".
        until: decode so many frames only; what follows them, and whether the payload ends as it should, stays open.

    Returns:
        "r q t" of each page, int64; None for one that no encoder makes.
    """
    rows, codebooks, frames = there[0].shape
    decoders = [RangeDecoder(payload) for payload in payloads]
    values = _padded(model, len(payloads) * rows, frames)
    digits = np.zeros((len(values), frames, codebooks, len(model.levels)), np.int32)
    known = np.moveaxis(np.concatenate(there), 2, 1)  # b t q
    wanted_frames = frames if until is None else until
    for step in range(codebooks + wanted_frames - 1):
        q = np.arange(max(0, step - frames + 1), min(codebooks, step + 1))
        t = step - q
        seen = values[:, t[:, None] + _steps(model)].reshape(len(values), len(q), -1)
        sums = model.sums(seen, int(q[0]))
        now = np.zeros((len(values), len(q), len(model.levels)), np.int32)
        for page, decoder in enumerate(decoders):
            own = slice(page * rows, (page + 1) * rows)
            wanted: np.ndarray = known[own][:, t, q]
            symbols = decoder.take(sums[own][wanted].reshape(-1, sums.shape[-1]).tolist())
            now[own][wanted] = np.array(symbols, np.int32).reshape(-1, now.shape[-1])
        digits[:, t, q] = now
        values[:, t + model.past, q] = model.scaled(now) * known[:, t, q, None]
    codes = np.moveaxis(model.codes(digits).reshape(len(payloads), rows, frames, codebooks), 3, 2)
    return [
        np.where(own, page, NO_CODE)[:, :, :until] if until is not None or decoder.intact else None
        for page, own, decoder in zip(codes, there, decoders, strict=True)
    ]
