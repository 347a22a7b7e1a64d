"""The user-facing codec: arrays, files and streams to tokens and back."""

from audiocodec.codec.channels import peek_joint
from audiocodec.codec.codec import Codec
from audiocodec.codec.files import FileReport
from audiocodec.codec.loading import decode_file, encode_file, load
from audiocodec.codec.sound_decoder import SoundDecoder
from audiocodec.codec.sound_encoder import SoundEncoder, encode_sounds
from audiocodec.codec.stream_decoder import StreamDecoder, decode_streams
from audiocodec.codec.stream_encoder import StreamEncoder, encode_streams

__all__ = [
    "Codec",
    "FileReport",
    "SoundDecoder",
    "SoundEncoder",
    "StreamDecoder",
    "StreamEncoder",
    "decode_file",
    "decode_streams",
    "encode_file",
    "encode_sounds",
    "encode_streams",
    "load",
    "peek_joint",
]
