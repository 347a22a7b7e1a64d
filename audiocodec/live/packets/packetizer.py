"""From codes to packets."""

from __future__ import annotations

import secrets

import numpy as np

from audiocodec.errors import ConfigError
from audiocodec.live.packets.packet import Packet, build


class Packetizer:
    """Cuts a stream of codes into packets.

    Args:
        model_hash: of the model; its first 4 bytes go into each packet.
        codebook_size: values of a code.
        frames: of each packet.
        repeat: codebooks of earlier frames that ride along, so that a lost packet is heard
            coarsely instead of guessed.
        distance: so many frames earlier; at least `frames`.

    Attributes:
        frame: index of the next frame.

    Example:
        >>> packetizer = Packetizer(bytes(16), 1000, frames=2)
        >>> [len(p) for p in packetizer.push(np.zeros((6, 5), np.int64))], len(packetizer.flush())
        ([39, 39], 1)
    """

    def __init__(
        self, model_hash: bytes, codebook_size: int, frames: int = 1, repeat: int = 0, distance: int | None = None
    ) -> None:
        self.distance = frames if distance is None else distance
        if not 1 <= frames <= self.distance <= 255:
            raise ConfigError(f"{frames} frames a packet, repeated {self.distance} later: needs 1 <= frames <= 255")
        self.model, self.codebook_size, self.frames, self.repeat = model_hash[:4], codebook_size, frames, repeat
        self.stream = secrets.randbelow(2**16)
        self.frame = self._sequence = 0
        self._pending: list[np.ndarray] = []  # frames "q", not yet sent
        self._sent: list[np.ndarray] = []  # the last `distance` frames, "q"

    def push(self, codes: np.ndarray) -> list[bytes]:
        """codes: "q t", any t -> the packets that are full.

        Raises:
            ConfigError: a packet would be too large.
        """
        self._pending += list(codes.T)
        packets = []
        while len(self._pending) >= self.frames:
            packets.append(self._packet(self.frames))
        return packets

    def flush(self) -> list[bytes]:
        """The last packet, with fewer frames, if there are any left."""
        return [self._packet(len(self._pending))] if self._pending else []

    def _packet(self, count: int) -> bytes:
        codes, self._pending = np.stack(self._pending[:count], axis=1), self._pending[count:]
        repeat = min(self.repeat, len(codes)) if len(self._sent) == self.distance else 0
        earlier = [frame[:repeat] for frame in self._sent[:count]] if repeat else []
        packet = Packet(
            self.model,
            self.stream,
            self._sequence,
            self.frame,
            self.codebook_size,
            codes,
            np.stack(earlier, axis=1) if earlier else np.zeros((0, count), np.int64),
            self.distance if earlier else 0,
        )
        self._sent = [*self._sent, *codes.T][-self.distance :]
        self._sequence = (self._sequence + 1) % 2**16
        self.frame += count
        return build(packet)
