"""The layers of `audiocodec.model.nn` as ONNX operators, on the weights of a model file.

Each takes and returns the name of a tensor "b t d" and mirrors the class it is listed for in `LAYERS`, with the same
keywords from `audiocodec.model.plan`; `tests/backends/test_graphs.py` compares them.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping

import numpy as np

from audiocodec.backends.onnx.graph import BOOL, END, FLOAT, INT64, Graph
from audiocodec.model.lapped_basis import (
    AROUND,
    FLOOR,
    LEAST_NOISE,
    NEAR,
    QUIET,
    lapped_basis,
    neighbour_means,
    sign_table,
)
from audiocodec.model.plan import Plan

Weights = Mapping[str, np.ndarray]


def linear(graph: Graph, x: str, weight: np.ndarray, bias: np.ndarray | None = None) -> str:
    """`torch.nn.Linear`; weight: "out in"."""
    y = graph.node("MatMul", x, graph.weight(weight.T))
    return y if bias is None else graph.node("Add", y, graph.weight(bias))


def dense(graph: Graph, x: str, weights: Weights, prefix: str, **_: int) -> str:
    """`torch.nn.Linear` with its bias."""
    return linear(graph, x, weights[f"{prefix}weight"], weights[f"{prefix}bias"])


def layer_norm(graph: Graph, x: str, weights: Weights, prefix: str, **_: int) -> str:
    """`torch.nn.LayerNorm` over the last axis."""
    scale, shift = (graph.weight(weights[f"{prefix}{part}"]) for part in ("weight", "bias"))
    return graph.node("LayerNormalization", x, scale, shift, axis=-1, epsilon=1e-5)


def causal_conv(
    graph: Graph, x: str, weights: Weights, prefix: str, d_in: int, d_out: int, kernel: int, dilation: int = 1
) -> str:
    """`CausalConv`."""
    past = (kernel - 1) * dilation
    kept = graph.recall(past, d_in)
    padded = graph.node("Concat", kept, x, axis=1)
    graph.keep(kept, graph.slice(padded, -past, END))
    earlier = [graph.slice(padded, i * dilation, i * dilation - past) for i in range(kernel - 1)]
    taps = graph.node("Concat", *earlier, x, axis=2)
    return dense(graph, taps, weights, f"{prefix}linear.")


def residual_block(
    graph: Graph, x: str, weights: Weights, prefix: str, dim: int, hidden: int, kernel: int = 3, dilation: int = 1
) -> str:
    """`ResidualBlock`."""
    y = layer_norm(graph, x, weights, f"{prefix}norm.")
    y = causal_conv(graph, y, weights, f"{prefix}conv.", dim, hidden, kernel, dilation)
    y = graph.node("Mul", y, graph.node("Sigmoid", y))
    return graph.node("Add", x, dense(graph, y, weights, f"{prefix}out."))


def downsample(graph: Graph, x: str, weights: Weights, prefix: str, d_in: int, d_out: int, stride: int) -> str:
    """`Downsample`."""
    return dense(graph, _patches(graph, x, stride * d_in), weights, f"{prefix}linear.")


def lapped_analysis(graph: Graph, x: str, weights: Weights, prefix: str, d_out: int, hop: int) -> str:
    """`LappedAnalysis`."""
    bands = linear(graph, _patches(graph, x, hop), lapped_basis(hop))
    power = graph.node("Add", graph.node("Mul", bands, bands), graph.constant(np.array(FLOOR**2, np.float32)))
    companded = graph.node("Div", bands, graph.node("Sqrt", graph.node("Sqrt", power)))
    return dense(graph, companded, weights, f"{prefix}linear.")


def lapped_synthesis(
    graph: Graph,
    x: str,
    weights: Weights,
    prefix: str,
    d_in: int,
    hop: int,
    noise_from: int | None = None,
    postfilter: float = 0.0,
) -> str:
    """`LappedSynthesis`."""
    bands = _expanded(graph, dense(graph, x, weights, f"{prefix}linear."))
    if noise_from is not None and postfilter:
        bands = graph.node("Mul", bands, _postfilter_gain(graph, bands, hop, noise_from, postfilter))
    if noise_from is not None:
        bands = graph.node("Mul", bands, _signs(graph, bands, sign_table(hop, noise_from)))
    return overlap_add(graph, linear(graph, bands, lapped_basis(hop).T), hop)


def noisy_synthesis(graph: Graph, x: str, weights: Weights, prefix: str, d_in: int, hop: int) -> str:
    """`NoisySynthesis`."""
    bands = _expanded(graph, dense(graph, x, weights, f"{prefix}linear."))
    logits = dense(graph, layer_norm(graph, x, weights, f"{prefix}norm."), weights, f"{prefix}share.")
    kept = graph.node("Sigmoid", logits)
    one, least = (graph.constant(np.array(value, np.float32)) for value in (1, LEAST_NOISE))
    noise = graph.node("Sqrt", graph.node("Max", graph.node("Sub", one, graph.node("Mul", kept, kept)), least))
    signs = _signs(graph, bands, sign_table(hop, 0))
    factor = graph.node("Add", kept, graph.node("Mul", noise, signs))
    return overlap_add(graph, linear(graph, graph.node("Mul", bands, factor), lapped_basis(hop).T), hop)


def _expanded(graph: Graph, y: str) -> str:
    """`audiocodec.model.nn.lapped.expand`."""
    power = graph.node("Add", graph.node("Mul", y, y), graph.constant(np.array(FLOOR, np.float32)))
    return graph.node("Mul", y, graph.node("Sqrt", power))


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
    following = graph.node("Mod", graph.node("Add", first, length), rows)
    graph.keep(counter, graph.node("Cast", graph.reshape(following, 0, 1, 1), to=FLOAT))
    return graph.node("Cast", graph.node("Gather", graph.constant(table.astype(np.int8)), steps, axis=0), to=FLOAT)


def _patches(graph: Graph, x: str, patch: int) -> str:
    """Each patch of x after the previous one, "b t (2 patch)"."""
    patches = graph.reshape(x, 0, -1, patch)
    kept = graph.recall(1, patch)
    padded = graph.node("Concat", kept, patches, axis=1)
    graph.keep(kept, graph.slice(padded, -1, END))
    return graph.node("Concat", graph.slice(padded, 0, -1), patches, axis=2)


def upsample(graph: Graph, x: str, weights: Weights, prefix: str, d_in: int, d_out: int, stride: int) -> str:
    """`Upsample`."""
    y = overlap_add(graph, linear(graph, x, weights[f"{prefix}linear.weight"]), stride * d_out)
    return graph.node("Add", graph.reshape(y, 0, -1, d_out), graph.weight(weights[f"{prefix}bias"]))


def overlap_add(graph: Graph, x: str, size: int) -> str:
    """The second half of each step of x, "b t (2 size)", added to the first half of the next: "b t size"."""
    head, tail = graph.nodes("Split", 2, x, axis=2)
    kept = graph.recall(1, size)
    padded = graph.node("Concat", kept, tail, axis=1)
    graph.keep(kept, graph.slice(padded, -1, END))
    return graph.node("Add", head, graph.slice(padded, 0, -1))


def gain(graph: Graph, x: str, weights: Weights, prefix: str, dim: int) -> str:
    """`Gain`."""
    log_gain = dense(graph, layer_norm(graph, x, weights, f"{prefix}norm."), weights, f"{prefix}log_gain.")
    limits = (graph.constant(np.array(limit, np.float32)) for limit in (-6, 6))
    return graph.node("Mul", x, graph.node("Exp", graph.node("Clip", log_gain, *limits)))


LAYERS: dict[str, Callable[..., str]] = {
    "CausalConv": causal_conv,
    "Downsample": downsample,
    "Gain": gain,
    "LappedAnalysis": lapped_analysis,
    "LappedSynthesis": lapped_synthesis,
    "LayerNorm": layer_norm,
    "Linear": dense,
    "NoisySynthesis": noisy_synthesis,
    "ResidualBlock": residual_block,
    "Upsample": upsample,
}


def run(graph: Graph, x: str, weights: Weights, plan: Plan) -> str:
    """An encoder, samples "b (t hop)" -> latents "b t d", or a decoder, latents -> samples "b t hop"."""
    for layer in plan.layers:
        x = LAYERS[layer.kind](graph, x, weights, f"{layer.name}.", **layer.arguments)
    return x
