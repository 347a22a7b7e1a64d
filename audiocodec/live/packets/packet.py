"""Packets of codes. A full packet can be read alone; a compact one takes its constant fields from the last full one."""

from __future__ import annotations

import struct
from dataclasses import dataclass, replace

import numpy as np

from audiocodec._util.numbers import check_count
from audiocodec.errors import ConfigError, PacketError
from audiocodec.tokens import radix

FULL = 0xF2  # first byte; the low half is the version
HEAD = struct.Struct("<B4sHHIBBBBBHB")
COMPACT_HEAD = struct.Struct("<BH")
MAX_COMPACT = 127  # codebooks: the first byte of a compact packet is their number
MAX_CHANNELS = 8
JOINT = 0x80  # in the field of the channels
MAX_BYTES = 1400  # fits into one datagram everywhere; larger packets are neither built nor parsed
CONSTANTS = struct.Struct("<4s6I")


class UnannouncedError(PacketError):
    """A compact packet came before any full packet of its stream."""

    def __init__(self) -> None:
        super().__init__("a compact packet came before any full packet of its stream")


@dataclass(frozen=True)
class Packet:
    """Frames of one stream.

    Attributes:
        model: first 4 bytes of the model's hash.
        stream: number that the sender drew for this stream.
        sequence: number of the packet, modulo 2**16.
        frame: index of the first frame.
        codebook_size: number of values of a code.
        codes: "(q r) t", int64: the codes of all r rows of the first codebook, then of the second, ...
        earlier: first codebooks of t frames sent before, "(k r) t"; k may be 0.
        distance: how many frames before `frame` these begin.
        channels: of the audio.
        joint: two channels share one row of codes, as mid and side; else each channel has a row.
    """

    model: bytes
    stream: int
    sequence: int
    frame: int
    codebook_size: int
    codes: np.ndarray
    earlier: np.ndarray
    distance: int = 0
    channels: int = 1
    joint: bool = False

    @property
    def rows(self) -> int:
        """Number of rows of codes, r."""
        return 1 if self.joint else self.channels

    @property
    def frames(self) -> int:
        """Number of frames, t."""
        return self.codes.shape[1]

    @property
    def num_codebooks(self) -> int:
        """Number of codebooks, q."""
        return len(self.codes) // self.rows

    @property
    def num_repeated(self) -> int:
        """Number of codebooks of earlier frames, k."""
        return len(self.earlier) // self.rows

    def constants(self) -> bytes:
        """The constants that a compact packet takes from the full packet before it."""
        layout = self.channels | JOINT * self.joint
        fields = (self.stream, self.frames, layout, self.num_repeated, self.distance, self.codebook_size)
        return CONSTANTS.pack(self.model, *fields)


def build(packet: Packet) -> bytes:
    """The bytes of a full packet, without a checksum.

    Raises:
        ConfigError: it would be larger than 1400 bytes, or a number does not fit its field.
    """
    size = packet.codebook_size - 1
    layout = packet.channels | JOINT * packet.joint
    numbers = (packet.frames, layout, packet.num_codebooks, packet.num_repeated, packet.distance)
    try:
        head = HEAD.pack(
            FULL, packet.model, packet.stream, packet.sequence, packet.frame, *numbers, size & 0xFFFF, size >> 16
        )
    except struct.error as error:
        raise ConfigError(f"a packet cannot hold this ({error})") from error
    return _limited(head + _payload(packet), packet)


def build_compact(packet: Packet) -> bytes:
    """The bytes of a compact packet, without a checksum.

    Raises:
        ConfigError: it would be larger than 1400 bytes, or has more than 127 codebooks.
    """
    if packet.num_codebooks > MAX_COMPACT:
        raise ConfigError(f"a compact packet holds at most {MAX_COMPACT} codebooks, got {packet.num_codebooks}")
    return _limited(COMPACT_HEAD.pack(packet.num_codebooks, packet.sequence) + _payload(packet), packet)


def _payload(packet: Packet) -> bytes:
    bits = radix.packed_bits(packet.frames, packet.codebook_size)
    number = 0
    for row in reversed((*packet.earlier, *packet.codes)):
        number = number << bits | radix.pack(row, packet.codebook_size)
    return number.to_bytes(_payload_bytes(bits, len(packet.earlier) + len(packet.codes)), "little")


def _payload_bytes(bits: int, rows: int) -> int:
    return -(-bits * rows // 8)


def _limited(body: bytes, packet: Packet) -> bytes:
    if len(body) > MAX_BYTES:
        raise ConfigError(
            f"a packet of {packet.frames} frames takes {len(body)} bytes, the limit is {MAX_BYTES}; "
            "put fewer frames or codebooks into one"
        )
    return body


def is_compact(body: bytes) -> bool:
    """Whether reading these bytes needs a full packet."""
    return 1 <= body[0] <= MAX_COMPACT if body else False


def parse(body: bytes, reference: Packet | None = None) -> Packet:
    """Parse untrusted bytes of a packet without its checksum. Uses at most about 300 kB of memory.

    Args:
        body: what `build` or `build_compact` made.
        reference: the last full packet of the same stream, for a compact one.

    Raises:
        PacketError: it is damaged, of another version, compact without a reference, or not a valid packet.
    """
    if not COMPACT_HEAD.size < len(body) <= MAX_BYTES:
        raise PacketError(f"a packet has {COMPACT_HEAD.size + 1} to {MAX_BYTES} bytes, got {len(body)}")
    if is_compact(body):
        bare, num_codebooks, num_repeated, payload = _compact_head(body, reference)
    else:
        bare, num_codebooks, num_repeated, payload = _full_head(body)
    repeated = num_repeated * bare.rows
    codes = _codes(payload, bare, repeated + num_codebooks * bare.rows)
    return replace(bare, codes=codes[repeated:], earlier=codes[:repeated])


def _full_head(body: bytes) -> tuple[Packet, int, int, bytes]:
    if body[0] != FULL:
        raise PacketError(f"not a packet of this version (the first byte is {body[0]:#04x}, not {FULL:#04x})")
    if len(body) <= HEAD.size:
        raise PacketError(f"a full packet has more than {HEAD.size} bytes, got {len(body)}")
    fields = HEAD.unpack_from(body)
    _, model, stream, sequence, frame, frames, layout, num_codebooks, num_repeated, distance, low, high = fields
    size, channels = (high << 16 | low) + 1, layout & ~JOINT
    if not frames or not 1 <= channels <= MAX_CHANNELS or not num_codebooks or size < 2:
        raise PacketError(f"inconsistent packet header: {channels} channels of {num_codebooks} codebooks of {size}")
    if num_repeated > num_codebooks or distance > frame:
        raise PacketError(f"inconsistent packet header: {num_repeated} of {num_codebooks} codebooks are repeated")
    nothing = np.zeros((0, frames), np.int64)
    bare = Packet(model, stream, sequence, frame, size, nothing, nothing, distance, channels, layout >= JOINT)
    return bare, num_codebooks, num_repeated, body[HEAD.size :]


def _compact_head(body: bytes, reference: Packet | None) -> tuple[Packet, int, int, bytes]:
    if reference is None:
        raise UnannouncedError
    num_codebooks, sequence = COMPACT_HEAD.unpack_from(body)
    frame = reference.frame + steps_between(reference.sequence, sequence) * reference.frames
    if frame < reference.distance:
        raise PacketError("a compact packet is of before the beginning of its stream")
    bare = replace(reference, sequence=sequence, frame=frame)
    return bare, num_codebooks, min(num_codebooks, reference.num_repeated), body[COMPACT_HEAD.size :]


def _codes(payload: bytes, bare: Packet, rows: int) -> np.ndarray:
    bits = radix.packed_bits(bare.frames, bare.codebook_size)
    if len(payload) != _payload_bytes(bits, rows):
        raise PacketError(f"{len(payload)} bytes cannot hold {rows} codes of each of {bare.frames} frames")
    number = int.from_bytes(payload, "little")
    if number >> rows * bits:
        raise PacketError("a packet is damaged (bits are set after the last code)")
    codes = np.empty((rows, bare.frames), np.int64)
    try:
        for i in range(rows):
            codes[i] = radix.unpack(number >> i * bits & ((1 << bits) - 1), bare.frames, bare.codebook_size)
    except ValueError as error:
        raise PacketError(f"a packet is damaged ({error})") from error
    return codes


def keep_codebooks(packet: Packet, num_codebooks: int) -> Packet:
    """The packet with its first `num_codebooks` codebooks only.

    Raises:
        ConfigError: `num_codebooks` is not a whole number, 1 or more.
    """
    rows = check_count(num_codebooks, "num_codebooks", 1) * packet.rows
    return replace(packet, codes=packet.codes[:rows], earlier=packet.earlier[:rows])


def steps_between(a: int, b: int) -> int:
    """How far the sequence number b is after a, both modulo 2**16: from -32768 to 32767."""
    return (b - a + 2**15) % 2**16 - 2**15
