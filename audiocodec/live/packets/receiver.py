"""From untrusted datagrams to frames in time."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from audiocodec.errors import PacketError
from audiocodec.live.packets import packet as packets
from audiocodec.live.packets.checksum import remove_checksum
from audiocodec.live.packets.crypto import FULL, OVERHEAD, Opener
from audiocodec.live.packets.jitter import JitterBuffer
from audiocodec.live.packets.packet import Packet, UnannouncedError, steps_between
from audiocodec.live.packets.report import Report, is_report, parse_report
from audiocodec.live.packets.window import Window

if TYPE_CHECKING:
    from audiocodec.model.info import ModelInfo

MAX_DATAGRAM = packets.MAX_BYTES + OVERHEAD


@dataclass
class PacketCounts:
    """Datagram counters.

    Attributes:
        taken: put into the buffer.
        taken_bytes: size of those, as received.
        lost: missing sequence numbers.
        duplicates: received again.
        damaged: not a packet, or a damaged one.
        wrong_key: not encrypted with the key, or of an earlier session; compact packets whose full one was refused so,
            too.
        wrong_model: of another model, or of more codebooks than it has.
        wrong_channels: with another number of channels than is played here.
        wrong_stream: of another stream than the one being played.
        unannounced: compact packets that came before any full one of their stream.
    """

    taken: int = 0
    taken_bytes: int = 0
    lost: int = 0
    duplicates: int = 0
    damaged: int = 0
    wrong_key: int = 0
    wrong_model: int = 0
    wrong_channels: int = 0
    wrong_stream: int = 0
    unannounced: int = 0

    def refused(self) -> dict[str, int]:
        """Rejected datagrams, duplicates not included, by reason."""
        names = ("damaged", "wrong_key", "wrong_model", "wrong_channels", "wrong_stream", "unannounced")
        return {name: getattr(self, name) for name in names if getattr(self, name)}


class Receiver:
    """Takes datagrams and returns the frame due now. No input makes it raise.

    Args:
        info: of the model that will decode; it says whether two channels share one row of codes, as mid and side.
        buffer: orders the frames.
        opener: if given, packets that it cannot decrypt are dropped.
        channels: that are played; packets of another number are refused.

    Attributes:
        counts: datagram counters.
        stream: number of the stream being played, or played last.
        reported: the last report of the other end, about what is sent to it.
    """

    def __init__(self, info: ModelInfo, buffer: JitterBuffer, opener: Opener | None = None, channels: int = 1) -> None:
        self.model, self.codebook_size, self.num_codebooks = info.hash[:4], info.codebook_size, info.num_codebooks
        self.buffer, self.opener, self.channels = buffer, opener, channels
        self.joint = info.rows(channels) < channels
        self.counts = PacketCounts()
        self.stream: int | None = None
        self.reported: Report | None = None
        self._reference: Packet | None = None  # the last full packet of the stream being played
        self._refused: Packet | None = None  # the last packet that was refused as not matching
        self._unread = "unannounced"  # why compact packets that refer to no full one are refused
        self._window, self._first, self._taken = Window(), 0, 0  # of this stream: numbers seen, lowest, count
        self._frame = 0  # that the packet of the highest number begins with
        self._lost_before = 0  # in earlier streams

    def receive(self, data: bytes) -> None:
        """Process a datagram with any content."""
        try:
            body, reference = self._authentic(bytes(data))
        except UnannouncedError:
            self._refuse(self._unread)
        except PacketError:
            self._refuse("wrong_key" if self.opener else "damaged")
            if self.opener and data[:1] == bytes([FULL]):
                self._unread = "wrong_key"
        else:
            self._take(body, reference, len(data))

    def _take(self, body: bytes, reference: Packet | None, size: int) -> None:
        """Process an authentic packet; empty for a duplicate."""
        try:
            if is_report(body):
                self.reported = parse_report(body)
                return
            packet = packets.parse(body, reference) if body else None
        except PacketError:
            self._refuse("damaged")
            return
        reason = self._unfit(packet, not packets.is_compact(body)) if packet else "duplicates"
        if packet is None or reason == "duplicates":
            self._refuse("duplicates")
        elif reason:
            self._refused = packet
            self._refuse(reason)
        else:
            self._reference = reference if packets.is_compact(body) else packet
            self.counts.taken += 1
            self.counts.taken_bytes += size
            self.buffer.push(packet)

    def _refuse(self, reason: str) -> None:
        setattr(self.counts, reason, getattr(self.counts, reason) + 1)

    def _authentic(self, data: bytes) -> tuple[bytes, Packet | None]:
        """The packet in a datagram, empty for a duplicate, and the full packet that a compact one refers to.

        Raises:
            UnannouncedError: a compact packet came before any full packet of its stream.
            PacketError: it is damaged, or not encrypted with the key.
        """
        unwrap = self.opener.open if self.opener else remove_checksum
        try:
            return unwrap(data, self._reference) or b"", self._reference
        except PacketError:
            if self._refused is None:
                raise
            return unwrap(data, self._refused) or b"", self._refused

    def _unfit(self, packet: Packet, full: bool) -> str:
        """The counter of the reason why a packet is rejected; empty if it is accepted."""
        fits = packet.model == self.model and packet.codebook_size == self.codebook_size
        if not fits or packet.num_codebooks > self.num_codebooks:
            return "wrong_model"
        if (packet.channels, packet.joint) != (self.channels, self.joint):
            return "wrong_channels"
        if not self._same_stream(packet):
            return "wrong_stream"
        return "" if self._is_new(packet, full) else "duplicates"

    def pull(self) -> np.ndarray | None:
        """The codes of the frame due now, "q 1", or "r q 1" of r rows, r > 1; see `JitterBuffer.pull`."""
        codes = self.buffer.pull()
        if codes is None or self.joint or self.channels == 1:
            return codes
        return codes.reshape(-1, self.channels, 1).swapaxes(0, 1)

    def _same_stream(self, packet: Packet) -> bool:
        """Whether it belongs to the stream being played; starts a new stream if there is none."""
        if packet.stream != self.stream:
            if self._playing():
                return False
            self.stream, self._window, self._taken = packet.stream, Window(), 0
            self.buffer.begin()
            self._first = packet.sequence + 2**16  # room below for packets that arrive out of order
            self._lost_before = self.counts.lost
        return True

    def _playing(self) -> bool:
        return self.buffer.started or self.buffer.level > 0

    def _is_new(self, packet: Packet, full: bool) -> bool:
        near = self._window.highest if self._taken else self._first
        if self._taken and full and not self._playing():  # after a long pause numbers may have gone round
            near += max(0, packet.frame - self._frame) // packet.frames
        number = near + steps_between(near % 2**16, packet.sequence)  # without wrapping around
        if not self._window.accept(number):
            return False
        if number == self._window.highest:
            self._frame = packet.frame
        self._taken += 1
        self._first = min(self._first, number)
        self.counts.lost = self._lost_before + self._window.highest - self._first + 1 - self._taken
        return True
