"""The receiving end with a simulated clock: loss, order, drift, and what nobody should send."""

from __future__ import annotations

import heapq
import sys
import zlib
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from audiocodec.errors import ConfigError, PacketError
from audiocodec.live.packets import JitterBuffer, Opener, Packetizer, Receiver, Sealer, keep_codebooks, parse, read_key
from audiocodec.live.packets.jitter import GIVE_UP_FRAMES, MAX_AHEAD

HASH = b"0123456789abcdef"
CODES = np.random.default_rng(0).integers(0, 1000, (6, 6000))


def receiver(target: int = 3, slack: int = 10, opener: Opener | None = None) -> Receiver:
    return Receiver(HASH, 1000, 12, JitterBuffer(target, slack), opener)


def network(
    frames: int,
    seed: int = 0,
    drop: float = 0.1,
    twice: float = 0.1,
    jitter_ms: float = 50,
    repeat: int = 0,
    sender_ms: float = 20.0,
) -> Iterator[tuple[float, bytes]]:
    """Arrivals (ms, packet) in order of time, of a sender that sends a frame each `sender_ms`."""
    rng = np.random.default_rng(seed)
    packetizer = Packetizer(HASH, 1000, repeat=repeat, distance=4)
    queue: list[tuple[float, int, bytes]] = []
    for t in range(frames):
        (packet,) = packetizer.push(CODES[:, t : t + 1])
        copies = int(rng.random() >= drop) + int(rng.random() < twice)
        for _ in range(copies):
            heapq.heappush(queue, (t * sender_ms + 30 + jitter_ms * rng.random(), len(queue) + 1000 * t, packet))
    while queue:
        time_ms, _, packet = heapq.heappop(queue)
        yield time_ms, packet


def play(one: Receiver, arrivals: Iterator[tuple[float, bytes]], duration_ms: float) -> list[np.ndarray | None]:
    """What `pull` gave every 20 ms."""
    heard, waiting = [], list(arrivals)[::-1]
    for now in np.arange(0, duration_ms, 20):
        while waiting and waiting[-1][0] <= now:
            one.receive(waiting.pop()[1])
        heard.append(one.pull())
    return heard


def test_a_perfect_network_gives_every_frame_in_order() -> None:
    one = receiver()
    heard = [codes for codes in play(one, network(200, drop=0, twice=0, jitter_ms=0), 4100) if codes is not None]
    assert np.array_equal(np.concatenate(heard, axis=1), CODES[:, :200])
    assert one.buffer.counts.lost == one.buffer.counts.late == one.buffer.counts.skipped == 0


@pytest.mark.parametrize("frames", [4, 20, 50])
def test_packets_of_many_frames(frames: int) -> None:
    one, packetizer = receiver(), Packetizer(HASH, 1000, frames)
    heard = []
    for t in range(1000):
        for packet in packetizer.push(CODES[:, t : t + 1]):
            one.receive(packet)
        heard.append(one.pull())
    played = [codes for codes in heard if codes is not None]
    assert np.array_equal(np.concatenate(played, axis=1), CODES[:, : len(played)])
    assert len(played) >= 1000 - 2 * frames
    assert one.buffer.counts.skipped == 0


@pytest.mark.parametrize("sender_ms", [20.0, 19.95, 20.05])
def test_minutes_of_a_bad_network(sender_ms: float) -> None:
    """10 % dropped, 10 % doubled, out of order, clocks apart: delay bounded, no drift."""
    frames = 6000
    one = receiver()
    delays, waiting = [], list(network(frames, sender_ms=sender_ms))[::-1]
    for now in np.arange(0, frames * sender_ms, 20):
        while waiting and waiting[-1][0] <= now:
            one.receive(waiting.pop()[1])
        if one.pull() is not None:
            delays.append(now - sender_ms * (one.buffer._next - 1))
    counts = one.buffer.counts
    total = counts.played + counts.lost + counts.skipped
    assert abs(total - frames) < 20
    assert 0.07 < counts.lost / total < 0.12
    assert counts.played > 0.87 * total
    assert one.counts.lost == pytest.approx(0.09 * frames, rel=0.15)  # a doubled packet is lost less often
    assert max(delays) < 30 + 50 + 20 * (one.buffer.target + one.buffer.slack)
    assert abs(np.mean(delays[-1000:]) - np.mean(delays[500:1500])) < 20
    if sender_ms > 20:
        assert counts.waited > 5
    if sender_ms < 20:
        assert counts.skipped > 5


def test_repeated_codebooks_repair_losses() -> None:
    one = receiver(target=6)
    play(one, network(2000, repeat=2, twice=0, jitter_ms=0), 40_000)
    assert one.buffer.counts.repaired > 120
    assert one.buffer.counts.lost < 40  # only where both packets are gone
    assert one.counts.lost > 150


def test_a_stall_is_waited_for_and_the_delay_comes_down_again() -> None:
    one = receiver()
    late = [(max(t, 3000) if 2000 < t < 3000 else t, p) for t, p in network(1500, drop=0, twice=0, jitter_ms=0)]
    levels, waiting = [], sorted(late, key=lambda item: item[0])[::-1]
    for now in range(0, 29_000, 20):
        while waiting and waiting[-1][0] <= now:
            one.receive(waiting.pop()[1])
        one.pull()
        levels.append(one.buffer.level)
    assert one.buffer.counts.waited > 40
    assert max(levels[160:]) <= 13
    assert max(levels[-100:]) <= 3


def test_a_new_stream_starts_when_the_old_one_ended() -> None:
    one = receiver()
    play(one, network(100, drop=0, twice=0), 4000)
    assert not one.buffer.started
    assert len([c for c in play(one, network(100, drop=0, twice=0), 3000) if c is not None]) >= 97


def test_wrapping_sequence_numbers() -> None:
    one, packetizer = receiver(), Packetizer(HASH, 1000)
    packetizer._sequence = 2**16 - 5
    for t in range(20):
        one.receive(packetizer.push(CODES[:, t : t + 1])[0])
        one.pull()
    assert (one.counts.taken, one.counts.lost, one.counts.twice) == (20, 0, 0)


def test_fewer_codebooks_and_foreign_packets() -> None:
    one = receiver(target=1)
    (data,) = Packetizer(HASH, 1000).push(CODES[:, :1])
    (other,) = Packetizer(HASH, 1000).push(CODES[:, :1])
    (stranger,) = Packetizer(b"x" * 16, 1000).push(CODES[:, :1])
    one.receive(keep_codebooks(data, 2))
    one.receive(other)
    one.receive(stranger)
    assert one.counts.foreign == 2
    heard = one.pull()
    assert heard is not None
    assert heard.shape == (2, 1)


@settings(max_examples=150, deadline=None)
@given(st.lists(st.one_of(st.binary(max_size=100), st.integers(0, 10_000)), max_size=30), st.data())
def test_nothing_hostile_gets_out_or_grows(items: list[bytes | int], data: st.DataObject) -> None:
    one = receiver()
    packetizer = Packetizer(HASH, 1000, repeat=3, distance=2)
    for item in items:
        if isinstance(item, bytes):
            raw = item
        else:
            packetizer.frame = data.draw(st.integers(0, 2**32 - 1))
            body = bytearray(packetizer.push(CODES[:, :1])[0][:-4])
            body[item % len(body)] = item % 256
            raw = bytes(body) + zlib.crc32(body).to_bytes(4, "little")
        one.receive(raw)
        one.pull()
    assert len(one.buffer._full) <= MAX_AHEAD + 256
    assert len(one.buffer._coarse) <= MAX_AHEAD + 256


def test_memory_is_bounded_whatever_is_sent() -> None:
    one, packetizer = receiver(), Packetizer(HASH, 1000, repeat=12)
    rng = np.random.default_rng(0)
    for _ in range(3000):
        packetizer.frame = int(rng.integers(0, 2**20))
        one.receive(packetizer.push(CODES[:, :1])[0])
    held = sum(sys.getsizeof(x) for store in (one.buffer._full, one.buffer._coarse) for x in store.values())
    assert len(one.buffer._full) <= MAX_AHEAD + 256
    assert held < 200_000
    assert one.buffer.counts.unlikely > 2000


def test_a_forged_frame_index_does_not_stay_for_ever() -> None:
    one, forger = receiver(), Packetizer(HASH, 1000)
    forger.frame = 2**32 - 10
    one.receive(forger.push(CODES[:, :1])[0])
    one.receive(Packetizer(HASH, 1000).push(CODES[:, :1])[0])  # the true stream begins at 0: nothing counts up to there
    assert one.buffer.level < MAX_AHEAD
    play(one, iter(()), 20 * (GIVE_UP_FRAMES + 2))
    assert len([c for c in play(one, network(100, drop=0, twice=0), 3000) if c is not None]) >= 97


KEY = bytes(range(32))


def test_sealed_packets() -> None:
    sealer, opener = Sealer(KEY, lambda: 1000.0), Opener(KEY)
    one = receiver(target=1, opener=opener)
    (data,) = Packetizer(HASH, 1000).push(CODES[:, :1])
    first = sealer.seal(data)
    one.receive(first)
    assert one.counts.taken == 1
    for bad in (
        first,
        data,
        b"",
        first[:-1],
        first[:5] + b"x" + first[6:],
        Sealer(b"x" * 32, lambda: 2000.0).seal(data),
    ):
        one.receive(bad)
    assert (one.counts.taken, one.counts.twice, one.counts.refused) == (1, 1, 5)
    assert opener.open(sealer.seal(b"more")) == b"more"
    assert data not in first


def test_old_sessions_cannot_be_replayed() -> None:
    opener = Opener(KEY)
    old, new = Sealer(KEY, lambda: 1000.0), Sealer(KEY, lambda: 1001.0)
    recorded = [old.seal(b"a"), old.seal(b"b")]
    assert opener.open(recorded[0]) == b"a"
    assert opener.open(new.seal(b"c")) == b"c"
    with pytest.raises(PacketError, match="session that is over"):
        opener.open(recorded[1])
    old._counter = 2**32
    with pytest.raises(PacketError, match="used up"):
        old.seal(b"")


def test_key_files(tmp_path: Path) -> None:
    path = tmp_path / "key"
    path.write_text(KEY.hex() + "\n")
    assert read_key(path) == KEY
    for text, message in (("zz", "not hexadecimal"), ("00" * 31, "31 bytes"), ("\xff", "hex")):
        path.write_text(text)
        with pytest.raises(ConfigError, match=message):
            read_key(path)
    with pytest.raises(ConfigError, match="No such file"):
        read_key(tmp_path / "none")


def test_overtaken_first_packet_is_no_loss() -> None:
    one, packetizer = receiver(), Packetizer(HASH, 1000)
    data = packetizer.push(CODES[:, :4])
    for i in (1, 0, 3, 2):
        one.receive(data[i])
    assert (one.counts.taken, one.counts.lost) == (4, 0)
    assert parse(data[0]).frame == 0
    heard = [one.pull() for _ in range(4)]
    assert np.array_equal(np.concatenate([h for h in heard if h is not None], axis=1), CODES[:, :4])
