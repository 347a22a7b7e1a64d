"""Quality measures: arrays "t" of reference and estimate in, one float out."""

from audiocodec.metrics.distillmos import distillmos
from audiocodec.metrics.estoi import estoi
from audiocodec.metrics.mel import mel_distance
from audiocodec.metrics.pesq import pesq_wb
from audiocodec.metrics.si_sdr import si_sdr
from audiocodec.metrics.stft import stft_distance
from audiocodec.metrics.stoi import stoi
from audiocodec.metrics.visqol import visqol_audio, visqol_speech

__all__ = [
    "distillmos",
    "estoi",
    "mel_distance",
    "pesq_wb",
    "si_sdr",
    "stft_distance",
    "stoi",
    "visqol_audio",
    "visqol_speech",
]
