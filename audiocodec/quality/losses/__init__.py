"""Training losses. Each takes a `Pair` of estimate and target and returns a scalar, apart from
`HingeLoss` and `FeatureMatchingLoss`, which take what discriminators return."""

from audiocodec.quality.losses.adversarial import HingeLoss
from audiocodec.quality.losses.coherence import CoherenceLoss
from audiocodec.quality.losses.complex_stft import ComplexSTFTLoss
from audiocodec.quality.losses.energy import EnergyLoss
from audiocodec.quality.losses.envelope import EnvelopeLoss
from audiocodec.quality.losses.estoi import EstoiLoss
from audiocodec.quality.losses.feature_matching import FeatureMatchingLoss
from audiocodec.quality.losses.loudness import LoudnessLoss
from audiocodec.quality.losses.mel import MelLoss
from audiocodec.quality.losses.multi_resolution_stft import MultiResolutionSTFTLoss
from audiocodec.quality.losses.pair import Pair, draw_place, windows_of
from audiocodec.quality.losses.tone import ToneLoss
from audiocodec.quality.losses.waveform import WaveformLoss

LOSSES = {  # as recipes name them
    "coherence": CoherenceLoss,
    "complex_stft": ComplexSTFTLoss,
    "energy": EnergyLoss,
    "envelope": EnvelopeLoss,
    "estoi": EstoiLoss,
    "loudness": LoudnessLoss,
    "mel": MelLoss,
    "multi_resolution_stft": MultiResolutionSTFTLoss,
    "tone": ToneLoss,
    "waveform": WaveformLoss,
}

__all__ = [
    "LOSSES",
    "CoherenceLoss",
    "ComplexSTFTLoss",
    "EnergyLoss",
    "EnvelopeLoss",
    "EstoiLoss",
    "FeatureMatchingLoss",
    "HingeLoss",
    "LoudnessLoss",
    "MelLoss",
    "MultiResolutionSTFTLoss",
    "Pair",
    "ToneLoss",
    "WaveformLoss",
    "draw_place",
    "windows_of",
]
