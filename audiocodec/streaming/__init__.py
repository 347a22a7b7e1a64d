"""Encoding and decoding piece by piece, with the same result for every way to cut."""

from audiocodec.streaming.decoder import StreamDecoder
from audiocodec.streaming.encoder import StreamEncoder, TiledEncoder
from audiocodec.streaming.threads import single_thread
from audiocodec.streaming.together import decode_together, encode_together

__all__ = ["StreamDecoder", "StreamEncoder", "TiledEncoder", "decode_together", "encode_together", "single_thread"]
