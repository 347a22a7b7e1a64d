"""Codes in packets: building, cutting, reading, receiving. numpy only; layout in docs/streaming.md."""

from audiocodec.packets.jitter import JitterBuffer
from audiocodec.packets.packet import Packet, build, keep_codebooks, parse
from audiocodec.packets.receiver import Receiver
from audiocodec.packets.seal import Opener, Sealer, read_key
from audiocodec.packets.sender import Packetizer

__all__ = [
    "JitterBuffer",
    "Opener",
    "Packet",
    "Packetizer",
    "Receiver",
    "Sealer",
    "build",
    "keep_codebooks",
    "parse",
    "read_key",
]
