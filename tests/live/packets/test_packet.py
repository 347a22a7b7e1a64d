"""Packets: exact bytes, layers, damage, and what a hostile sender can do."""

from __future__ import annotations

import binascii
import contextlib
import tracemalloc
import zlib
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from audiocodec.errors import ConfigError, PacketError
from audiocodec.live.packets import (
    Packet,
    Packetizer,
    Relay,
    UnannouncedError,
    add_checksum,
    build,
    build_compact,
    parse,
    remove_checksum,
)
from audiocodec.live.packets.packet import COMPACT_HEAD, HEAD, MAX_BYTES, is_compact
from tests.live.packets.facts import SPEECH_LEVELS, facts


def packet(depth: int = 12, frames: int = 3, earlier: int = 0, size: int = 1000, seed: int = 0, r: int = 1) -> Packet:
    codes = np.random.default_rng(seed).integers(0, size, ((depth + earlier) * r, frames))
    repeated = codes[depth * r :]
    return Packet(b"abcd", 77, 65_535, 1_000_000, size, codes[: depth * r], repeated, 5 if earlier else 0, r)


def same(a: Packet, b: Packet) -> bool:
    heads = [replace(p, codes=np.zeros(0), earlier=np.zeros(0)).__dict__ for p in (a, b)]
    plain = [{k: v for k, v in head.items() if k not in ("codes", "earlier")} for head in heads]
    return plain[0] == plain[1] and np.array_equal(a.codes, b.codes) and np.array_equal(a.earlier, b.earlier)


def read_all(data: list[bytes]) -> list[Packet]:
    """The packets of one stream that lost nothing."""
    packets, reference = [], None
    for raw in data:
        body = remove_checksum(raw, reference)
        packets.append(parse(body, reference))
        reference = reference if is_compact(body) else packets[-1]
    return packets


@given(
    st.integers(1, 20),
    st.integers(1, 40),
    st.integers(0, 20),
    st.integers(2, 2**24),
    st.integers(0, 100),
    st.integers(1, 3),
    st.booleans(),
)
def test_what_goes_in_comes_out(
    depth: int, frames: int, earlier: int, size: int, seed: int, channels: int, compact: bool
) -> None:
    one = packet(depth, frames, min(earlier, depth), size, seed, channels)
    reference = replace(one, sequence=65_530, frame=1_000_000 - 5 * frames)
    try:
        body = (build_compact if compact else build)(one)
    except ConfigError:
        rows = (depth + min(earlier, depth)) * channels
        assert rows * frames * np.log2(size) > 8 * (MAX_BYTES - HEAD.size) - rows * 24
        return
    assert same(parse(body, reference if compact else None), one)
    data = add_checksum(body, one)
    assert len(data) - len(body) == (2 if compact else 4)
    assert remove_checksum(data, reference) == body


def test_bytes_are_as_documented() -> None:
    codes = np.array([[1, 2], [3, 999]])
    one = Packet(b"abcd", 258, 3, 4, 1000, codes, np.array([[5, 6]]), 2)
    payload = ((5 + 6 * 1000) | (1 + 2 * 1000) << 20 | (3 + 999 * 1000) << 40).to_bytes(8, "little")
    body = b"\xf2abcd\x02\x01\x03\x00\x04\x00\x00\x00" + bytes([2, 1, 2, 1, 2]) + b"\xe7\x03\x00" + payload
    assert build(one) == body
    assert add_checksum(body, one) == body + zlib.crc32(body).to_bytes(4, "little")
    compact = b"\x02\x03\x00" + payload
    assert build_compact(one) == compact
    constants = b"abcd" + b"".join(n.to_bytes(4, "little") for n in (258, 2, 1, 1, 2, 1000))
    assert add_checksum(compact, one) == compact + binascii.crc_hqx(constants + compact, 0).to_bytes(2, "little")


def test_a_packet_has_five_bytes_more_than_its_codes() -> None:
    codes = np.random.default_rng(0).integers(0, 972, (6, 5000))
    sizes = [len(data) for data in Packetizer(facts(SPEECH_LEVELS)).push(codes)]
    assert np.median(sizes) == 8 + 5
    assert np.mean(sizes) < 8 + 5.5  # full ones among them


@pytest.mark.parametrize("earlier", [0, 1, 4])
@pytest.mark.parametrize("kept", [1, 3, 11])
@pytest.mark.parametrize("channels", [1, 2])
def test_a_relay_drops_codebooks_without_the_model(earlier: int, kept: int, channels: int) -> None:
    codes = np.random.default_rng(0).integers(0, 1000, (channels, 12, 30))
    data = Packetizer(facts(), 3, earlier, channels=channels).push(codes)
    relay = Relay(kept)
    cut = [relay.cut(raw) for raw in data]
    for one, original in zip(read_all(cut), read_all(data), strict=True):
        assert np.array_equal(one.codes, original.codes[: kept * channels])
        assert np.array_equal(one.earlier, original.earlier[: kept * channels])
    assert sum(map(len, cut)) < sum(map(len, data))
    again = Relay(12)
    assert [again.cut(raw) for raw in cut] == cut
    with pytest.raises(ConfigError, match="1 or more"):
        Relay(0)
    with pytest.raises(UnannouncedError):
        Relay(3).cut(data[3])


@pytest.mark.parametrize("compact", [True, False])
def test_every_flipped_bit_and_every_cut_is_seen(compact: bool) -> None:
    one = packet(4, 2, 1)
    data = add_checksum((build_compact if compact else build)(one), one)
    for i in range(8 * len(data)):
        flipped = bytearray(data)
        flipped[i // 8] ^= 1 << i % 8
        with pytest.raises(PacketError):
            remove_checksum(bytes(flipped), one)
    for n in range(len(data)):
        with pytest.raises(PacketError):
            remove_checksum(data[:n], one)
    with pytest.raises(PacketError, match="1400 bytes, got 5000"):
        parse(bytes(5000))


def test_compact_packets_of_another_stream_or_layout_do_not_pass() -> None:
    one = packet(4, 2, 1)
    data = add_checksum(build_compact(one), one)
    remove_checksum(data, one)
    others: list[dict[str, object]] = [{"model": b"abce"}, {"stream": 78}, {"codebook_size": 999}, {"distance": 4}]
    for other in others:
        with pytest.raises(PacketError, match="of another stream"):
            remove_checksum(data, replace(one, **other))  # type: ignore[arg-type]
    with pytest.raises(UnannouncedError, match="before any full packet"):
        remove_checksum(data)
    with pytest.raises(UnannouncedError):
        parse(build_compact(one))
    with pytest.raises(PacketError, match="before the beginning"):
        parse(build_compact(replace(one, sequence=10)), replace(one, sequence=20, frame=6))


@settings(max_examples=300, deadline=None)
@given(st.binary(max_size=MAX_BYTES - 4), st.booleans(), st.data())
def test_hostile_bytes_with_a_right_checksum(body: bytes, plausible: bool, data: st.DataObject) -> None:
    if plausible:
        head = [data.draw(st.integers(0, 255)) for _ in range(HEAD.size - 1)]
        body = (bytes([0xF2, *head]) + body)[: MAX_BYTES - 4]
    one = packet(4, 2, 1)
    with contextlib.suppress(PacketError):
        parse(remove_checksum(add_checksum(body, one), one), one)
    with contextlib.suppress(PacketError):
        Relay(1).cut(add_checksum(body, one))


@pytest.mark.parametrize(("rows", "frames", "channels"), [(43, 255, 1), (8 * 255, 2, 8)])
def test_memory_of_the_largest_packet(rows: int, frames: int, channels: int) -> None:
    codes = np.ones((rows, frames), np.int64)
    body = build(Packet(b"abcd", 0, 0, 0, 2, codes, np.zeros((0, frames), np.int64), 0, channels))
    parse(body)
    tracemalloc.start()
    parse(body)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < 300_000


def test_what_cannot_be_built() -> None:
    with pytest.raises(ConfigError, match="the limit is 1400"):
        build(packet(12, 100))
    with pytest.raises(ConfigError, match="cannot hold"):
        build(replace(packet(), frame=2**32))
    with pytest.raises(ConfigError, match="at most 127"):
        build_compact(packet(128, 1))
    with pytest.raises(ConfigError, match="frames per packet"):
        Packetizer(facts(), frames=4, repeat=1, distance=2)
    with pytest.raises(ConfigError, match="3 codes per frame are not 1 to 12 codebooks of 2 channels"):
        Packetizer(facts(), channels=2).push(np.zeros((3, 1), np.int64))
    with pytest.raises(ConfigError, match="channels is 0"):
        Packetizer(facts(), channels=0)
    for codes, said in (
        (np.zeros((13, 1), np.int64), "13 codes per frame"),
        (np.zeros((0, 1), np.int64), "0 codes per frame"),
        (np.zeros((3, 1)), "codes must be integers"),
        (np.full((3, 1), 1000), "codes of packets are 0 to 999, got 1000 to 1000"),
        (np.full((3, 1), -1), "codes of packets are 0 to 999, got -1 to -1"),
    ):
        with pytest.raises(ConfigError, match=said):
            Packetizer(facts()).push(codes)
    assert COMPACT_HEAD.size == 3


@pytest.mark.parametrize(("frames", "repeat", "distance"), [(1, 0, None), (1, 2, 3), (4, 1, None), (3, 12, 7)])
@pytest.mark.parametrize("channels", [1, 2])
def test_packetizer(frames: int, repeat: int, distance: int | None, channels: int) -> None:
    codes = np.random.default_rng(0).integers(0, 1000, (channels, 6, 250))
    packetizer = Packetizer(facts(), frames, repeat, distance, channels)
    data = [raw for start in range(0, 250, 7) for raw in packetizer.push(codes[:, :, start : start + 7])]
    packets = read_all([*data, *packetizer.flush()])
    assert packetizer.flush() == []
    sent = codes.swapaxes(0, 1).reshape(6 * channels, 250)
    assert np.array_equal(np.concatenate([p.codes for p in packets], axis=1), sent)
    assert {p.channels for p in packets} == {channels}
    assert [p.sequence for p in packets] == list(range(len(packets)))
    assert {p.stream for p in packets} == {packetizer.stream}
    repeating = [p for p in packets if len(p.earlier)]
    assert bool(repeating) == (repeat > 0)
    for p in repeating:
        start = p.frame - p.distance
        assert np.array_equal(p.earlier, sent[: min(repeat, 6) * channels, start : start + p.frames])


def test_joint_stereo_is_one_row_of_two_channels() -> None:
    codes = np.random.default_rng(0).integers(0, 1000, (1, 9, 10))
    packets = read_all(Packetizer(facts(joint=True), channels=2).push(codes))
    assert {(p.channels, p.rows, p.num_codebooks) for p in packets} == {(2, 1, 9)}
    assert np.array_equal(np.concatenate([p.codes for p in packets], axis=1), codes[0])
