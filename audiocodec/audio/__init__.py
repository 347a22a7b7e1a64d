"""Reading, writing and resampling sound. Arrays are float32 "c t", rates in Hz."""

from audiocodec.audio.high_pass import HighPass, check_cutoff, high_passed
from audiocodec.audio.listing import SUFFIXES, known_suffixes, list_audio_files
from audiocodec.audio.reader import (
    BLOCK_SAMPLES,
    MAX_CHANNELS,
    MAX_SAMPLE_RATE,
    MIN_SAMPLE_RATE,
    AudioReader,
    check_rate,
    check_samples,
    read,
    stream_resampled,
)
from audiocodec.audio.resample import Resampler, resample, resample_blocks
from audiocodec.audio.sndfile import TAGS
from audiocodec.audio.writer import AudioWriter, WavPipe, to_int16, write

__all__ = [
    "BLOCK_SAMPLES",
    "MAX_CHANNELS",
    "MAX_SAMPLE_RATE",
    "MIN_SAMPLE_RATE",
    "SUFFIXES",
    "TAGS",
    "AudioReader",
    "AudioWriter",
    "HighPass",
    "Resampler",
    "WavPipe",
    "check_cutoff",
    "check_rate",
    "check_samples",
    "high_passed",
    "known_suffixes",
    "list_audio_files",
    "read",
    "resample",
    "resample_blocks",
    "stream_resampled",
    "to_int16",
    "write",
]
