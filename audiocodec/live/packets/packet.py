"""One packet: a few frames of codes that can be read without any other packet, and cut without the model."""

from __future__ import annotations

import struct
import zlib
from dataclasses import dataclass

import numpy as np

from audiocodec.errors import ConfigError, PacketError
from audiocodec.tokens import radix

MAGIC = 0xF1  # the low half is the version
HEAD = struct.Struct("<B4sHHIBBBBHB")
OVERHEAD = HEAD.size + 4
MAX_BYTES = 1400  # fits one datagram everywhere; nothing larger is built or looked at
MAX_SIZE = 2**24


@dataclass(frozen=True)
class Packet:
    """Frames of one stream.

    Attributes:
        model: first 4 bytes of the model's hash.
        stream: number the sender drew for this stream.
        sequence: number of the packet, modulo 2**16.
        frame: index of the first frame.
        codebook_size: values of a code.
        codes: "q t", int64.
        earlier: codes of t frames sent before, their first codebooks only, "k t"; k may be 0.
        distance: so many frames before `frame` they begin.
    """

    model: bytes
    stream: int
    sequence: int
    frame: int
    codebook_size: int
    codes: np.ndarray
    earlier: np.ndarray
    distance: int = 0

    @property
    def frames(self) -> int:
        """How many."""
        return self.codes.shape[1]


def build(packet: Packet) -> bytes:
    """The bytes of a packet.

    Raises:
        ConfigError: it would be larger than 1400 bytes, or a number does not fit its field.
    """
    head = _head(packet, len(packet.codes), len(packet.earlier))
    bits = radix.packed_bits(packet.frames, packet.codebook_size)
    number = 0
    for row in reversed((*packet.earlier, *packet.codes)):
        number = number << bits | radix.pack(row, packet.codebook_size)
    length = -(-bits * (len(packet.earlier) + len(packet.codes)) // 8)
    if length + OVERHEAD > MAX_BYTES:
        raise ConfigError(
            f"a packet of {packet.frames} frames takes {length + OVERHEAD} bytes, {MAX_BYTES} is the most"
        )
    return _seal(head + number.to_bytes(length, "little"))


def _head(packet: Packet, num_codebooks: int, num_earlier: int) -> bytes:
    size = packet.codebook_size - 1
    fields = (packet.stream, packet.sequence, packet.frame, packet.frames, num_codebooks, num_earlier)
    try:
        return HEAD.pack(MAGIC, packet.model, *fields, packet.distance, size & 0xFFFF, size >> 16)
    except struct.error as error:
        raise ConfigError(f"a packet cannot hold this ({error})") from error


def _seal(body: bytes) -> bytes:
    return body + struct.pack("<I", zlib.crc32(body))


def _open(data: bytes) -> tuple[Packet, int, int, int, int]:
    """A packet without its codes, its two numbers of codebooks, bits of one codebook, and the payload.

    Raises:
        PacketError: see `parse`.
    """
    if not OVERHEAD < len(data) <= MAX_BYTES:
        raise PacketError(f"a packet has {OVERHEAD + 1} to {MAX_BYTES} bytes, got {len(data)}")
    if data[0] != MAGIC:
        raise PacketError(f"not a packet of this version (first byte is {data[0]:#04x}, expected {MAGIC:#04x})")
    if data != _seal(data[:-4]):
        raise PacketError("a packet is damaged (checksum does not match)")
    _, model, stream, sequence, frame, frames, depth, earlier, distance, low, high = HEAD.unpack_from(data)
    size = (high << 16 | low) + 1
    if not frames or not depth or size < 2 or earlier > depth or distance > frame:
        raise PacketError(f"a packet says {depth} codebooks of {size} and {earlier} earlier ones, which cannot be")
    bits = radix.packed_bits(frames, size)
    if -(-bits * (depth + earlier) // 8) != len(data) - OVERHEAD:
        raise PacketError(f"a packet of {len(data)} bytes cannot hold {frames} frames of {depth} codebooks")
    bare = Packet(model, stream, sequence, frame, size, np.zeros((0, frames), np.int64), _NOTHING, distance)
    return bare, depth, earlier, bits, int.from_bytes(data[HEAD.size : -4], "little")


_NOTHING = np.zeros((0, 0), np.int64)


def parse(data: bytes) -> Packet:
    """Bytes of a packet, from anywhere -> what it holds. Takes at most about 300 kB of memory.

    Raises:
        PacketError: it is damaged, of another version, or nothing that `build` makes.
    """
    bare, depth, earlier, bits, number = _open(data)
    rows = []
    try:
        for _ in range(earlier + depth):
            rows.append(radix.unpack(number & ((1 << bits) - 1), bare.frames, bare.codebook_size))
            number >>= bits
        if number:
            raise ValueError("bits are set behind the last code")
    except ValueError as error:
        raise PacketError(f"a packet is damaged ({error})") from error
    codes = np.stack(rows)
    return Packet(
        bare.model,
        bare.stream,
        bare.sequence,
        bare.frame,
        bare.codebook_size,
        codes[earlier:],
        codes[:earlier],
        bare.distance,
    )


def keep_codebooks(data: bytes, num_codebooks: int) -> bytes:
    """The packet with its first `num_codebooks` only: a cut of its bits, for a relay without the model.

    Raises:
        PacketError: see `parse`.
        ConfigError: `num_codebooks` is below 1.
    """
    if num_codebooks < 1:
        raise ConfigError(f"num_codebooks is {num_codebooks}, it must be 1 or more")
    bare, depth, earlier, bits, number = _open(data)
    if num_codebooks >= depth:
        return data
    kept = min(earlier, num_codebooks)
    repeated = number & ((1 << kept * bits) - 1)
    primary = number >> earlier * bits & ((1 << num_codebooks * bits) - 1)
    length = -(-(kept + num_codebooks) * bits // 8)
    payload = (primary << kept * bits | repeated).to_bytes(length, "little")
    return _seal(_head(bare, num_codebooks, kept) + payload)
