"""Reading, writing and resampling sound. Arrays are float32 "c t", rates in Hz."""

from audiocodec.audio.reader import (
    BLOCK_SAMPLES,
    MAX_CHANNELS,
    MAX_SAMPLE_RATE,
    MIN_SAMPLE_RATE,
    SUFFIXES,
    TAGS,
    AudioReader,
    check_rate,
    check_samples,
    list_audio_files,
    read,
    stream_resampled,
)
from audiocodec.audio.resample import Resampler, resample, resample_blocks
from audiocodec.audio.writer import AudioWriter, WavPipe, write

__all__ = [
    "BLOCK_SAMPLES",
    "MAX_CHANNELS",
    "MAX_SAMPLE_RATE",
    "MIN_SAMPLE_RATE",
    "SUFFIXES",
    "TAGS",
    "AudioReader",
    "AudioWriter",
    "Resampler",
    "WavPipe",
    "check_rate",
    "check_samples",
    "list_audio_files",
    "read",
    "resample",
    "resample_blocks",
    "stream_resampled",
    "write",
]
