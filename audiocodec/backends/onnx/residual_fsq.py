"""Residual FSQ as graphs: latents to codes and back."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from audiocodec.backends.onnx.graph import FLOAT, INT64, Graph
from audiocodec.backends.onnx.layers import Weights
from audiocodec.model.fsq import GAINS, check_bound, level_values
from audiocodec.tokens.depths import NO_CODE
from audiocodec.tokens.levels import place_values

SQUASH = {"tanh": "Tanh", "normal": "Erf"}  # the operator of each bound


def quantize(graph: Graph, latents: str, weights: Weights, spec: Mapping[str, Any]) -> tuple[str, str]:
    """`ResidualFSQ.encode`: latents "b t d" -> codes "b q t", int64; and the residual, "(b t) d"."""
    levels, num_codebooks = list(spec["levels"]), spec["num_codebooks"]
    sizes = np.array(levels, np.float32)
    half, table = graph.constant(sizes / 2), _values(weights, spec)
    bound = _bound(spec)
    gain = np.float32(GAINS[bound])
    residual = graph.reshape(latents, -1, spec["dim"])
    indices = []
    for i in range(num_codebooks):
        mean, std = (_statistic(weights, i, name) for name in ("mean", "std"))
        project = weights["quantizer.project_in"][i].astype(np.float32) * (gain / std)[:, None]
        shift = -mean * gain / std
        u = graph.node(SQUASH[bound], graph.node("Gemm", residual, graph.constant(project.T), graph.constant(shift)))
        cell = graph.node("Cast", graph.node("Add", graph.node("Mul", u, half), half), to=INT64)
        indices.append(cell)  # one too large exactly at the bound: the table repeats its last value there
        value = graph.node("GatherElements", graph.constant(table[i]), cell, axis=0)
        residual = graph.node("Gemm", value, graph.weight(weights["quantizer.project_out"][i]), residual, alpha=-1.0)
    cells = graph.reshape(graph.node("Concat", *indices, axis=1), -1, num_codebooks, len(levels))
    cells = graph.node("Min", cells, graph.constant(np.array(levels) - 1))
    parts = graph.node("Mul", cells, graph.constant(place_values(levels)))
    codes = graph.node("ReduceSum", parts, graph.constant([2]), keepdims=0)  # (b t) q
    lengths = graph.slice(graph.node("Shape", latents), 0, 2, axis=0)
    shape = graph.node("Concat", lengths, graph.constant([num_codebooks]), axis=0)
    return graph.node("Transpose", graph.node("Reshape", codes, shape), perm=(0, 2, 1)), residual


def dequantize(graph: Graph, codes: str, weights: Weights, spec: Mapping[str, Any]) -> str:
    """`ResidualFSQ.decode`: codes "b q t", any q, `NO_CODE` where a frame has fewer -> latents "b t d"."""
    levels, depth = list(spec["levels"]), spec["num_codebooks"]
    table = _values(weights, spec)
    whole = graph.node("Unsqueeze", codes, graph.constant([3]))
    indices = graph.node("Div", whole, graph.constant(place_values(levels)))
    indices = graph.node("Mod", indices, graph.constant(levels))  # b q t l
    # position of the value of each level index in the flat table "q index l"
    base = np.arange(depth)[:, None, None] * table[0].size + np.arange(len(levels))
    depth_used = graph.slice(graph.node("Shape", codes), 1, 2, axis=0)
    used = graph.node("Slice", graph.constant(base), graph.constant([0]), depth_used)
    places = graph.node("Add", graph.node("Mul", indices, graph.constant([len(levels)])), used)
    found = graph.node("Gather", graph.constant(table.reshape(-1)), places)
    there = graph.node("Cast", graph.node("Greater", whole, graph.constant([NO_CODE])), to=FLOAT)
    found = graph.node("Mul", found, there)
    back = graph.node("Slice", graph.weight(weights["quantizer.project_out"]), graph.constant([0]), depth_used)
    return graph.node("ReduceSum", graph.node("MatMul", found, back), graph.constant([1]), keepdims=0)


def _values(weights: Weights, spec: Mapping[str, Any]) -> np.ndarray:
    """See `level_values`."""
    stages = range(spec["num_codebooks"])
    mean, std = (np.stack([_statistic(weights, i, name) for i in stages]) for name in ("mean", "std"))
    return level_values(list(spec["levels"]), mean, std, _bound(spec))


def _bound(spec: Mapping[str, Any]) -> str:
    bound = str(spec.get("bound", "tanh"))
    check_bound(bound)
    return bound


def _statistic(weights: Weights, stage: int, name: str) -> np.ndarray:
    return weights[f"quantizer.norms.{stage}.{name}"].astype(np.float32)
