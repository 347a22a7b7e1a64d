"""Quantizers: latents "b d t" to codes "b q t" and back. One interface, one file each."""

from audiocodec.model.quantize.base import Quantizer, QuantizeResult
from audiocodec.model.quantize.factorized_vq import FactorizedVQ
from audiocodec.model.quantize.fsq import FSQ
from audiocodec.model.quantize.nested_fsq import NestedFSQ
from audiocodec.model.quantize.none import NoQuantizer
from audiocodec.model.quantize.plain_vq import PlainVQ
from audiocodec.model.quantize.projected import Projected
from audiocodec.model.quantize.residual_fsq import ResidualFSQ
from audiocodec.model.quantize.residual_vq import ResidualVQ
from audiocodec.model.quantize.scaled_fsq import ScaledFSQ
from audiocodec.model.quantize.vq import VQ

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
