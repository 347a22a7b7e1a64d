"""The layers of `audiocodec.model.nn` as operations of ONNX, on the weights of a model file.

Each takes and gives the name of a tensor "b t d" and mirrors the class of its name; the tests hold them together.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from audiocodec.backends.onnx.graph import BOOL, END, FLOAT, INT64, Graph
from audiocodec.model.lapped_basis import AROUND, FLOOR, NEAR, QUIET, lapped_basis, neighbour_means, sign_table

Weights = Mapping[str, np.ndarray]


def linear(graph: Graph, x: str, weight: np.ndarray, bias: np.ndarray | None = None) -> str:
    """`torch.nn.Linear`; weight: "out in"."""
    y = graph.node("MatMul", x, graph.weight(weight.T))
    return y if bias is None else graph.node("Add", y, graph.weight(bias))


def layer_norm(graph: Graph, x: str, weights: Weights, prefix: str) -> str:
    """`torch.nn.LayerNorm` over the last axis."""
    scale, shift = (graph.weight(weights[f"{prefix}{part}"]) for part in ("weight", "bias"))
    return graph.node("LayerNormalization", x, scale, shift, axis=-1, epsilon=1e-5)


def causal_conv(graph: Graph, x: str, weights: Weights, prefix: str, kernel: int, dilation: int = 1) -> str:
    """`CausalConv`."""
    weight = weights[f"{prefix}linear.weight"]
    past = (kernel - 1) * dilation
    kept = graph.recall(past, weight.shape[1] // kernel)
    padded = graph.node("Concat", kept, x, axis=1)
    graph.keep(kept, graph.slice(padded, -past, END))
    earlier = [graph.slice(padded, i * dilation, i * dilation - past) for i in range(kernel - 1)]
    taps = graph.node("Concat", *earlier, x, axis=2)
    return linear(graph, taps, weight, weights[f"{prefix}linear.bias"])


def residual_block(graph: Graph, x: str, weights: Weights, prefix: str, dilation: int) -> str:
    """`ResidualBlock`."""
    y = causal_conv(graph, layer_norm(graph, x, weights, f"{prefix}norm."), weights, f"{prefix}conv.", 3, dilation)
    y = graph.node("Mul", y, graph.node("Sigmoid", y))
    return graph.node("Add", x, linear(graph, y, weights[f"{prefix}out.weight"], weights[f"{prefix}out.bias"]))


def downsample(graph: Graph, x: str, weights: Weights, prefix: str) -> str:
    """`Downsample`; its stride follows from the weights."""
    weight = weights[f"{prefix}linear.weight"]
    return linear(graph, _patches(graph, x, weight.shape[1] // 2), weight, weights[f"{prefix}linear.bias"])


def lapped_analysis(graph: Graph, x: str, weights: Weights, prefix: str) -> str:
    """`LappedAnalysis`; its hop follows from the weights."""
    weight = weights[f"{prefix}linear.weight"]
    basis = lapped_basis(weight.shape[1])
    bands = linear(graph, _patches(graph, x, len(basis)), basis)
    power = graph.node("Add", graph.node("Mul", bands, bands), graph.constant(np.array(FLOOR**2, np.float32)))
    companded = graph.node("Div", bands, graph.node("Sqrt", graph.node("Sqrt", power)))
    return linear(graph, companded, weight, weights[f"{prefix}linear.bias"])


def lapped_synthesis(graph: Graph, x: str, weights: Weights, prefix: str, spec: Mapping[str, Any]) -> str:
    """`LappedSynthesis`; its hop follows from the weights."""
    weight = weights[f"{prefix}linear.weight"]
    y = linear(graph, x, weight, weights[f"{prefix}linear.bias"])
    power = graph.node("Add", graph.node("Mul", y, y), graph.constant(np.array(FLOOR, np.float32)))
    bands = graph.node("Mul", y, graph.node("Sqrt", power))
    noise_from, postfilter = spec.get("noise_from"), spec.get("postfilter", 0.0)
    if noise_from is not None and postfilter:
        bands = graph.node("Mul", bands, _postfilter_gain(graph, bands, len(weight), noise_from, postfilter))
    if noise_from is not None:
        bands = graph.node("Mul", bands, _signs(graph, bands, sign_table(len(weight), noise_from)))
    return overlap_add(graph, linear(graph, bands, lapped_basis(len(weight)).T), 2 * len(weight), 2)


def _postfilter_gain(graph: Graph, x: str, hop: int, noise_from: int, exponent: float) -> str:
    """`LappedSynthesis._sharpened` as a factor on x, "b t hop"."""

    def number(value: float) -> str:
        return graph.constant(np.array(value, np.float32))

    power, around_matrix = graph.node("Mul", x, x), neighbour_means(hop, AROUND)
    near = graph.node("Add", linear(graph, power, neighbour_means(hop, NEAR)), number(QUIET))
    around = graph.node("Add", linear(graph, power, around_matrix), number(QUIET))
    gain = graph.node("Pow", graph.node("Div", near, around), number(exponent))
    kept = graph.node("Add", linear(graph, graph.node("Mul", near, gain), around_matrix), number(QUIET))
    gain = graph.node("Sqrt", graph.node("Div", graph.node("Mul", gain, around), kept))
    low = graph.constant((np.arange(hop) < noise_from).astype(np.int8))
    return graph.node("Where", graph.node("Cast", low, to=BOOL), number(1.0), gain)


def _signs(graph: Graph, x: str, table: np.ndarray) -> str:
    """Rows of a table "rows k" for the steps of x, "b t k", counted from the start of the stream."""
    counter, rows = graph.recall_counter(), graph.constant([len(table)])
    first = graph.node("Cast", graph.reshape(counter, 0, 1), to=INT64)
    one, zero = (graph.constant(np.array(n, np.int64)) for n in (1, 0))
    length = graph.node("Squeeze", graph.slice(graph.node("Shape", x), 1, 2, axis=0))
    steps = graph.node("Mod", graph.node("Add", first, graph.node("Range", zero, length, one)), rows)  # b t
    behind = graph.node("Mod", graph.node("Add", first, length), rows)
    graph.keep(counter, graph.node("Cast", graph.reshape(behind, 0, 1, 1), to=FLOAT))
    return graph.node("Cast", graph.node("Gather", graph.constant(table.astype(np.int8)), steps, axis=0), to=FLOAT)


def _patches(graph: Graph, x: str, patch: int) -> str:
    """Each patch of x behind the one before it, "b t (2 patch)"."""
    patches = graph.reshape(x, 0, -1, patch)
    kept = graph.recall(1, patch)
    padded = graph.node("Concat", kept, patches, axis=1)
    graph.keep(kept, graph.slice(padded, -1, END))
    return graph.node("Concat", graph.slice(padded, 0, -1), patches, axis=2)


def upsample(graph: Graph, x: str, weights: Weights, prefix: str) -> str:
    """`Upsample`; its stride follows from the weights."""
    weight, bias = weights[f"{prefix}linear.weight"], weights[f"{prefix}bias"]
    y = overlap_add(graph, linear(graph, x, weight), len(weight), 2)
    return graph.node("Add", graph.reshape(y, 0, -1, len(bias)), graph.weight(bias))


def overlap_add(graph: Graph, x: str, size: int, overlap: int) -> str:
    """Cut each step of x, "b t size", in `overlap` parts; part i is added i steps later: "b t (size / overlap)"."""
    total, *later = graph.nodes("Split", overlap, x, axis=2)
    for i, part in enumerate(later, start=1):
        kept = graph.recall(i, size // overlap)
        padded = graph.node("Concat", kept, part, axis=1)
        graph.keep(kept, graph.slice(padded, -i, END))
        total = graph.node("Add", total, graph.slice(padded, 0, -i))
    return total


def gain(graph: Graph, x: str, weights: Weights, prefix: str) -> str:
    """`Gain`."""
    normalized = layer_norm(graph, x, weights, f"{prefix}norm.")
    log_gain = linear(graph, normalized, weights[f"{prefix}log_gain.weight"], weights[f"{prefix}log_gain.bias"])
    limits = (graph.constant(np.array(limit, np.float32)) for limit in (-6, 6))
    return graph.node("Mul", x, graph.node("Exp", graph.node("Clip", log_gain, *limits)))
