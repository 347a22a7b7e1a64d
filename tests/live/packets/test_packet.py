"""Packets: exact bytes, layers, damage, and what a hostile sender can do."""

from __future__ import annotations

import contextlib
import tracemalloc
import zlib
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from audiocodec.errors import ConfigError, PacketError
from audiocodec.live.packets import Packet, Packetizer, build, keep_codebooks, parse
from audiocodec.live.packets.packet import MAX_BYTES, OVERHEAD


def packet(depth: int = 12, frames: int = 3, earlier: int = 0, size: int = 1000, seed: int = 0) -> Packet:
    codes = np.random.default_rng(seed).integers(0, size, (depth + earlier, frames))
    return Packet(b"abcd", 77, 65_535, 1_000_000, size, codes[:depth], codes[depth:], 5 if earlier else 0)


def same(a: Packet, b: Packet) -> bool:
    heads = [replace(p, codes=np.zeros(0), earlier=np.zeros(0)).__dict__ for p in (a, b)]
    plain = [{k: v for k, v in head.items() if k not in ("codes", "earlier")} for head in heads]
    return plain[0] == plain[1] and np.array_equal(a.codes, b.codes) and np.array_equal(a.earlier, b.earlier)


@given(st.integers(1, 20), st.integers(1, 40), st.integers(0, 20), st.integers(2, 2**24), st.integers(0, 100))
def test_what_goes_in_comes_out(depth: int, frames: int, earlier: int, size: int, seed: int) -> None:
    one = packet(depth, frames, min(earlier, depth), size, seed)
    try:
        data = build(one)
    except ConfigError:
        assert (depth + min(earlier, depth)) * frames * np.log2(size) > 8 * (MAX_BYTES - OVERHEAD) - 40 * 24
        return
    assert same(parse(data), one)


def test_bytes_are_as_documented() -> None:
    codes = np.array([[1, 2], [3, 999]])
    data = build(Packet(b"abcd", 258, 3, 4, 1000, codes, np.array([[5, 6]]), 2))
    payload = (5 + 6 * 1000) | (1 + 2 * 1000) << 20 | (3 + 999 * 1000) << 40
    body = (
        b"\xf1abcd\x02\x01\x03\x00\x04\x00\x00\x00"
        + bytes([2, 2, 1, 2])
        + b"\xe7\x03\x00"
        + payload.to_bytes(8, "little")
    )
    assert data == body + zlib.crc32(body).to_bytes(4, "little")
    assert len(body) == 20 + 8


@pytest.mark.parametrize("earlier", [0, 1, 4])
@pytest.mark.parametrize("kept", [1, 3, 11])
def test_codebooks_can_be_dropped_without_the_model(earlier: int, kept: int) -> None:
    one = packet(12, 3, earlier)
    cut = keep_codebooks(build(one), kept)
    assert same(parse(cut), replace(one, codes=one.codes[:kept], earlier=one.earlier[:kept]))
    assert len(cut) < len(build(one))
    assert keep_codebooks(cut, 12) == cut
    with pytest.raises(ConfigError, match="1 or more"):
        keep_codebooks(cut, 0)


def test_every_flipped_bit_and_every_cut_is_seen() -> None:
    data = build(packet(4, 2, 1))
    for i in range(8 * len(data)):
        flipped = bytearray(data)
        flipped[i // 8] ^= 1 << i % 8
        with pytest.raises(PacketError):
            parse(bytes(flipped))
    for n in range(len(data)):
        with pytest.raises(PacketError):
            parse(data[:n])
    with pytest.raises(PacketError, match="1400 bytes, got 5000"):
        parse(bytes(5000))


def sealed(body: bytes) -> bytes:
    return body + zlib.crc32(body).to_bytes(4, "little")


@settings(max_examples=300, deadline=None)
@given(st.binary(max_size=MAX_BYTES - 4), st.booleans(), st.data())
def test_hostile_bytes_with_a_right_checksum(body: bytes, plausible: bool, data: st.DataObject) -> None:
    if plausible:
        head = [data.draw(st.integers(0, 255)) for _ in range(19)]
        body = (bytes([0xF1, *head]) + body)[: MAX_BYTES - 4]
    for read in (parse, lambda raw: keep_codebooks(raw, 1)):
        with contextlib.suppress(PacketError):
            read(sealed(body))


def test_memory_of_the_largest_packet() -> None:
    largest = Packet(b"abcd", 0, 0, 0, 2, np.ones((43, 255), np.int64), np.zeros((0, 255), np.int64))
    data = build(largest)
    assert len(data) > MAX_BYTES - 40
    parse(data)
    tracemalloc.start()
    parse(data)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < 300_000


def test_what_cannot_be_built() -> None:
    with pytest.raises(ConfigError, match="1400 is the most"):
        build(packet(12, 100))
    with pytest.raises(ConfigError, match="cannot hold"):
        build(replace(packet(), frame=2**32))
    with pytest.raises(ConfigError, match="frames a packet"):
        Packetizer(bytes(16), 1000, frames=4, repeat=1, distance=2)


@pytest.mark.parametrize(("frames", "repeat", "distance"), [(1, 0, None), (1, 2, 3), (4, 1, None), (3, 12, 7)])
def test_packetizer(frames: int, repeat: int, distance: int | None) -> None:
    codes = np.random.default_rng(0).integers(0, 1000, (6, 50))
    packetizer = Packetizer(b"0123456789abcdef", 1000, frames, repeat, distance)
    data = [raw for start in range(0, 50, 7) for raw in packetizer.push(codes[:, start : start + 7])]
    packets = [parse(raw) for raw in [*data, *packetizer.flush()]]
    assert packetizer.flush() == []
    assert np.array_equal(np.concatenate([p.codes for p in packets], axis=1), codes)
    assert [p.sequence for p in packets] == list(range(len(packets)))
    assert {p.stream for p in packets} == {packetizer.stream}
    repeating = [p for p in packets if len(p.earlier)]
    assert bool(repeating) == (repeat > 0)
    for p in repeating:
        start = p.frame - p.distance
        assert np.array_equal(p.earlier, codes[: min(repeat, 6), start : start + p.frames])
