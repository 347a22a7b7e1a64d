"""Quality measures: arrays "t" of reference and estimate in, one float out."""

from audiocodec.quality.metrics.distillmos import distillmos
from audiocodec.quality.metrics.estoi import estoi
from audiocodec.quality.metrics.fluctuation import fluctuation
from audiocodec.quality.metrics.mel import mel_distance
from audiocodec.quality.metrics.pesq import pesq_wb
from audiocodec.quality.metrics.repetition import repetition
from audiocodec.quality.metrics.si_sdr import si_sdr
from audiocodec.quality.metrics.speaker_similarity import speaker_similarity
from audiocodec.quality.metrics.stft import stft_distance
from audiocodec.quality.metrics.stoi import stoi
from audiocodec.quality.metrics.visqol import visqol_audio, visqol_speech
from audiocodec.quality.metrics.zimtohrli import zimtohrli

__all__ = [
    "distillmos",
    "estoi",
    "fluctuation",
    "mel_distance",
    "pesq_wb",
    "repetition",
    "si_sdr",
    "speaker_similarity",
    "stft_distance",
    "stoi",
    "visqol_audio",
    "visqol_speech",
    "zimtohrli",
]
