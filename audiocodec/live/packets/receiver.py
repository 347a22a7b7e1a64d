"""From datagrams, whoever sent them, to frames in time."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from audiocodec.errors import PacketError
from audiocodec.live.packets import packet as packets
from audiocodec.live.packets.crypto import OVERHEAD, Opener
from audiocodec.live.packets.jitter import JitterBuffer
from audiocodec.live.packets.packet import Packet
from audiocodec.live.packets.window import Window

MAX_DATAGRAM = packets.MAX_BYTES + OVERHEAD


@dataclass
class PacketCounts:
    """What became of datagrams.

    Attributes:
        taken: into the buffer.
        taken_bytes: of those, as they came.
        lost: never came, by their sequence numbers.
        twice: came again.
        damaged: no packet at all, or a broken one.
        refused: not sealed with the key, or of a session that is over.
        foreign: of another model or another stream.
    """

    taken: int = 0
    taken_bytes: int = 0
    lost: int = 0
    twice: int = 0
    damaged: int = 0
    refused: int = 0
    foreign: int = 0


class Receiver:
    """Takes datagrams and gives the frame that is due. Nothing that comes in makes it raise.

    Args:
        model_hash: of the model that will decode.
        codebook_size: of that model.
        num_codebooks: of that model.
        buffer: orders the frames.
        opener: if given, what it cannot open is dropped.
    """

    def __init__(
        self,
        model_hash: bytes,
        codebook_size: int,
        num_codebooks: int,
        buffer: JitterBuffer,
        opener: Opener | None = None,
    ) -> None:
        self.model, self.codebook_size, self.num_codebooks = model_hash[:4], codebook_size, num_codebooks
        self.buffer, self.opener = buffer, opener
        self.counts = PacketCounts()
        self._stream: int | None = None
        self._window, self._first, self._taken = Window(), 0, 0  # of this stream: numbers seen, the lowest, how many
        self._lost_before = 0  # in streams before this one

    def receive(self, data: bytes) -> None:
        """Take in a datagram, whatever it is."""
        if self.opener:
            try:
                opened = self.opener.open(data)
            except PacketError:
                self.counts.refused += 1
                return
            if opened is None:
                self.counts.twice += 1
                return
            data = opened
        try:
            packet = packets.parse(data)
        except PacketError:
            self.counts.damaged += 1
            return
        fits = packet.model == self.model and packet.codebook_size == self.codebook_size
        if not fits or len(packet.codes) > self.num_codebooks or not self._same_stream(packet):
            self.counts.foreign += 1
        elif not self._is_new(packet.sequence):
            self.counts.twice += 1
        else:
            self.counts.taken += 1
            self.counts.taken_bytes += len(data)
            self.buffer.push(packet)

    def pull(self) -> np.ndarray | None:
        """See `JitterBuffer.pull`."""
        return self.buffer.pull()

    def _same_stream(self, packet: Packet) -> bool:
        """Whether it belongs to the stream being heard; a new one starts where none is."""
        if packet.stream != self._stream:
            if self.buffer.level > 0 or self.buffer.started:
                return False
            self._stream, self._window, self._taken = packet.stream, Window(), 0
            self.buffer.begin()
            self._first = packet.sequence + 2**16  # room below for packets that were overtaken
            self._lost_before = self.counts.lost
        return True

    def _is_new(self, sequence: int) -> bool:
        near = self._window.highest if self._taken else self._first
        number = near + (sequence - near + 2**15) % 2**16 - 2**15  # without wrapping around
        if not self._window.accept(number):
            return False
        self._taken += 1
        self._first = min(self._first, number)
        self.counts.lost = self._lost_before + self._window.highest - self._first + 1 - self._taken
        return True
