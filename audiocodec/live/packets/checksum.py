"""Checksums of packets that are not encrypted: 4 bytes in a full packet, 2 in a compact one."""

from __future__ import annotations

import binascii
import struct
import zlib

from audiocodec.errors import PacketError
from audiocodec.live.packets.packet import Packet, UnannouncedError, is_compact


def add_checksum(body: bytes, packet: Packet | None) -> bytes:
    """The packet's bytes with their checksum; a report is of no `packet`.

    The checksum of a compact packet also covers the fields taken from the full packet before it, and so rejects packets
    of another stream, model or layout.
    """
    return body + _checksum(body, packet.constants() if packet else b"")


def remove_checksum(data: bytes, reference: Packet | None = None) -> bytes:
    """The packet's bytes without their checksum.

    Args:
        data: a datagram.
        reference: the last full packet of the stream, for a compact one.

    Raises:
        UnannouncedError: a compact packet came without a reference.
        PacketError: the checksum does not match.
    """
    compact = is_compact(data)
    if compact and reference is None:
        raise UnannouncedError
    body = data[: -2 if compact else -4]
    constants = reference.constants() if compact and reference is not None else b""
    if not body or is_compact(body) != compact or data != body + _checksum(body, constants):
        raise PacketError("a packet is damaged (its checksum does not match), or of another stream")
    return body


def _checksum(body: bytes, constants: bytes) -> bytes:
    if is_compact(body):
        return struct.pack("<H", binascii.crc_hqx(constants + body, 0))
    return struct.pack("<I", zlib.crc32(body))
