"""Quantizers: latents "b d t" to codes "b q t" and back. One interface, one file each."""

from audiocodec.quantize.base import Quantizer, QuantizeResult
from audiocodec.quantize.factorized_vq import FactorizedVQ
from audiocodec.quantize.fsq import FSQ
from audiocodec.quantize.nested_fsq import NestedFSQ
from audiocodec.quantize.none import NoQuantizer
from audiocodec.quantize.plain_vq import PlainVQ
from audiocodec.quantize.projected import Projected
from audiocodec.quantize.residual_fsq import ResidualFSQ
from audiocodec.quantize.residual_vq import ResidualVQ
from audiocodec.quantize.scaled_fsq import ScaledFSQ
from audiocodec.quantize.vq import VQ

__all__ = [
    "FSQ",
    "VQ",
    "FactorizedVQ",
    "NestedFSQ",
    "NoQuantizer",
    "PlainVQ",
    "Projected",
    "QuantizeResult",
    "Quantizer",
    "ResidualFSQ",
    "ResidualVQ",
    "ScaledFSQ",
]
