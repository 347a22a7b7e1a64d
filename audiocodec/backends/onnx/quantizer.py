"""Quantizers as graphs, one file each: latents to codes and back."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from audiocodec.backends.onnx import residual_fsq, residual_vq
from audiocodec.backends.onnx.graph import Graph
from audiocodec.backends.onnx.layers import Weights
from audiocodec.errors import ModelError

QUANTIZE = {
    "ResidualFSQ": residual_fsq.quantize,
    "HierarchicalFSQ": residual_fsq.quantize_blocks,
    "ResidualVQ": residual_vq.quantize,
}
DEQUANTIZE = {
    "ResidualFSQ": residual_fsq.dequantize,
    "HierarchicalFSQ": residual_fsq.dequantize,
    "ResidualVQ": residual_vq.dequantize,
}


def quantize(graph: Graph, latents: str, weights: Weights, spec: Mapping[str, Any]) -> tuple[str, str]:
    """`Quantizer.encode`: latents "b t d" -> codes "b q t", int64; and the residual, "(b t) d".

    Raises:
        ModelError: the quantizer has no ONNX form.
    """
    return QUANTIZE[_kind(spec)](graph, latents, weights, spec)


def dequantize(graph: Graph, codes: str, weights: Weights, spec: Mapping[str, Any]) -> str:
    """`Quantizer.decode`: codes "b q t", any q, `NO_CODE` where a frame has fewer -> latents "b t d".

    Raises:
        ModelError: the quantizer has no ONNX form.
    """
    return DEQUANTIZE[_kind(spec)](graph, codes, weights, spec)


def _kind(spec: Mapping[str, Any]) -> str:
    kind = str(spec["type"])
    if kind not in QUANTIZE:
        raise ModelError(f"{kind} has no ONNX form (known: {', '.join(QUANTIZE)}); use the torch backend")
    return kind
