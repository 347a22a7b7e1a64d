"""Residual FSQ as graphs, flat and hierarchical: latents to codes and back."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from audiocodec.backends.onnx.codes import by_codebook
from audiocodec.backends.onnx.graph import FLOAT, INT64, Graph
from audiocodec.backends.onnx.layers import Weights
from audiocodec.model.fsq import GAINS, check_bound, level_values
from audiocodec.tokens.depths import NO_CODE
from audiocodec.tokens.levels import place_values

SQUASH = {"tanh": "Tanh", "normal": "Erf"}  # the operator of each bound


def quantize(graph: Graph, latents: str, weights: Weights, spec: Mapping[str, Any]) -> tuple[str, str]:
    """`ResidualFSQ.encode`: latents "b t d" -> codes "b q t", int64; and the residual, "(b t) d"."""
    fsq = _Stages(graph, weights, spec)
    levels, depth = fsq.levels, fsq.num_codebooks
    residual = graph.reshape(latents, -1, spec["dim"])
    indices = []
    for i in range(depth):
        cell, value = fsq.rounded(i, residual)
        indices.append(cell)
        residual = graph.node("Gemm", value, fsq.back(i), residual, alpha=-1.0)
    cells = graph.reshape(graph.node("Concat", *indices, axis=1), -1, depth, len(levels))
    return by_codebook(graph, fsq.codes(cells), latents, depth), residual


def quantize_blocks(graph: Graph, latents: str, weights: Weights, spec: Mapping[str, Any]) -> tuple[str, str]:
    """`HierarchicalFSQ.encode` of whole blocks: latents "b t d" -> codes "b q t", held, int64; and the residual."""
    fsq = _Stages(graph, weights, spec)
    residual, codes = graph.reshape(latents, -1, spec["dim"]), []
    for i, stride in enumerate(spec["strides"]):
        mean = graph.node("ReduceMean", graph.reshape(residual, -1, stride, spec["dim"]), axes=[1], keepdims=0)
        cell, value = fsq.rounded(i, mean)
        part = graph.node("MatMul", value, fsq.back(i))
        residual = graph.node("Sub", residual, _repeated(graph, part, stride, spec["dim"]))
        code = graph.node("Unsqueeze", fsq.codes(graph.reshape(cell, -1, 1, len(fsq.levels))), graph.constant([2]))
        codes.append(_repeated(graph, graph.reshape(code, -1, 1), stride, 1))
    return by_codebook(graph, graph.node("Concat", *codes, axis=1), latents, len(codes)), residual


def dequantize(graph: Graph, codes: str, weights: Weights, spec: Mapping[str, Any]) -> str:
    """`ResidualFSQ.decode`: codes "b q t", any q, `NO_CODE` where a frame has fewer -> latents "b t d"."""
    fsq = _Stages(graph, weights, spec)
    levels, table = fsq.levels, fsq.table
    whole = graph.node("Unsqueeze", codes, graph.constant([3]))
    indices = graph.node("Div", whole, graph.constant(place_values(levels)))
    indices = graph.node("Mod", indices, graph.constant(levels))  # b q t l
    # position of the value of each level index in the flat table "q index l"
    base = np.arange(fsq.num_codebooks)[:, None, None] * table[0].size + np.arange(len(levels))
    depth_used = graph.slice(graph.node("Shape", codes), 1, 2, axis=0)
    used = graph.node("Slice", graph.constant(base), graph.constant([0]), depth_used)
    places = graph.node("Add", graph.node("Mul", indices, graph.constant([len(levels)])), used)
    found = graph.node("Gather", graph.constant(table.reshape(-1)), places)
    there = graph.node("Cast", graph.node("Greater", whole, graph.constant([NO_CODE])), to=FLOAT)
    found = graph.node("Mul", found, there)
    back = graph.node("Slice", graph.weight(fsq.weight("project_out")), graph.constant([0]), depth_used)
    return graph.node("ReduceSum", graph.node("MatMul", found, back), graph.constant([1]), keepdims=0)


class _Stages:
    """The stages of a `ResidualFSQ`, alone or inside a `HierarchicalFSQ`."""

    def __init__(self, graph: Graph, weights: Weights, spec: Mapping[str, Any]) -> None:
        self.graph, self._weights = graph, weights
        self._prefix = "quantizer.flat." if "strides" in spec else "quantizer."
        self.levels = list(spec["levels"])
        self.num_codebooks = len(spec["strides"]) if "strides" in spec else spec["num_codebooks"]
        self.bound = str(spec.get("bound", "tanh"))
        check_bound(self.bound)
        self.mean, self.std = (self._statistics(name) for name in ("mean", "std"))
        self.table = level_values(self.levels, self.mean, self.std, self.bound)  # q index l

    def weight(self, name: str) -> np.ndarray:
        """As it is stored."""
        return self._weights[self._prefix + name]

    def _statistics(self, name: str) -> np.ndarray:
        stages = range(self.num_codebooks)
        return np.stack([self.weight(f"norms.{i}.{name}").astype(np.float32) for i in stages])

    def rounded(self, stage: int, residual: str) -> tuple[str, str]:
        """Residual "n d" -> level indices, one too large exactly at the bound; and values, "n l" each."""
        graph, std, gain = self.graph, self.std[stage], np.float32(GAINS[self.bound])
        half = graph.constant(np.array(self.levels, np.float32) / 2)
        project = self.weight("project_in")[stage].astype(np.float32) * (gain / std)[:, None]
        shift = -self.mean[stage] * gain / std
        inside = graph.node("Gemm", residual, graph.constant(project.T), graph.constant(shift))
        u = graph.node(SQUASH[self.bound], inside)
        cell = graph.node("Cast", graph.node("Add", graph.node("Mul", u, half), half), to=INT64)
        # the table repeats its last value at the bound
        return cell, graph.node("GatherElements", graph.constant(self.table[stage]), cell, axis=0)

    def back(self, stage: int) -> str:
        """The projection of values to the latent, "l d"."""
        return self.graph.weight(self.weight("project_out")[stage])

    def codes(self, cells: str) -> str:
        """Level indices "n q l" -> codes "n q"."""
        graph = self.graph
        cells = graph.node("Min", cells, graph.constant(np.array(self.levels) - 1))
        parts = graph.node("Mul", cells, graph.constant(place_values(self.levels)))
        return graph.node("ReduceSum", parts, graph.constant([2]), keepdims=0)


def _repeated(graph: Graph, x: str, times: int, dim: int) -> str:
    """x: "n d" -> "(n times) d"."""
    each = graph.node("Unsqueeze", x, graph.constant([1]))
    return graph.reshape(graph.node("Tile", each, graph.constant([1, times, 1])), -1, dim)
