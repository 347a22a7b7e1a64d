"""A second reader, written from docs/format.md alone: nothing of the package, numpy only to open `.npz` files."""

from __future__ import annotations

import hashlib
import math
import re
import struct
import zlib
from pathlib import Path
from typing import Any

import numpy as np

GOLDEN = Path(__file__).parents[1] / "golden"
DOCUMENT = (Path(__file__).parents[2] / "docs" / "format.md").read_text(encoding="utf-8")
PRINTED = re.search(r"The 16 rounded numbers are ((?:\d+\s+){15}\d+)", DOCUMENT)
assert PRINTED is not None
POWERS = [int(word) for word in PRINTED[1].split()]
Codes = list[list[list[int]]]  # channel, codebook, frame; -1: none
There = list[list[list[bool]]]  # which of them there are


def number(data: bytes) -> int:
    return int.from_bytes(data, "little")


def bits(n: int, size: int) -> int:
    return (size**n - 1).bit_length()


def unpacked(payload: bytes, there: There, size: int) -> Codes:
    codes: Codes = [[[-1] * len(codebook) for codebook in row] for row in there]
    packed = number(payload)
    for q in range(len(there[0])):
        places = [(c, t) for c, row in enumerate(there) for t, known in enumerate(row[q]) if known]
        left, run = len(places), []
        while left:
            count = min(left, 1024)
            group, packed = packed & ((1 << bits(count, size)) - 1), packed >> bits(count, size)
            for _ in range(count):
                run.append(group % size)
                group //= size
            assert group == 0
            left -= count
        for (c, t), code in zip(places, run, strict=True):
            codes[c][q][t] = code
    assert packed == 0
    return codes


class Decoder:
    """The range coder."""

    def __init__(self, payload: bytes) -> None:
        self.payload, self.at, self.width = payload, 4, 2**32 - 1
        self.offset = int.from_bytes((payload + bytes(4))[:4], "big")

    def digit(self, shares: list[int]) -> int:
        unit = self.width >> 14
        position, below, value = self.offset // unit, 0, 0
        assert position < 2**14
        while below + shares[value] <= position:
            below += shares[value]
            value += 1
        self.offset -= unit * below
        self.width = unit * shares[value]
        while self.width < 2**24:
            self.offset = 256 * self.offset + (self.payload[self.at] if self.at < len(self.payload) else 0)
            self.width <<= 8
            self.at += 1
        return value


def depths_of(payload: bytes, rows: int, frames: int, codebooks: int) -> tuple[list[list[int]], bytes]:
    """Depths by row and frame, and the rest of the payload."""
    if payload[0] == 0:
        return [[payload[1]] * frames] * rows, payload[2:]
    stay, length = struct.unpack_from("<BH", payload)
    decoder, before = Decoder(payload[3 : 3 + length]), [codebooks] * rows
    found: list[list[int]] = [[] for _ in range(rows)]
    for _ in range(frames):
        for row in range(rows):
            p = before[row]
            weights = [1 + (256 >> min(abs(d - p), 9)) if d != p else 0 for d in range(codebooks + 1)]
            free = 2**14 - codebooks - 1
            same = (free * stay) >> 8
            shares = [1 + (same if d == p else w * (free - same) // sum(weights)) for d, w in enumerate(weights)]
            shares[-1] += 2**14 - sum(shares)
            before[row] = decoder.digit(shares)
            found[row].append(before[row])
    assert decoder.at >= length
    return found, payload[3 + length :]


def shares_of(model: dict[str, Any], digits: dict[tuple[int, int, int], int], q: int, t: int) -> list[list[int]]:
    """Shares of each digit, from the digits (frame, codebook, place) before."""
    levels = model["levels"]
    hidden = []
    for weights, bias in zip(model["hidden_weight"][q], model["hidden_bias"][q], strict=True):
        total = bias
        for s, by_codebook in enumerate(weights):
            for k, by_digit in enumerate(by_codebook):
                for d, weight in enumerate(by_digit):
                    if weight and (t - s, k, d) in digits:
                        top = levels[d] - 1
                        total += weight * ((2 * digits[t - s, k, d] - top) * 64 // top)
        hidden.append(min(max(total >> 7, 0), 255))
    logits = [
        sum(h * w for h, w in zip(hidden, weights, strict=True)) + bias
        for weights, bias in zip(model["out_weight"][q], model["out_bias"][q], strict=True)
    ]
    out = []
    for level in levels:
        own, logits = logits[:level], logits[level:]
        steps = [min((max(own) - logit) >> 7, 496) for logit in own]
        powers = [POWERS[n % 16] >> (n // 16) for n in steps]
        shares = [1 + power * (2**14 - level) // sum(powers) for power in powers]
        shares[-1] += 2**14 - sum(shares)
        out.append(shares)
    return out


def decoded(payload: bytes, there: There, model: dict[str, Any]) -> Codes:
    channels, codebooks, frames = len(there), len(there[0]), len(there[0][0])
    decoder, codes = Decoder(payload), [[[0 if t else -1 for t in codebook] for codebook in row] for row in there]
    digits: list[dict[tuple[int, int, int], int]] = [{} for _ in range(channels)]
    for step in range(frames + codebooks - 1):
        for c in range(channels):
            for q in range(codebooks):
                if 0 <= (t := step - q) < frames and there[c][q][t]:
                    radix = 1
                    for d, shares in enumerate(shares_of(model, digits[c], q, t)):
                        digits[c][t, q, d] = decoder.digit(shares)
                        codes[c][q][t] += radix * digits[c][t, q, d]
                        radix *= model["levels"][d]
    assert decoder.at >= len(payload)
    return codes


def read(data: bytes, model: dict[str, Any] | None = None) -> tuple[dict[str, object], Codes]:
    """Header fields and codes."""
    assert data[:8] == bytes.fromhex("89 46 53 51 0D 0A 1A 0A")
    version, length = data[8], number(data[10:12])
    assert version in (1, 2, 3, 4)
    assert zlib.crc32(data[: 12 + length]) == number(data[12 + length : 16 + length])
    rate, channels, samples, model_rate, hop, delay, digest, codebooks, _, page_frames, n = struct.unpack_from(
        "<IBQIII16sBBHB", data, 12
    )
    levels = struct.unpack_from(f"<{n}I", data, 12 + 46)
    at = 12 + 46 + 4 * n
    name, at = data[at + 1 : at + 1 + data[at]].decode(), at + 1 + data[at]
    texts = {}
    rows, variable, strides = channels, 0, [1] * codebooks
    if version >= 2:
        entropy, at = data[at : at + 16], at + 16
        if version >= 3:
            joint, at = data[at], at + 1
            assert joint in ([1], [0, 1, 2, 3])[version == 4]
            rows = 1 if joint else channels
        if version == 4:
            variable, count = data[at], data[at + 1]
            strides, at = list(data[at + 2 : at + 2 + count]) or strides, at + 2 + count
        count, at = data[at], at + 1
        for _ in range(count):
            key, at = data[at + 1 : at + 1 + data[at]].decode(), at + 1 + data[at]
            size = number(data[at : at + 2])
            texts[key], at = data[at + 2 : at + 2 + size].decode(), at + 2 + size
    size = math.prod(levels)
    codes: Codes = [[[] for _ in range(codebooks)] for _ in range(rows)]
    at, index = 16 + length, 0
    while data[at : at + 2] == b"PG":
        coder, frames, payload = struct.unpack_from("<BHI", data, at + 2)
        end = at + 9 + payload
        assert zlib.crc32(struct.pack("<I", index) + data[at:end]) == number(data[end : end + 4])
        depths, rest = [[codebooks] * frames] * rows, data[at + 9 : end]
        if variable:
            depths, rest = depths_of(rest, rows, frames, codebooks)
        there = [
            [[q < depth and t % strides[q] == 0 for t, depth in enumerate(row)] for q in range(codebooks)]
            for row in depths
        ]
        if coder == 1:
            assert model is not None
            assert model["hash"] == entropy
            page = decoded(rest, there, model)
        else:
            page = unpacked(rest, there, size)
        for c in range(rows):
            for q in range(codebooks):
                codes[c][q] += page[c][q]
        at, index = end + 4, index + 1
    width, pages, total, trailer_samples = struct.unpack_from("<BIQQ", data, at + 2)
    assert data[at : at + 2] == b"SK"
    assert (pages, total, trailer_samples) == (index, len(codes[0][0]), samples)
    table_end = at + 23 + width * pages
    assert zlib.crc32(data[at:table_end]) == number(data[table_end : table_end + 4])
    assert data[table_end + 4 :] == struct.pack("<I", 27 + width * pages) + b"FSQ\x1a"
    model_samples = -(-samples * model_rate // rate)
    assert total == -(-(model_samples + delay) // hop)
    return {"name": name, "rate": rate, "samples": samples, "page": page_frames, "hash": digest, "texts": texts}, codes


def entropy_model() -> dict[str, Any]:
    """The arrays as lists, and the hash."""
    digest, lists = hashlib.sha256(), {}
    kinds = {"levels": "<i4", "hidden_weight": "<i1", "hidden_bias": "<i4", "out_weight": "<i1", "out_bias": "<i4"}
    with np.load(GOLDEN / "v2.entropy.npz") as arrays:
        for name, kind in kinds.items():
            array = arrays[name].astype(kind)
            digest.update(f"{name}:{kind}:{array.shape};".encode() + array.tobytes())
            lists[name] = array.tolist()
    return lists | {"hash": digest.digest()[:16]}


EXPECTED = {"name": "golden", "rate": 48_000, "samples": 97_234, "page": 50, "hash": bytes(range(16))}


def formula(b: int, q: int, t: int) -> int:
    return (7919 * (b + 1) * (q + 1) + 104_729 * t) % 1000


def test_the_printed_powers_are_those_of_the_formula() -> None:
    assert [round(2 ** (16 - k / 16)) for k in range(16)] == POWERS


def test_the_document_is_enough_for_version_1() -> None:
    header, codes = read((GOLDEN / "v1.fsq").read_bytes())
    assert header == EXPECTED | {"texts": {}}
    for b, channel in enumerate(codes):
        for q, codebook in enumerate(channel):
            assert codebook == [formula(b, q, t) for t in range(103)]


def test_the_document_is_enough_for_version_2() -> None:
    header, codes = read((GOLDEN / "v2.fsq").read_bytes(), entropy_model())
    assert header == EXPECTED | {"texts": {"title": "Größe", "x": ""}}
    for b, channel in enumerate(codes):
        for q, codebook in enumerate(channel):
            small = [(t * t + 3 * q + b) % 5 for t in range(103)]
            assert codebook == [formula(b, q, t) if t // 50 == 1 else small[t] for t in range(103)]


def test_the_document_is_enough_for_version_3() -> None:
    header, [row] = read((GOLDEN / "v3.fsq").read_bytes())
    assert header == EXPECTED | {"texts": {"title": "Größe"}}
    for q, codebook in enumerate(row):
        assert codebook == [formula(0, q, t) for t in range(103)]


def test_the_document_is_enough_for_version_4() -> None:
    header, codes = read((GOLDEN / "v4.fsq").read_bytes(), entropy_model())
    assert header == EXPECTED | {"texts": {"title": "Größe", "x": ""}}
    for b, channel in enumerate(codes):
        for t in range(103):
            depth = 1 + (t * t + b) % 3 if t < 50 else 2 if t < 100 else (t + b) % 4
            for q, codebook in enumerate(channel):
                code = formula(b, q, t) if t // 50 == 1 else (t * t + 3 * q + b) % 5
                assert codebook[t] == (code if q < depth and (q < 2 or t % 5 == 0) else -1)
