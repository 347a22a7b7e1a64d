"""Causal building blocks. Every layer is `(x, state) -> (y, state)` on "b t d" tensors."""

from audiocodec.model.nn.block import ResidualBlock
from audiocodec.model.nn.chain import Chain
from audiocodec.model.nn.conv import CausalConv, Downsample, Upsample
from audiocodec.model.nn.gain import Gain
from audiocodec.model.nn.istft import OverlapAddISTFT
from audiocodec.model.nn.lapped import FixedLinear, LappedAnalysis, LappedSynthesis

__all__ = [
    "CausalConv",
    "Chain",
    "Downsample",
    "FixedLinear",
    "Gain",
    "LappedAnalysis",
    "LappedSynthesis",
    "OverlapAddISTFT",
    "ResidualBlock",
    "Upsample",
]
