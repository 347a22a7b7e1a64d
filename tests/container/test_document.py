"""A second reader, written from docs/format.md alone: it imports nothing of the package."""

from __future__ import annotations

import struct
import zlib
from pathlib import Path

GOLDEN = Path(__file__).parents[1] / "golden" / "v1.fsq"


def number(data: bytes) -> int:
    return int.from_bytes(data, "little")


def bits(n: int, size: int) -> int:
    return (size**n - 1).bit_length()


def read(data: bytes) -> tuple[dict[str, object], list[list[list[int]]]]:
    """Header fields, and codes as lists [channel][codebook][frame]."""
    assert data[:8] == bytes.fromhex("89 46 53 51 0D 0A 1A 0A")
    assert data[8] == 1
    length = number(data[10:12])
    assert zlib.crc32(data[: 12 + length]) == number(data[12 + length : 16 + length])
    rate, channels, samples, model_rate, hop, delay, digest, codebooks, coder, page_frames, n = struct.unpack_from(
        "<IBQIII16sBBHB", data, 12
    )
    levels = struct.unpack_from(f"<{n}I", data, 12 + 46)
    name_at = 12 + 46 + 4 * n
    name = data[name_at + 1 : name_at + 1 + data[name_at]].decode()
    size = 1
    for level in levels:
        size *= level
    codes: list[list[list[int]]] = [[[] for _ in range(codebooks)] for _ in range(channels)]
    at, index = 16 + length, 0
    while data[at : at + 2] == b"PG":
        page_coder, frames, payload = struct.unpack_from("<BHI", data, at + 2)
        end = at + 9 + payload
        assert page_coder == coder == 0
        assert zlib.crc32(struct.pack("<I", index) + data[at:end]) == number(data[end : end + 4])
        packed = number(data[at + 9 : end])
        for q in range(codebooks):
            left, run = channels * frames, []
            while left:
                count = min(left, 1024)
                group, packed = packed & ((1 << bits(count, size)) - 1), packed >> bits(count, size)
                for _ in range(count):
                    run.append(group % size)
                    group //= size
                assert group == 0
                left -= count
            for c in range(channels):
                codes[c][q] += run[c * frames : (c + 1) * frames]
        assert packed == 0
        at, index = end + 4, index + 1
    width, pages, total, trailer_samples = struct.unpack_from("<BIQQ", data, at + 2)
    assert data[at : at + 2] == b"SK"
    assert (pages, total, trailer_samples) == (index, len(codes[0][0]), samples)
    table_end = at + 23 + width * pages
    assert zlib.crc32(data[at:table_end]) == number(data[table_end : table_end + 4])
    assert data[table_end + 4 :] == struct.pack("<I", 27 + width * pages) + b"FSQ\x1a"
    model_samples = -(-samples * model_rate // rate)
    assert total == -(-(model_samples + delay) // hop)
    return {"name": name, "rate": rate, "samples": samples, "page": page_frames, "hash": digest}, codes


def test_the_document_is_enough() -> None:
    header, codes = read(GOLDEN.read_bytes())
    assert header == {"name": "golden", "rate": 48_000, "samples": 97_234, "page": 50, "hash": bytes(range(16))}
    for b, channel in enumerate(codes):
        for q, codebook in enumerate(channel):
            assert codebook == [(7919 * (b + 1) * (q + 1) + 104_729 * t) % 1000 for t in range(len(codebook))]
