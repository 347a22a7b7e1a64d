"""Codes of a page to bytes and back, each digit by the probabilities of an entropy model.

The digits are coded on diagonals: step s holds codebook q of frame s - q, for every channel. All it takes
to tell their probabilities was coded in earlier steps, so the decoder calls the network once a step, for as
many pages as it decodes together; the encoder, who knows everything, once for many frames. Codes that are not there
(`NO_CODE`) are skipped, and are zeros to the network.
"""

from __future__ import annotations

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view

from audiocodec.tokens.depths import NO_CODE
from audiocodec.tokens.entropy.model import EntropyModel
from audiocodec.tokens.entropy.range_coder import SHARE_BITS, RangeDecoder, encode

ROWS = 256  # frames (times channels) that the encoder looks at together


def _padded(model: EntropyModel, rows: int, frames: int) -> tuple[np.ndarray, np.ndarray]:
    """Room for the scaled digits of a page, and what the network sees of them.

    Returns:
        "r u k d", zeros: the last frame first, and behind the first one the past before it. And a view of it,
        "r u (s k d)": each frame with the past before it.
    """
    frame = model.num_codebooks * len(model.levels)
    values = np.zeros((rows, frames + model.past, model.num_codebooks, len(model.levels)), model.float_type)
    windows = sliding_window_view(values.reshape(rows, -1), (model.past + 1) * frame, axis=1)
    return values, windows[:, ::frame]


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
    values, seen = _padded(model, channels, frames)
    values[:, :frames, :codebooks] = (model.scaled(digits) * there[..., None])[:, ::-1]
    rows, wanted = seen[:, ::-1].reshape(channels * frames, 1, -1), digits.reshape(-1, *digits.shape[2:], 1)
    intervals = []
    for start in range(0, len(rows), ROWS):
        some = rows[start : start + ROWS]
        sums = model.sums(np.broadcast_to(some, (len(some), codebooks, some.shape[2])), 0)
        intervals.append(np.take_along_axis(sums, wanted[start : start + ROWS] + np.arange(2), -1))
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
    values, seen = _padded(model, len(payloads) * rows, frames)
    digits = np.zeros((len(values), frames, codebooks, len(model.levels)), np.int32)
    known = np.moveaxis(np.concatenate(there), 2, 1)  # b t q
    wanted_frames = frames if until is None else min(until, frames)
    for step in range(codebooks + wanted_frames - 1):
        first, behind = max(0, step - frames + 1), min(codebooks, step + 1)
        q = np.arange(first, behind)
        at = frames - 1 - step + q  # in `values`
        sums = model.sums(seen[:, at[0] : at[-1] + 1], first)
        wanted = known[:, step - q, q]
        now = np.zeros((len(values), len(q), len(model.levels)), np.int32)
        for page, decoder in enumerate(decoders):
            own = slice(page * rows, (page + 1) * rows)
            symbols = decoder.take(sums[own][wanted[own]].reshape(-1, sums.shape[-1]).tolist())
            now[own][wanted[own]] = np.array(symbols, np.int32).reshape(-1, now.shape[-1])
        digits[:, step - q, q] = now
        values[:, at, q] = model.scaled(now) * wanted[..., None]
    codes = np.moveaxis(model.codes(digits).reshape(len(payloads), rows, frames, codebooks), 3, 2)
    return [
        np.where(own, page, NO_CODE)[:, :, :until] if until is not None or decoder.intact else None
        for page, own, decoder in zip(codes, there, decoders, strict=True)
    ]
