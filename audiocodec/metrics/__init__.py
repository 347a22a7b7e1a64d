"""Quality measures: arrays "t" of reference and estimate in, one float out."""

from audiocodec.metrics.estoi import estoi
from audiocodec.metrics.mel import mel_distance
from audiocodec.metrics.pesq import pesq_wb
from audiocodec.metrics.si_sdr import si_sdr

__all__ = ["estoi", "mel_distance", "pesq_wb", "si_sdr"]
