"""The receiving end with a simulated clock: loss, order, drift, and what nobody should send."""

from __future__ import annotations

import heapq
import sys
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from audiocodec.errors import ConfigError, PacketError
from audiocodec.live.packets import (
    JitterBuffer,
    Opener,
    Packet,
    Packetizer,
    Receiver,
    Relay,
    Sealer,
    add_checksum,
    build,
    build_compact,
    read_key,
)
from tests.live.packets.facts import HASH, facts

GIVE_UP_FRAMES, MAX_AHEAD = 50, 250  # 1 s and 5 s of 20 ms
CODES = np.random.default_rng(0).integers(0, 1000, (6, 6000))


def receiver(target: int = 3, slack: int = 10, opener: Opener | None = None) -> Receiver:
    return Receiver(facts(), JitterBuffer(target, slack, frame_s=0.02), opener)


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
    packetizer = Packetizer(facts(), repeat=repeat, distance=4)
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
    one, packetizer = receiver(), Packetizer(facts(), frames)
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
    one, packetizer = receiver(), Packetizer(facts())
    packetizer._number = 2**16 - 5
    for t in range(120):
        one.receive(packetizer.push(CODES[:, t : t + 1])[0])
        one.pull()
    assert (one.counts.taken, one.counts.lost, one.counts.duplicates) == (120, 0, 0)


def test_fewer_codebooks_and_foreign_packets() -> None:
    one = receiver(target=1)
    (data,) = Packetizer(facts()).push(CODES[:, :1])
    (other,) = Packetizer(facts()).push(CODES[:, :1])
    (stranger,) = Packetizer(facts(model_hash=b"x" * 16)).push(CODES[:, :1])
    one.receive(Relay(2).cut(data))
    one.receive(other)
    one.receive(stranger)
    assert one.counts.refused() == {"wrong_model": 1, "wrong_stream": 1}
    heard = one.pull()
    assert heard is not None
    assert heard.shape == (2, 1)


@settings(max_examples=150, deadline=None)
@given(st.lists(st.one_of(st.binary(max_size=100), st.integers(0, 10_000)), max_size=30), st.data())
def test_nothing_hostile_gets_out_or_grows(items: list[bytes | int], data: st.DataObject) -> None:
    one, channels = receiver(), data.draw(st.integers(1, 2))
    packet = Packet(HASH[:4], 1, 0, 100, 1000, CODES[:, :1], CODES[:3, :1], 2, channels)
    for number, item in enumerate(items):
        if isinstance(item, bytes):
            raw = item
        else:
            packet = replace(packet, frame=data.draw(st.integers(2, 2**32 - 1)), sequence=number)
            body = bytearray((build_compact if item % 2 else build)(packet))
            body[item % len(body)] = item % 256
            raw = add_checksum(bytes(body), packet)
        one.receive(raw)
        one.pull()
    assert len(one.buffer._full) <= MAX_AHEAD + 256
    assert len(one.buffer._coarse) <= MAX_AHEAD + 256


def test_memory_is_bounded_whatever_is_sent() -> None:
    one, rng = receiver(), np.random.default_rng(0)
    for number in range(3000):
        frame = int(rng.integers(2, 2**20))
        packet = Packet(HASH[:4], 1, number, frame, 1000, CODES[:, :1], CODES[:, :1], 2)
        one.receive(add_checksum(build(packet), packet))
    held = sum(sys.getsizeof(x) for store in (one.buffer._full, one.buffer._coarse) for x in store.values())
    assert len(one.buffer._full) <= MAX_AHEAD + 256
    assert held < 200_000
    assert one.buffer.counts.out_of_range > 2000


def test_a_forged_frame_index_does_not_stay_for_ever() -> None:
    one, forger = receiver(), Packetizer(facts())
    forger.frame = 2**32 - 10
    one.receive(forger.push(CODES[:, :1])[0])
    one.receive(Packetizer(facts()).push(CODES[:, :1])[0])  # the true stream begins at 0: nothing counts up to there
    assert one.buffer.level < MAX_AHEAD
    play(one, iter(()), 20 * (GIVE_UP_FRAMES + 2))
    assert len([c for c in play(one, network(100, drop=0, twice=0), 3000) if c is not None]) >= 97


KEY = bytes(range(32))


def sealed(frames: int, clock: float = 1000.0, key: bytes = KEY) -> list[bytes]:
    return Packetizer(facts(), sealer=Sealer(key, lambda: clock)).push(CODES[:, :frames])


def test_sealed_packets() -> None:
    one = receiver(target=1, opener=Opener(KEY))
    data = sealed(200)
    assert data[0][0] == 0xE2
    assert np.median([len(raw) for raw in data]) == len(Packetizer(facts()).push(CODES[:, :4])[3]) - 5 + 6 + 16
    (plain,) = Packetizer(facts()).push(CODES[:, :1])
    first = data[0]
    one.receive(first)
    assert one.counts.taken == 1
    for bad in (first, plain, b"", first[:-1], first[:5] + b"x" + first[6:], *sealed(1, 2000.0, b"x" * 32)):
        one.receive(bad)
    assert (one.counts.taken, one.counts.duplicates, one.counts.wrong_key) == (1, 1, 5)
    heard = [one.pull()]
    for raw in data[1:]:
        one.receive(raw)
        heard.append(one.pull())
    one.receive(data[7])
    one.receive(data[9][:-1] + b"x")
    assert (one.counts.taken, one.counts.duplicates, one.counts.wrong_key) == (200, 2, 6)
    assert np.array_equal(np.concatenate([h for h in heard if h is not None], axis=1), CODES[:, :200])


def test_a_wrong_key_is_the_reason_for_compact_packets_too() -> None:
    one = receiver(opener=Opener(b"x" * 32))
    for raw in sealed(60):
        one.receive(raw)
    assert one.counts.refused() == {"wrong_key": 60}
    late = receiver(opener=Opener(KEY))
    data = sealed(60)
    for raw in (*data[40:42], b"\xe2" + bytes(60), *data[42:]):  # a stranger's packet does not stay the reason
        late.receive(raw)
    assert late.counts.taken == 10


def test_who_comes_in_later_waits_for_the_next_full_packet() -> None:
    for opener, data in ((None, Packetizer(facts()).push(CODES[:, :60])), (Opener(KEY), sealed(60))):
        one = receiver(opener=opener)
        for raw in data[40:]:
            one.receive(raw)
        assert (one.counts.unannounced, one.counts.taken) == (10, 10)
        for raw in data[45:50]:  # overtaken ones
            one.receive(raw)
        assert one.counts.taken == 15


def test_a_stream_after_another_under_one_key() -> None:
    """Compact packets of the new session must not be read as those of the old one."""
    one = receiver(target=1, opener=Opener(KEY))
    for raw in sealed(10, 1000.0):
        one.receive(raw)
    for raw in sealed(20, 1001.0):  # the first is still being played
        one.receive(raw)
    assert one.counts.refused() == {"wrong_stream": 20}
    play(one, iter(()), 20 * (GIVE_UP_FRAMES + 20))
    for raw in sealed(20, 1002.0):
        one.receive(raw)
    assert one.counts.taken == 30


def test_old_sessions_cannot_be_replayed() -> None:
    opener = Opener(KEY)
    recorded, new = sealed(3, 1000.0), sealed(1, 1001.0)
    assert opener.open(recorded[0])
    assert opener.open(new[0])
    with pytest.raises(PacketError, match="session that is over"):
        opener.open(recorded[1])
    old = Sealer(KEY, lambda: 1000.0)
    old._counter = 2**32
    with pytest.raises(PacketError, match="used up"):
        Packetizer(facts(), sealer=old).push(CODES[:, :1])


def test_a_session_of_the_same_second_replaces_the_one_before() -> None:
    opener = Opener(KEY)
    first, second = sealed(3, 1000.0), sealed(3, 1000.2)
    assert opener.open(first[0])
    assert opener.open(second[0])
    with pytest.raises(PacketError, match="session that is over"):
        opener.open(first[1])
    assert opener.open(second[1])


@pytest.mark.parametrize("key", [None, KEY])
@pytest.mark.parametrize("lost", [1000, 40_000, 70_000])
def test_after_a_long_outage_a_stream_is_heard_again(key: bytes | None, lost: int) -> None:
    """Sequence numbers have 16 bits: after 32 768 they could be taken for earlier ones."""
    one = receiver(opener=Opener(key) if key else None)
    packetizer = Packetizer(facts(), sealer=Sealer(key, lambda: 1000.0) if key else None)
    play(one, ((20.0 * i, raw) for i, raw in enumerate(packetizer.push(CODES[:, :500]))), 12_000)
    packetizer._number += lost
    packetizer.frame += lost
    if packetizer._sealer:
        packetizer._sealer._counter += lost
    before = one.counts.taken
    play(one, ((20.0 * i, raw) for i, raw in enumerate(packetizer.push(CODES[:, :500]))), 12_000)
    assert one.counts.taken - before >= 450  # all from the next full packet on
    assert lost <= one.counts.lost <= lost + 50
    assert one.counts.duplicates == 0


def test_a_long_session_counts_on() -> None:
    sealer, opener = Sealer(KEY, lambda: 1000.0), Opener(KEY)
    packet = Packet(HASH[:4], 1, 0, 0, 1000, CODES[:, :1], CODES[:0, :1])
    assert opener.open(sealer.seal(build(packet), packet)) == build(packet)
    for counter in range(20_000, 200_000, 30_000):
        sealer._counter = counter
        assert opener.open(sealer.seal(build_compact(packet), packet), packet) == build_compact(packet)


def test_several_channels() -> None:
    codes = np.random.default_rng(1).integers(0, 1000, (2, 4, 30))
    one = Receiver(facts(), JitterBuffer(1, frame_s=0.02), channels=2)
    for raw in Packetizer(facts(), channels=2).push(codes):
        one.receive(raw)
    heard = [h for h in (one.pull() for _ in range(10)) if h is not None]
    assert heard[0].shape == (2, 4, 1)
    assert np.array_equal(
        np.concatenate(heard, axis=2), codes[:, :, 30 - one.buffer.level - len(heard) :][:, :, : len(heard)]
    )
    for raw in Packetizer(facts()).push(codes[0]):
        one.receive(raw)
    assert one.counts.wrong_channels == 30


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
    one, packetizer = receiver(), Packetizer(facts())
    data = packetizer.push(CODES[:, :4])
    for i in (1, 0, 3, 2):
        one.receive(data[i])
    assert (one.counts.taken, one.counts.lost) == (4, 0)
    heard = [one.pull() for _ in range(4)]
    assert np.array_equal(np.concatenate([h for h in heard if h is not None], axis=1), CODES[:, :4])


@pytest.mark.parametrize(("frame_s", "second"), [(0.02, 50), (512 / 44_100, 86), (0.08, 12)])
def test_times_are_seconds_whatever_a_frame_lasts(frame_s: float, second: int) -> None:
    """A second too full before a frame is left out, a second of nothing before the end, five seconds ahead at most."""
    one = Receiver(facts(), JitterBuffer(1, frame_s=frame_s))
    data = Packetizer(facts()).push(CODES[:, : 7 * second])
    for raw in data[:3]:
        one.receive(raw)
    for raw in data[3 : 3 + second]:
        assert one.buffer.counts.skipped == 0
        one.pull()
        one.receive(raw)
    one.pull()
    assert one.buffer.counts.skipped == 1
    one.receive(data[-1])
    assert (one.buffer.counts.out_of_range, one.buffer.counts.duplicates) == (1, 0)
    pulls = 0
    while one.buffer.started:
        one.pull()
        pulls += 1
    assert second < pulls <= second + 3
