"""Networks that tell decoded sound from real. Each gives, for every view it takes of a
waveform "b 1 t", the features of its layers; the last of them is the score."""

from audiocodec.train.discriminators.band import BandDiscriminator
from audiocodec.train.discriminators.period import PeriodDiscriminator
from audiocodec.train.discriminators.stft import STFTDiscriminator

__all__ = ["BandDiscriminator", "PeriodDiscriminator", "STFTDiscriminator"]
