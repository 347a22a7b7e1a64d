"""Causal building blocks. Every layer is `(x, state) -> (y, state)` on "b t d" tensors."""

from audiocodec.nn.block import ResidualBlock
from audiocodec.nn.chain import Chain
from audiocodec.nn.conv import CausalConv, Downsample, Upsample
from audiocodec.nn.gain import Gain
from audiocodec.nn.istft import OverlapAddISTFT
from audiocodec.nn.lapped import FixedLinear, LappedAnalysis, LappedSynthesis

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
