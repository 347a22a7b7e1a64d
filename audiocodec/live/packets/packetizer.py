"""From codes to packets."""

from __future__ import annotations

import secrets
from typing import TYPE_CHECKING

import numpy as np

from audiocodec._util.numbers import check_count
from audiocodec.errors import ConfigError
from audiocodec.live.packets.checksum import add_checksum
from audiocodec.live.packets.crypto import Sealer
from audiocodec.live.packets.packet import MAX_COMPACT, Packet, build, build_compact
from audiocodec.live.packets.report import Report, build_report

if TYPE_CHECKING:
    from audiocodec.model.info import ModelInfo

FULL_EVERY = 50  # packets: a receiver that joins late waits for at most this many


class Packetizer:
    """Packs a stream of codes into packets: full ones at intervals, compact ones in between.

    Packets 0, 1, 2, 4, 8, 16, 32, every fiftieth, and those whose layout differs from the one before are full.

    Args:
        info: of the model that made the codes; the first 4 bytes of its hash go into each full packet.
        frames: of each packet.
        repeat: codebooks of earlier frames that are sent again (forward error correction), so that a lost packet is
            decoded coarsely instead of concealed.
        distance: how many frames later; at least `frames`.
        channels: of the audio; the model says whether two share one row of codes, as mid and side.
        sealer: encrypts the packets; without one they get a checksum.

    Attributes:
        frame: index of the next frame.
        repeat: may be changed at any time.
        stream: number of the stream, random.

    Example:
        >>> import audiocodec
        >>> packetizer = Packetizer(audiocodec.load("speech-16k").info, frames=2)
        >>> [len(p) for p in packetizer.push(np.zeros((6, 8), np.int64))]
        [40, 40, 40, 20]
    """

    def __init__(
        self,
        info: ModelInfo,
        frames: int = 1,
        repeat: int = 0,
        distance: int | None = None,
        channels: int = 1,
        sealer: Sealer | None = None,
    ) -> None:
        frames, repeat = check_count(frames, "frames"), check_count(repeat, "repeat")
        self.distance = frames if distance is None else check_count(distance, "distance")
        if not 1 <= frames <= self.distance <= 255:
            raise ConfigError(
                f"{frames} frames per packet, repeated {self.distance} later: needs 1 <= frames <= distance <= 255"
            )
        channels = check_count(channels, "channels", 1)
        self.num_codebooks = info.num_codebooks
        self.model, self.codebook_size, self.frames, self.repeat = info.hash[:4], info.codebook_size, frames, repeat
        self.channels, self.rows, self._sealer = channels, info.rows(channels), sealer
        self.joint = self.rows < channels
        self.stream = secrets.randbelow(2**16)
        self.frame = self._number = 0
        self._constants = b""  # of the last full packet
        self._pending: list[np.ndarray] = []  # frames "(q r)", not yet sent
        self._sent: list[np.ndarray] = []  # the last `distance` frames, "(q r)"

    def push(self, codes: np.ndarray) -> list[bytes]:
        """codes: "q t", or "r q t" of r rows, any t -> the packets that are full.

        Raises:
            ConfigError: a packet would be too large, or these are not codes of the model and these channels.
        """
        codes = np.asarray(codes)
        if codes.ndim not in (2, 3) or codes.dtype.kind not in "iu":
            raise ConfigError(f"codes must be integers 'q t' or 'r q t', got {codes.dtype} of shape {codes.shape}")
        if codes.ndim == 3:
            codes = codes.swapaxes(0, 1).reshape(codes.shape[0] * codes.shape[1], codes.shape[2])  # "(q r) t"
        if len(codes) % self.rows or not 1 <= len(codes) // self.rows <= self.num_codebooks:
            raise ConfigError(
                f"{len(codes)} codes per frame are not 1 to {self.num_codebooks} codebooks of {self.channels} channels"
            )
        if codes.size and not 0 <= codes.min() <= codes.max() < self.codebook_size:
            raise ConfigError(f"codes of packets are 0 to {self.codebook_size - 1}, got {codes.min()} to {codes.max()}")
        self._pending += list(codes.T)
        packets = []
        while len(self._pending) >= self.frames:
            packets.append(self._packet(self.frames))
        return packets

    def flush(self) -> list[bytes]:
        """The last packet, with fewer frames, if there are any left."""
        return [self._packet(len(self._pending))] if self._pending else []

    def report(self, report: Report) -> bytes:
        """The packet that tells the other end what was lost of its stream."""
        return self._protected(build_report(report), None)

    def _packet(self, count: int) -> bytes:
        codes, self._pending = np.stack(self._pending[:count], axis=1), self._pending[count:]
        rows = min(self.repeat * self.rows, len(codes)) if len(self._sent) == self.distance else 0
        earlier = [frame[:rows] for frame in self._sent[:count]] if rows else []
        packet = Packet(
            self.model,
            self.stream,
            self._number % 2**16,
            self.frame,
            self.codebook_size,
            codes,
            np.stack(earlier, axis=1) if earlier else np.zeros((0, count), np.int64),
            self.distance if earlier else 0,
            self.channels,
            self.joint,
        )
        self._sent = [*self._sent, *codes.T][-self.distance :]
        data = self._protected(self._body(packet), packet)
        self._number += 1
        self.frame += count
        return data

    def _protected(self, body: bytes, packet: Packet | None) -> bytes:
        return self._sealer.seal(body, packet) if self._sealer else add_checksum(body, packet)

    def _body(self, packet: Packet) -> bytes:
        number, constants = self._number, packet.constants()
        early = number < FULL_EVERY and number & (number - 1) == 0  # 0 and powers of two
        due = early or number % FULL_EVERY == 0 or constants != self._constants
        if not due and packet.num_codebooks <= MAX_COMPACT:
            return build_compact(packet)
        self._constants = constants
        return build(packet)
