"""Encoding and decoding piece by piece, with the same result for every way to cut."""

from audiocodec.streaming.decoder import StreamDecoder
from audiocodec.streaming.encoder import StreamEncoder
from audiocodec.streaming.sound import SoundEncoder, encode_sounds
from audiocodec.streaming.together import decode_together, encode_together

__all__ = [
    "SoundEncoder",
    "StreamDecoder",
    "StreamEncoder",
    "decode_together",
    "encode_sounds",
    "encode_together",
]
