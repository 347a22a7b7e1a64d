"""Two ends that tell each other about losses."""

from __future__ import annotations

import numpy as np
import pytest

from audiocodec.errors import PacketError
from audiocodec.live import Feedback
from audiocodec.live.packets import JitterBuffer, Opener, Packetizer, Receiver, Relay, Report, Sealer
from audiocodec.live.packets.report import build_report, parse_report
from tests.live.packets.facts import facts

KEY = bytes(range(32))


class End:
    """One end of a conversation; it repeats three codebooks while losses are reported."""

    def __init__(self, sealed: bool, repeat: int | None = 3) -> None:
        sealer, opener = (Sealer(KEY, lambda: 1000.0), Opener(KEY)) if sealed else (None, None)
        self.packetizer = Packetizer(facts(), sealer=sealer)
        self.receiver = Receiver(facts(), JitterBuffer(3, frame_s=0.02), opener)
        self.feedback = Feedback(self.receiver, self.packetizer, every=50, repeat=repeat)

    def send(self) -> list[bytes]:
        return [*self.packetizer.push(np.zeros((12, 1), np.int64)), *self.feedback.after_packet()]


def talk(one: End, other: End, packets: int, drop_every: int = 0) -> None:
    """Both send; of the packets of `one`, one in `drop_every` is lost."""
    for number in range(packets):
        for data in one.send():
            if not drop_every or number % drop_every != drop_every - 5:
                other.receiver.receive(data)
        for data in other.send():
            one.receiver.receive(data)
        one.receiver.pull()
        other.receiver.pull()


@pytest.mark.parametrize("sealed", [False, True])
def test_codebooks_are_repeated_while_the_other_end_reports_losses(sealed: bool) -> None:
    one, other = End(sealed), End(sealed)
    talk(one, other, 200)
    assert (one.packetizer.repeat, other.packetizer.repeat) == (0, 0)
    talk(one, other, 200, drop_every=10)
    assert (one.packetizer.repeat, other.packetizer.repeat) == (3, 0)
    assert other.receiver.buffer.counts.repaired > 5
    talk(one, other, 450)
    assert one.packetizer.repeat == 3
    talk(one, other, 200)
    assert one.packetizer.repeat == 0
    assert one.receiver.counts.refused() == other.receiver.counts.refused() == {}


def test_a_constant_redundancy_stays_and_other_streams_are_not_heeded() -> None:
    fixed, end, stranger = End(sealed=False, repeat=None), End(sealed=False), Packetizer(facts())
    fixed.packetizer.repeat = 2
    report = Report((end.packetizer.stream + 1) % 2**16, 0.5)
    fixed.receiver.receive(stranger.report(Report(fixed.packetizer.stream, 0.5)))
    end.receiver.receive(stranger.report(report))
    for _ in range(50):
        fixed.send()
        end.send()
    assert (fixed.packetizer.repeat, end.packetizer.repeat) == (2, 0)


def test_reports() -> None:
    for report in (Report(0, 0.0), Report(65535, 1.0), Report(3, 51 / 255)):
        assert parse_report(build_report(report)) == report
    with pytest.raises(PacketError, match="a report has 4 bytes, got 5"):
        parse_report(build_report(Report(1, 0.5)) + b"x")
    (data,) = [Packetizer(facts()).report(Report(1, 0.5))]
    one = End(sealed=False).receiver
    one.receive(data[:-1] + bytes([data[-1] ^ 1]))
    assert (one.reported, one.counts.damaged) == (None, 1)
    one.receive(data)
    assert one.reported == Report(1, 128 / 255)
    assert Relay(2).cut(data) == data
