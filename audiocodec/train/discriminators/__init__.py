"""Networks that tell decoded sound from real. Each gives, for every view it takes of a
waveform "b 1 t", the features of its layers; the last of them is the score."""

from audiocodec.train.discriminators.stft import STFTDiscriminator

__all__ = ["STFTDiscriminator"]
