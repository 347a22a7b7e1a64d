"""Residual VQ as graphs: latents to codes and back."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from audiocodec.backends.onnx.codes import by_codebook
from audiocodec.backends.onnx.graph import FLOAT, Graph
from audiocodec.backends.onnx.layers import Weights
from audiocodec.errors import ModelError
from audiocodec.tokens.depths import NO_CODE


def quantize(graph: Graph, latents: str, weights: Weights, spec: Mapping[str, Any]) -> tuple[str, str]:
    """`ResidualVQ.encode`: latents "b t d" -> codes "b q t", int64; and the residual, "(b t) d"."""
    residual = graph.reshape(latents, -1, spec["stage"]["dim"])
    codes = []
    for codebook in _codebooks(weights, spec):
        halved = -np.square(codebook).sum(1) / 2  # the nearest entry is that of the largest c x - c c / 2
        scores = graph.node("Gemm", residual, graph.constant(codebook), graph.constant(halved), transB=1)
        code = graph.node("ArgMax", scores, axis=1, keepdims=0)
        residual = graph.node("Sub", residual, graph.node("Gather", graph.constant(codebook), code))
        codes.append(graph.node("Unsqueeze", code, graph.constant([1])))
    return by_codebook(graph, graph.node("Concat", *codes, axis=1), latents, len(codes)), residual


def dequantize(graph: Graph, codes: str, weights: Weights, spec: Mapping[str, Any]) -> str:
    """`ResidualVQ.decode`: codes "b q t", any q, `NO_CODE` where a frame has fewer -> latents "b t d"."""
    table = np.stack(_codebooks(weights, spec))  # q k d
    depth, size, _ = table.shape
    used = graph.slice(graph.node("Shape", codes), 1, 2, axis=0)
    first = graph.node("Slice", graph.constant(np.arange(depth)[:, None] * size), graph.constant([0]), used)
    none = graph.constant(np.array(NO_CODE))
    there = graph.node("Cast", graph.node("Greater", codes, none), to=FLOAT)
    places = graph.node("Add", graph.node("Max", codes, graph.constant(np.array(0))), first)
    entries = graph.node("Gather", graph.constant(table.reshape(depth * size, -1)), places)  # b q t d
    kept = graph.node("Mul", entries, graph.node("Unsqueeze", there, graph.constant([3])))
    return graph.node("ReduceSum", kept, graph.constant([1]), keepdims=0)


def _codebooks(weights: Weights, spec: Mapping[str, Any]) -> list[np.ndarray]:
    """Of each stage, "k d"."""
    if spec["stage"]["type"] != "VQ":
        raise ModelError(f"ResidualVQ of {spec['stage']['type']} has no ONNX form (known: VQ); use the torch backend")
    return [weights[f"quantizer.stages.{i}.codebook"].astype(np.float32) for i in range(spec["num_codebooks"])]
