"""Quantizers that only the study compares; `VQ`, `ResidualVQ`, `FSQ` and `ResidualFSQ` are the package's."""

from audiocodec.model.quantize import Quantizer
from quantizers.factorized_vq import FactorizedVQ
from quantizers.nested_fsq import NestedFSQ
from quantizers.plain_vq import PlainVQ
from quantizers.projected import Projected
from quantizers.scaled_fsq import ScaledFSQ
from quantizers.sim_vq import SimVQ

__all__ = ["QUANTIZERS", "FactorizedVQ", "NestedFSQ", "PlainVQ", "Projected", "ScaledFSQ", "SimVQ"]

_CLASSES: tuple[type[Quantizer], ...] = (FactorizedVQ, NestedFSQ, PlainVQ, Projected, ScaledFSQ, SimVQ)
QUANTIZERS: dict[str, type[Quantizer]] = {quantizer.__name__: quantizer for quantizer in _CLASSES}
