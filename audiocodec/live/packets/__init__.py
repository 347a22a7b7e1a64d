"""Codes in packets: building, cutting, reading, receiving. numpy only; layout in docs/streaming.md."""

from audiocodec.live.packets.checksum import add_checksum, remove_checksum
from audiocodec.live.packets.crypto import Opener, Sealer, read_key
from audiocodec.live.packets.jitter import JitterBuffer
from audiocodec.live.packets.packet import Packet, UnannouncedError, build, build_compact, keep_codebooks, parse
from audiocodec.live.packets.packetizer import Packetizer
from audiocodec.live.packets.receiver import Receiver
from audiocodec.live.packets.relay import Relay
from audiocodec.live.packets.report import Report

__all__ = [
    "JitterBuffer",
    "Opener",
    "Packet",
    "Packetizer",
    "Receiver",
    "Relay",
    "Report",
    "Sealer",
    "UnannouncedError",
    "add_checksum",
    "build",
    "build_compact",
    "keep_codebooks",
    "parse",
    "read_key",
    "remove_checksum",
]
