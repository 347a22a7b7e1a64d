"""The codec as people use it: arrays, files and streams, to tokens and back."""

from audiocodec.codec.codec import Codec
from audiocodec.codec.files import FileReport
from audiocodec.codec.loading import decode_file, encode_file, load
from audiocodec.codec.sound_decoder import SoundDecoder
from audiocodec.codec.sound_encoder import SoundEncoder, encode_sounds
from audiocodec.codec.stream_decoder import StreamDecoder
from audiocodec.codec.stream_encoder import StreamEncoder
from audiocodec.codec.together import decode_together, encode_together

__all__ = [
    "Codec",
    "FileReport",
    "SoundDecoder",
    "SoundEncoder",
    "StreamDecoder",
    "StreamEncoder",
    "decode_file",
    "decode_together",
    "encode_file",
    "encode_sounds",
    "encode_together",
    "load",
]
