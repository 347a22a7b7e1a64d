"""Quantizers: latents "b d t" to codes "b q t" and back. One interface, one file each."""

from audiocodec.model.quantize.base import Quantizer, QuantizeResult
from audiocodec.model.quantize.fsq import FSQ
from audiocodec.model.quantize.hierarchical import HierarchicalFSQ
from audiocodec.model.quantize.residual_fsq import ResidualFSQ
from audiocodec.model.quantize.residual_vq import ResidualVQ
from audiocodec.model.quantize.vq import VQ

__all__ = [
    "FSQ",
    "VQ",
    "HierarchicalFSQ",
    "QuantizeResult",
    "Quantizer",
    "ResidualFSQ",
    "ResidualVQ",
]
