"""Which codes a frame has, where frames differ in that: depths, and how a page stores them.

The depth of a frame is the number of its codebooks that have a code: always the first ones. In arrays of codes
`NO_CODE` stands for those that are not there. With `strides`, codebook q has a code only in every strides[q]-th frame.
"""

from __future__ import annotations

import struct
from collections.abc import Sequence

import numpy as np

from audiocodec.errors import TokenFileError
from audiocodec.tokens.entropy.range_coder import SHARE_BITS, RangeDecoder, encode

NO_CODE = -1
_EQUAL = struct.Struct("<BB")  # 0, and the depth that all frames have
_VARIED = struct.Struct("<BH")  # chance that a depth stays as it was, in 256ths; bytes that follow
MOST_PACKED = 2**16 - 1  # bytes of the depths of a page
STAYS = (64, 128, 176, 208, 232, 246)  # chances that a writer tries


def depths_of(codes: np.ndarray) -> np.ndarray:
    """Codes "r q t" -> the depth of each frame, "r t": the number of its last codebook with a code, from 1; 0: none."""
    there = codes != NO_CODE
    count = codes.shape[1]
    depths: np.ndarray = np.where(there.any(1), count - there[:, ::-1].argmax(1), 0) if count else there.any(1) * 0
    return depths


def present(depths: np.ndarray, num_codebooks: int, strides: Sequence[int] = ()) -> np.ndarray:
    """Depths "r t" of frames from the start of a page on -> which codes are there, "r q t"."""
    q, t = np.arange(num_codebooks)[:, None], np.arange(depths.shape[1])
    due = t % np.array(strides or [1] * num_codebooks)[:, None] == 0
    there: np.ndarray = (depths[:, None] > q) & due
    return there


def check_present(codes: np.ndarray, variable: bool, strides: Sequence[int] = ()) -> None:
    """Refuse codes "r q t", from the start of a page on, of which others are missing than may be.

    Raises:
        TokenFileError: some are.
    """
    rows, codebooks, frames = codes.shape
    depths = depths_of(codes) if variable else np.full((rows, frames), codebooks)
    if not np.array_equal(codes != NO_CODE, present(depths, codebooks, strides)):
        raise TokenFileError(
            f"codes are missing ({NO_CODE}) in other places than the last codebooks of a frame and those that its "
            "strides leave out"
        )


def most_bytes(rows: int, frames: int) -> int:
    """Bytes that the depths of a page take at most."""
    return _VARIED.size + 4 + -(-rows * frames * SHARE_BITS // 8)


def pack_depths(depths: np.ndarray, num_codebooks: int) -> bytes:
    """Depths "r t" of a page -> bytes.

    Raises:
        TokenFileError: they are too many for a page.
    """
    if (depths == depths[0, 0]).all():
        return _EQUAL.pack(0, depths[0, 0])
    values = depths.T.reshape(-1)
    before = np.concatenate([np.full(len(depths), num_codebooks), values])[: len(values)]
    parts = []
    for stay in STAYS:
        sums = depth_shares(num_codebooks, stay)
        low, high = sums[before, values], sums[before, values + 1]
        data = encode(low.tolist(), (high - low).tolist())
        if len(data) <= MOST_PACKED:
            parts.append(_VARIED.pack(stay, len(data)) + data)
    if not parts:
        raise TokenFileError(f"the depths of a page take more than {MOST_PACKED} bytes; make its pages shorter")
    return min(parts, key=len)


def depth_bits(depths: np.ndarray, num_codebooks: int) -> np.ndarray:
    """About the bits that depths "p t" of pages of one row take, "p", without the bytes around them."""
    before = np.concatenate([np.full((len(depths), 1), num_codebooks), depths[:, :-1]], axis=1)
    tables = [SHARE_BITS - np.log2(np.diff(depth_shares(num_codebooks, stay), axis=1)) for stay in STAYS]
    least: np.ndarray = np.min([table[before, depths].sum(1) for table in tables], axis=0)
    return least


def unpack_depths(data: bytes, rows: int, frames: int, num_codebooks: int) -> tuple[np.ndarray, int]:
    """Inverse of `pack_depths`: depths "r t", and how many bytes of `data` they take.

    Raises:
        ValueError: no `pack_depths` makes them.
    """
    if data[:1] == b"\0":
        if len(data) < _EQUAL.size or data[1] > num_codebooks:
            raise ValueError("a page has frames of more codebooks than its file")
        return np.full((rows, frames), data[1], np.int64), _EQUAL.size
    if len(data) < _VARIED.size:
        raise ValueError("a page ends inside its depths")
    stay, length = _VARIED.unpack_from(data)
    end = _VARIED.size + length
    if end > min(len(data), most_bytes(rows, frames)):
        raise ValueError("a page ends inside its depths")
    sums = depth_shares(num_codebooks, stay).tolist()
    decoder = RangeDecoder(data[_VARIED.size : end])
    before, depths = [num_codebooks] * rows, np.empty((frames, rows), np.int64)
    for frame in depths:
        frame[:] = before = decoder.take([sums[depth] for depth in before])
    if not decoder.intact:
        raise ValueError("depths do not decode")
    return depths.T, end


def depth_shares(num_codebooks: int, stay: int) -> np.ndarray:
    """Sums of the shares of 2**`SHARE_BITS` of depths 0 to Q below each, by the depth before, "Q+1 Q+2"."""
    depth = np.arange(num_codebooks + 1)
    distance = np.abs(depth[:, None] - depth)
    weights = np.where(distance, 1 + (256 >> distance.clip(0, 9)), 0)
    free = (1 << SHARE_BITS) - len(depth)
    staying = free * stay >> 8
    shares = 1 + np.where(distance, weights * (free - staying) // weights.sum(1, keepdims=True), staying)
    sums = np.zeros((len(depth), len(depth) + 1), np.int64)
    np.cumsum(shares, 1, out=sums[:, 1:])
    sums[:, -1] = 1 << SHARE_BITS
    return sums
