"""Training losses. Each takes a `Pair` of estimate and target and returns a scalar, apart from
`HingeLoss`, `LeastSquaresLoss` and `FeatureMatchingLoss`, which take what discriminators return."""

from audiocodec.losses.adversarial import HingeLoss, LeastSquaresLoss
from audiocodec.losses.coherence import CoherenceLoss
from audiocodec.losses.complex_stft import ComplexSTFTLoss
from audiocodec.losses.energy import EnergyLoss
from audiocodec.losses.envelope import EnvelopeLoss
from audiocodec.losses.estoi import EstoiLoss
from audiocodec.losses.feature_matching import FeatureMatchingLoss
from audiocodec.losses.loudness import LoudnessLoss
from audiocodec.losses.mel import MelLoss
from audiocodec.losses.multi_resolution_stft import MultiResolutionSTFTLoss
from audiocodec.losses.pair import Pair
from audiocodec.losses.si_sdr import SISDRLoss
from audiocodec.losses.waveform import WaveformLoss

__all__ = [
    "CoherenceLoss",
    "ComplexSTFTLoss",
    "EnergyLoss",
    "EnvelopeLoss",
    "EstoiLoss",
    "FeatureMatchingLoss",
    "HingeLoss",
    "LeastSquaresLoss",
    "LoudnessLoss",
    "MelLoss",
    "MultiResolutionSTFTLoss",
    "Pair",
    "SISDRLoss",
    "WaveformLoss",
]
