"""Codes in packets: building, cutting, reading, receiving. numpy only; layout in docs/streaming.md."""

from audiocodec.live.packets.crypto import Opener, Sealer, read_key
from audiocodec.live.packets.jitter import JitterBuffer
from audiocodec.live.packets.packet import Packet, build, keep_codebooks, parse
from audiocodec.live.packets.packetizer import Packetizer
from audiocodec.live.packets.receiver import Receiver

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
