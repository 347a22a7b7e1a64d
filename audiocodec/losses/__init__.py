"""Training losses: each takes a `Pair` of estimate and target and returns a scalar."""

from audiocodec.losses.complex_stft import ComplexSTFTLoss
from audiocodec.losses.mel import MelLoss
from audiocodec.losses.multi_resolution_stft import MultiResolutionSTFTLoss
from audiocodec.losses.pair import Pair
from audiocodec.losses.waveform import WaveformLoss

__all__ = ["ComplexSTFTLoss", "MelLoss", "MultiResolutionSTFTLoss", "Pair", "WaveformLoss"]
