"""Quality measures: arrays "t" of reference and estimate in, one float out."""

from audiocodec.metrics.distillmos import distillmos
from audiocodec.metrics.estoi import estoi
from audiocodec.metrics.fluctuation import fluctuation
from audiocodec.metrics.mel import mel_distance
from audiocodec.metrics.pesq import pesq_wb
from audiocodec.metrics.repetition import repetition
from audiocodec.metrics.si_sdr import si_sdr
from audiocodec.metrics.speaker_similarity import speaker_similarity
from audiocodec.metrics.stft import stft_distance
from audiocodec.metrics.stoi import stoi
from audiocodec.metrics.visqol import visqol_audio, visqol_speech
from audiocodec.metrics.zimtohrli import zimtohrli

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
