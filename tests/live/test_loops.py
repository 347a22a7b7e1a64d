"""The loops, with a simulated clock and a simulated network."""

from __future__ import annotations

import heapq
import io
import json
import socket
from collections.abc import Iterator
from dataclasses import replace

import numpy as np
import pytest

from audiocodec.codec import Codec, load
from audiocodec.errors import ConfigError
from audiocodec.live import (
    Address,
    Clock,
    Meter,
    PipeSink,
    Sending,
    Source,
    UdpListener,
    UdpSender,
    describe_unheard,
    loopback,
    parse_address,
    pipe_source,
    receive,
    send,
)
from audiocodec.live.packets import JitterBuffer, Packetizer, Receiver


class World:
    """A clock that moves when somebody waits, and a network that takes its time."""

    def __init__(self, drop: float = 0.0, jitter_s: float = 0.0) -> None:
        self.time, self.drop, self.jitter_s = 0.0, drop, jitter_s
        self.rng = np.random.default_rng(0)
        self.under_way: list[tuple[float, int, bytes]] = []
        self.clock = Clock(lambda: self.time, self.sleep, lambda: self.time / 10)

    def sleep(self, seconds: float) -> None:
        self.time += seconds

    def transmit(self, packet: bytes) -> None:
        if self.rng.random() >= self.drop:
            arrival = self.time + 0.03 + self.jitter_s * self.rng.random()
            heapq.heappush(self.under_way, (arrival, len(self.under_way), packet))

    def poll(self, timeout_s: float) -> list[bytes]:
        self.time += max(0.0, timeout_s)
        got = []
        while self.under_way and self.under_way[0][0] <= self.time:
            got.append(heapq.heappop(self.under_way)[2])
        return got


class Heard:
    paced = False

    def __init__(self) -> None:
        self.blocks: list[np.ndarray] = []

    def write(self, samples: np.ndarray) -> None:
        self.blocks.append(samples)

    def close(self) -> None: ...


def frames(wav: np.ndarray) -> Iterator[np.ndarray]:
    return (wav[None, i : i + 320] for i in range(0, len(wav), 320))


def test_loopback_is_the_codec(codec: Codec, speech: np.ndarray) -> None:
    wav, heard, lines = speech[0, :32_000], Heard(), []
    meter = Meter(0.02, World().clock, lines.append)
    loopback(codec, Source(frames(wav), paced=True), heard, 1, 6, meter)
    sound = np.concatenate(heard.blocks, axis=1)[0][320:][:32_000]
    expected = codec.decode(codec.encode(wav, 16_000, num_codebooks=6))[0]
    np.testing.assert_allclose(sound, expected, atol=1e-5)
    assert lines == [f"{n} s, 3.0 kbit/s, delay 40 ms, load 0 %" for n in (1, 2)]


def over_the_network(codec: Codec, wav: np.ndarray, world: World, repeat: int = 0) -> tuple[np.ndarray, Receiver]:
    """Send all, then listen: the simulated time starts again in between, arrivals are kept."""
    lines: list[str] = []
    packetizer = Packetizer(codec.info, repeat=repeat, distance=4)
    source = Source(frames(wav), paced=False)
    send(codec, source, packetizer, world.transmit, 12, Meter(0.02, world.clock, lines.append), world.clock)
    assert world.time == pytest.approx(len(wav) / 16_000)  # held to real time
    world.time = 0.0
    heard = Heard()
    receiver = Receiver(codec.info, JitterBuffer(5, frame_s=0.02))
    meter = Meter(0.02, world.clock, lines.append)
    receive(codec, world, receiver, heard, meter, world.clock, seconds=len(wav) / 16_000 + 0.2)
    assert all(block.shape == (1, 320) for block in heard.blocks)
    assert "delay 1" in lines[-1]
    return np.concatenate(heard.blocks, axis=1)[0], receiver


def test_a_good_network_is_heard_exactly_as_offline(codec: Codec, speech: np.ndarray) -> None:
    wav = speech[0, :32_000]
    sound, receiver = over_the_network(codec, wav, World())
    assert receiver.buffer.counts.lost == 0
    start = int(np.flatnonzero(sound)[0]) // 320 * 320 + 320
    expected = codec.decode(codec.encode(wav, 16_000))[0]
    np.testing.assert_allclose(sound[start : start + 30_000], expected[:30_000], atol=1e-5)


def test_losses_are_concealed_and_repaired(codec: Codec, speech: np.ndarray) -> None:
    world = World(drop=0.15, jitter_s=0.04)
    sound, receiver = over_the_network(codec, speech[0, :48_000], world, repeat=3)
    assert np.isfinite(sound).all()
    assert receiver.counts.lost > 10
    assert receiver.buffer.counts.repaired > 5
    assert receiver.counts.refused() == {}


def test_a_listener_that_stood_still_goes_on(codec: Codec) -> None:
    world, heard = World(), Heard()
    receiver = Receiver(codec.info, JitterBuffer(2, frame_s=0.02))

    class Stalling:
        polls = 0

        def poll(self, timeout_s: float) -> list[bytes]:
            self.polls += 1
            world.time += 3600.0 if self.polls == 10 else max(0.0, timeout_s)
            return []

    link = Stalling()
    receive(codec, link, receiver, heard, Meter(0.02, world.clock, str), world.clock, seconds=4.0)
    assert world.time > 3600
    assert link.polls < 250


def test_a_pipe_that_ends_within_a_sample_says_so(caplog: pytest.LogCaptureFixture) -> None:
    for data in (bytes(4000), bytes(4003)):
        blocks = pipe_source(io.BytesIO(data), 16_000, 16_000, 320, channels=2).blocks
        assert sum(block.shape[1] for block in blocks) == 1000
    words = "the raw audio does not end with a whole sample of 4 bytes: 3 left out"
    assert [record.message for record in caplog.records] == [words]


@pytest.mark.parametrize(("rate", "samples"), [(16_000, 16_000), (48_000, 48_000), (8_000, 8_000)])
def test_raw_pipes(rate: int, samples: int) -> None:
    wave = (8000 * np.sin(np.arange(samples) * 440 * 2 * np.pi / rate)).astype("<i2")
    blocks = list(pipe_source(io.BytesIO(wave.tobytes() + b"\x00"), rate, 16_000, 320).blocks)
    assert max(block.shape[1] for block in blocks) <= 320
    assert sum(block.shape[1] for block in blocks) == 16_000
    out = io.BytesIO()
    sink = PipeSink(out, rate, 16_000)
    for block in blocks:
        sink.write(block)
    sink.close()
    back = np.frombuffer(out.getvalue(), "<i2")
    assert len(back) == samples
    assert np.abs(back[500:-500].astype(int) - wave[500:-500]).max() < 60


def test_loud_sound_is_clipped() -> None:
    out = io.BytesIO()
    PipeSink(out, 16_000, 16_000).write(np.array([[2.0, -2.0, 0.5]], np.float32))
    assert np.frombuffer(out.getvalue(), "<i2").tolist() == [32767, -32768, 16384]


def test_addresses() -> None:
    assert parse_address("example.org:80") == Address("example.org", 80)
    assert parse_address("[::1]:80") == Address("::1", 80)
    assert str(Address("::1", 80)) == "[::1]:80"
    assert parse_address("80", "127.0.0.1") == Address("127.0.0.1", 80)
    for text in ("80", ":80", "host:", "host:x", "host:99999", ""):
        with pytest.raises(ConfigError, match="is not an address"):
            parse_address(text)


def test_udp_on_loopback() -> None:
    listener = UdpListener(Address("127.0.0.1", 0))
    sender = UdpSender(listener.address)
    for data in (b"one", b"x" * 60_000, b"two"):
        sender.send(data)
    got: list[bytes] = []
    while len(got) < 3:
        arrived = listener.poll(5.0)
        assert arrived
        got += arrived
    assert [len(data) for data in got] == [3, 1430, 3]  # a datagram that is too long stays so, and is cut
    assert listener.poll(0.0) == []
    with pytest.raises(ConfigError, match="cannot be listened at"):
        UdpListener(listener.address)
    sender.close()
    listener.close()
    with pytest.raises(ConfigError, match="cannot be"):
        UdpSender(Address("no.such.host.invalid", 1))


def test_a_sender_that_stood_still_goes_on_at_its_pace(codec: Codec, speech: np.ndarray) -> None:
    """Five seconds in one burst would be left out at the other end."""
    world, wav, sent = World(), np.tile(speech[0, :16_000], 3), list[float]()

    def stalling() -> Iterator[np.ndarray]:
        for i, block in enumerate(frames(wav)):
            world.time += 5.0 if i == 50 else 0.0
            yield block

    packetizer = Packetizer(codec.info)
    meter = Meter(0.02, world.clock, str)
    source = Source(stalling(), paced=False)
    send(codec, source, packetizer, lambda packet: sent.append(world.time), 1, meter, world.clock)
    gaps = np.diff(sent[:-2])  # what is flushed comes at once
    assert gaps.max() == pytest.approx(5, abs=0.05)
    assert np.sum(gaps < 0.01) <= 1
    assert world.time == pytest.approx(3 + 5, abs=0.05)


def test_frames_left_out_are_in_the_line(codec: Codec, speech: np.ndarray) -> None:
    world, lines = World(), list[str]()
    packetizer = Packetizer(codec.info)
    encoder = codec.stream_encoder(1)
    for packet in packetizer.push(encoder.push(np.tile(speech[0, :16_000], 2))):
        world.transmit(packet)  # 100 frames at once
    receiver = Receiver(codec.info, JitterBuffer(3, frame_s=0.02))
    meter = Meter(0.02, world.clock, lines.append)
    receive(codec, world, receiver, Heard(), meter, world.clock, seconds=2.0)
    assert meter.counters["frames_skipped"] == receiver.buffer.counts.skipped > 50
    assert f"frames skipped {receiver.buffer.counts.skipped}" in lines[-1]


def test_what_was_not_heard_is_said_in_seconds(codec: Codec) -> None:
    """A listener that starts a second late, loses ten frames, and hears nothing for two seconds in between."""
    packets = Packetizer(codec.info).push(np.zeros((1, 400), np.int64))
    receiver = Receiver(codec.info, JitterBuffer(1, frame_s=0.02))
    assert describe_unheard(receiver, 0.02) == ""
    for i, packet in enumerate(packets):
        if i >= 50 and not 100 <= i < 110 and not 200 <= i < 300:
            receiver.receive(packet)
        receiver.pull()
    counts = receiver.buffer.counts
    assert (counts.missed, counts.lost) == (50 + 100, 10)
    said = describe_unheard(receiver, 0.02)
    assert said.startswith("not heard: 3.00 s sent before listening began or while nothing arrived, ")
    assert receiver.counts.unannounced == 0


def test_what_is_concealed_after_the_end_is_not_counted(codec: Codec) -> None:
    packets = Packetizer(codec.info).push(np.zeros((1, 30), np.int64))
    receiver = Receiver(codec.info, JitterBuffer(1, frame_s=0.02))
    for packet in packets[:20]:
        receiver.receive(packet)
        receiver.pull()
    for _ in range(5):  # the network stands still
        receiver.pull()
    for packet in packets[20:]:
        receiver.receive(packet)
    for _ in range(100):
        receiver.pull()
    counts = receiver.buffer.counts
    assert (counts.played, counts.waited, counts.lost, counts.skipped) == (30, 5, 0, 0)


def test_what_comes_after_the_end_is_late(codec: Codec) -> None:
    packetizer = Packetizer(codec.info)
    packets = packetizer.push(codec.stream_encoder(1).push(np.zeros(320 * 20, np.float32)))
    receiver = Receiver(codec.info, JitterBuffer(3, frame_s=0.02))
    for packet in packets[:10]:
        receiver.receive(packet)
    for _ in range(100):
        receiver.pull()
    assert not receiver.buffer.started
    receiver.receive(packets[3])
    assert receiver.counts.duplicates == 1
    buffer = receiver.buffer
    late = buffer.counts.late
    receiver._window = type(receiver._window)()  # as if it had never come
    receiver.receive(packets[3])
    assert (buffer.level, buffer.counts.late) == (0, late + 1)
    other = Packetizer(codec.info)
    for packet in other.push(codec.stream_encoder(1).push(np.zeros(320 * 5, np.float32))):
        receiver.receive(packet)
    assert receiver.buffer.level == 5


def test_localhost_is_where_the_listener_is(monkeypatch: pytest.MonkeyPatch) -> None:
    """Where /etc/hosts has ::1 for it first."""
    both = [
        (socket.AF_INET6, socket.SOCK_DGRAM, 17, "", ("::1", 9, 0, 0)),
        (socket.AF_INET, socket.SOCK_DGRAM, 17, "", ("127.0.0.1", 9)),
    ]
    monkeypatch.setattr(socket, "getaddrinfo", lambda *arguments, **options: both)
    sender = UdpSender(Address("localhost", 9))
    assert sender._target == ("127.0.0.1", 9)
    sender.close()


def test_datagrams_that_the_system_refuses_are_counted() -> None:
    sender = UdpSender(Address("127.0.0.1", 0))
    sender.send(b"one")
    assert (sender.sent, sender.unsent) == (0, 1)
    assert sender.problem
    sender.close()
    meter = Meter(0.02, World().clock, str)
    meter.counters["packets_unsent"] = 1
    meter.advance(1)
    assert meter.last().endswith("packets unsent 1")


def test_statistics_as_json() -> None:
    lines: list[str] = []
    meter = Meter(0.02, World().clock, lines.append, as_json=True)
    meter.counters["packets_lost"] = 3
    meter.coded_bytes = 750
    meter.advance(100)
    shown = {"seconds": 2, "kbit_per_s": 3, "delay_ms": 0, "load": 0, "bytes": 750, "packets_lost": 3}
    assert json.loads(lines[0]) == shown
    assert meter.last() == ""  # everything was shown
    meter.coded_bytes += 125
    meter.advance(50)  # a second at another rate
    meter.advance(25)
    assert json.loads(lines[1]) == shown | {"seconds": 3, "kbit_per_s": 1, "bytes": 875}
    assert json.loads(meter.last()) == shown | {"seconds": 3.5, "kbit_per_s": 0, "bytes": 875}


def test_the_last_line_of_text_is_of_the_whole_run() -> None:
    lines: list[str] = []
    meter = Meter(0.02, World().clock, lines.append)
    for coded in (375, 125):
        meter.coded_bytes += coded
        meter.advance(50)
    assert [line.split(", ")[1] for line in (*lines, meter.last())] == ["3.0 kbit/s", "1.0 kbit/s", "2.0 kbit/s"]


def test_a_listener_says_why_nothing_is_heard_and_ends_when_idle(
    codec: Codec, caplog: pytest.LogCaptureFixture
) -> None:
    world, heard = World(), Heard()
    receiver = Receiver(codec.info, JitterBuffer(3, frame_s=0.02))
    other = Packetizer(replace(codec.info, hash=bytes(16)))
    silence = np.zeros((1, 1), np.int64)

    class Sender:
        def poll(self, timeout_s: float) -> list[bytes]:
            world.time += max(0.0, timeout_s)
            return other.push(silence)

    meter = Meter(0.02, world.clock, str)
    receive(codec, Sender(), receiver, heard, meter, world.clock, seconds=9.0, idle_s=5.0)
    assert len(heard.blocks) * 0.02 == pytest.approx(5, abs=0.05)
    assert [record.message for record in caplog.records if "full packet" not in record.message] == [
        f"packets arrive and none can be played: {receiver.counts.wrong_model // 5} of the last second are "
        "made with another model",
        "no packet that can be played arrived within 5 s: the output is silence",
    ]
    assert meter.counters["packets_wrong_model"] > 100


@pytest.mark.parametrize(("name", "depth"), [("speech-16k", 6), ("audio-44k", 1), ("audio-44k", 6)])
def test_stereo_over_the_network_is_the_codec(name: str, depth: int) -> None:
    codec, world, heard = load(name), World(), Heard()
    rng = np.random.default_rng(0)
    wav = (0.1 * rng.standard_normal((2, 30 * codec.hop_length))).astype(np.float32)
    blocks = (wav[:, i : i + 500] for i in range(0, wav.shape[1], 500))
    packetizer = Packetizer(codec.info, channels=2)
    frame_s = codec.info.frame_s
    meter = Meter(frame_s, world.clock, str)
    send(codec, Source(blocks, paced=False), packetizer, world.transmit, depth, meter, world.clock)
    world.time = 0.0
    receiver = Receiver(codec.info, JitterBuffer(3, frame_s=frame_s), channels=2)
    receive(codec, world, receiver, heard, meter, world.clock, seconds=40 * frame_s)
    sound = np.concatenate(heard.blocks, axis=1)
    start = int(np.flatnonzero(np.abs(sound).sum(0))[0]) // codec.hop_length * codec.hop_length + codec.info.delay
    expected = codec.decode(codec.encode(wav, codec.sample_rate, num_codebooks=depth))
    length = 25 * codec.hop_length
    np.testing.assert_allclose(sound[:, start : start + length], expected[:, :length], atol=1e-5)


def test_both_directions_at_the_same_time(codec: Codec, speech: np.ndarray) -> None:
    world, sent = World(), list[bytes]()
    packetizer = Packetizer(codec.info)
    meter = Meter(0.02, world.clock, str)

    def sending(source: Source) -> None:
        send(codec, source, packetizer, sent.append, 1, meter, World().clock)

    receiver = Receiver(codec.info, JitterBuffer(3, frame_s=0.02))
    with Sending(Source(frames(speech[0, :16_000]), paced=False), world, sending) as link:
        link._thread.join()
        receive(codec, link, receiver, Heard(), Meter(0.02, world.clock, str), world.clock, seconds=0.5)
    assert len(sent) == 51

    def failing(source: Source) -> None:
        raise ConfigError("nothing goes")

    with Sending(Source(frames(speech[0]), paced=False), world, failing) as link:
        link._thread.join()
        with pytest.raises(ConfigError, match="nothing goes"):
            receive(codec, link, receiver, Heard(), meter, world.clock, seconds=0.5)


def endless() -> Iterator[np.ndarray]:
    while True:
        yield np.zeros((1, 320), np.float32)


def test_sending_stops_when_receiving_does() -> None:
    counted = list[int]()

    def sending(source: Source) -> None:
        counted.append(sum(1 for _ in source.blocks))

    with Sending(Source(endless(), paced=False), World(), sending) as link:
        pass
    link._thread.join(timeout=10)
    assert counted
