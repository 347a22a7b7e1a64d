"""Causal building blocks. Every layer is `(x, state) -> (y, state)` on "b t d" tensors."""

from torch import nn

from audiocodec.model.nn.block import ResidualBlock
from audiocodec.model.nn.chain import Chain
from audiocodec.model.nn.conv import CausalConv, Downsample, Upsample
from audiocodec.model.nn.gain import Gain
from audiocodec.model.nn.lapped import FixedLinear, LappedAnalysis, LappedSynthesis
from audiocodec.model.plan import Layer

__all__ = [
    "LAYERS",
    "CausalConv",
    "Chain",
    "Downsample",
    "FixedLinear",
    "Gain",
    "LappedAnalysis",
    "LappedSynthesis",
    "ResidualBlock",
    "Upsample",
    "make",
]

_CLASSES = (CausalConv, Downsample, Gain, LappedAnalysis, LappedSynthesis, ResidualBlock, Upsample)
LAYERS: dict[str, type[nn.Module]] = {layer.__name__: layer for layer in (*_CLASSES, nn.LayerNorm, nn.Linear)}


def make(layer: Layer) -> nn.Module:
    """A layer of a plan, with random weights."""
    return LAYERS[layer.kind](**layer.arguments)
