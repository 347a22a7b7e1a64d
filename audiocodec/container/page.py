"""One page: about a second of codes behind a checksum of its own."""

from __future__ import annotations

import struct
import zlib

import numpy as np

from audiocodec.container import radix
from audiocodec.container.header import PACKED, Header
from audiocodec.errors import DamagedFileError

SYNC = b"PG"
PREFIX = struct.Struct("<2sBHI")  # sync, coder, frames, payload bytes
OVERHEAD = PREFIX.size + 4


def codebook_bits(header: Header, frames: int) -> int:
    """Bits of one codebook of a page, all channels."""
    return radix.packed_bits(frames * header.channels, header.codebook_size)


def payload_bytes(header: Header, frames: int) -> int:
    """Bytes of the packed codes of a page."""
    return -(-header.num_codebooks * codebook_bits(header, frames) // 8)


def _crc(index: int, body: bytes) -> bytes:
    """The index is not stored: a page in the wrong place fails its checksum."""
    return struct.pack("<I", zlib.crc32(body, zlib.crc32(struct.pack("<I", index))))


def build(header: Header, index: int, codes: np.ndarray) -> bytes:
    """codes: "b q t" of one page -> its bytes. Codebook-major: q, then b, then t."""
    frames = codes.shape[2]
    bits = codebook_bits(header, frames)
    number = 0
    for q in range(header.num_codebooks):
        number |= radix.pack(codes[:, q].reshape(-1), header.codebook_size) << (q * bits)
    return _seal(index, frames, number.to_bytes(payload_bytes(header, frames), "little"))


def _seal(index: int, frames: int, payload: bytes) -> bytes:
    body = PREFIX.pack(SYNC, PACKED, frames, len(payload)) + payload
    return body + _crc(index, body)


def frames_of(header: Header, index: int, data: bytes, name: str) -> int:
    """Check a whole page and return its frames.

    Raises:
        DamagedFileError: checksum, or fields that contradict the header.
    """
    if data[-4:] != _crc(index, data[:-4]):
        raise DamagedFileError(f"{name}: page {index} is damaged (checksum does not match)")
    sync, coder, frames, length = PREFIX.unpack_from(data)
    if sync != SYNC or length != len(data) - OVERHEAD:
        raise DamagedFileError(f"{name}: page {index} is damaged")
    if coder != PACKED:
        raise DamagedFileError(f"{name}: page {index} uses coder {coder}, which this version does not know")
    if not 1 <= frames <= header.frames_per_page or length != payload_bytes(header, frames):
        raise DamagedFileError(f"{name}: page {index} holds {frames} frames in {length} bytes, which cannot be")
    return int(frames)


def parse(header: Header, index: int, data: bytes, name: str) -> np.ndarray:
    """Bytes of a page -> codes "b q t", int64.

    Raises:
        DamagedFileError: checksum, or contents that no writer makes.
    """
    frames = frames_of(header, index, data, name)
    number = int.from_bytes(data[PREFIX.size : -4], "little")
    bits, n = codebook_bits(header, frames), frames * header.channels
    codes = np.empty((header.channels, header.num_codebooks, frames), np.int64)
    try:
        for q in range(header.num_codebooks):
            part = (number >> (q * bits)) & ((1 << bits) - 1)
            codes[:, q] = radix.unpack(part, n, header.codebook_size).reshape(header.channels, frames)
        if number >> (header.num_codebooks * bits):
            raise ValueError("bits are set behind the last code")
    except ValueError as error:
        raise DamagedFileError(f"{name}: page {index} is damaged ({error})") from error
    return codes


def keep_codebooks(header: Header, index: int, data: bytes, num_codebooks: int, name: str) -> bytes:
    """The page with its first `num_codebooks` only: a cut of its bits, no code is unpacked.

    Raises:
        DamagedFileError: the page is damaged.
    """
    frames = frames_of(header, index, data, name)
    number = int.from_bytes(data[PREFIX.size : -4], "little") & (
        (1 << num_codebooks * codebook_bits(header, frames)) - 1
    )
    kept = header.with_codebooks(num_codebooks)
    return _seal(index, frames, number.to_bytes(payload_bytes(kept, frames), "little"))
