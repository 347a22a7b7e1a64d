"""Encoders and decoders as graphs, from a model's description and weights, by the rules of `audiocodec.model`."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from audiocodec.backends.onnx import layers
from audiocodec.backends.onnx.graph import Graph
from audiocodec.backends.onnx.layers import Weights
from audiocodec.errors import ModelError

Spec = Mapping[str, Any]  # of one part, as it stands in the description


def encode(graph: Graph, x: str, weights: Weights, spec: Spec) -> str:
    """`Encoder`: samples "b (t hop)" -> latents "b t d"."""
    _check_type(spec, "Encoder")
    prefix, i = "encoder.body.layers.", 0
    for depth in spec["blocks"]:
        first = layers.lapped_analysis if i == 0 and spec.get("companded") else layers.downsample
        x = first(graph, x, weights, f"{prefix}{i}.")
        x, i = _blocks(graph, x, weights, prefix, i + 1, depth)
    x = layers.layer_norm(graph, x, weights, "encoder.norm.")
    return layers.linear(graph, x, weights["encoder.out.weight"], weights["encoder.out.bias"])


def decode(graph: Graph, x: str, weights: Weights, spec: Spec) -> str:
    """`ConvDecoder` or `ISTFTDecoder`: latents "b t d" -> samples "b (t hop)"."""
    _check_type(spec, "ConvDecoder", "ISTFTDecoder")
    prefix = "decoder.body.layers."
    x = layers.causal_conv(graph, x, weights, f"{prefix}0.", 3)
    x = (_decode_conv if spec["type"] == "ConvDecoder" else _decode_istft)(graph, x, weights, spec, prefix)
    return graph.reshape(x, 0, -1)


def _decode_conv(graph: Graph, x: str, weights: Weights, spec: Spec, prefix: str) -> str:
    i = 1
    for stage, depth in enumerate(spec["blocks"]):
        x, i = _blocks(graph, x, weights, prefix, i, depth)
        last = stage == len(spec["blocks"]) - 1
        if spec.get("gain") and last:
            x, i = layers.gain(graph, x, weights, f"{prefix}{i}."), i + 1
        if spec.get("companded") and last:
            x = layers.lapped_synthesis(graph, x, weights, f"{prefix}{i}.", spec)
        else:
            x = layers.upsample(graph, x, weights, f"{prefix}{i}.")
        i += 1
    return x


def _decode_istft(graph: Graph, x: str, weights: Weights, spec: Spec, prefix: str) -> str:
    x, i = _blocks(graph, x, weights, prefix, 1, spec["blocks"])
    x = layers.upsample(graph, x, weights, f"{prefix}{i}.")
    x, _ = _blocks(graph, x, weights, prefix, i + 1, spec["fine_blocks"])
    x = layers.layer_norm(graph, x, weights, "decoder.norm.")
    n_fft, hop = spec["n_fft"], spec["fft_hop"]
    synthesis = inverse_fft(n_fft, hop)
    weight = synthesis.T @ weights["decoder.out.weight"].astype(np.float64)
    bias = weights["decoder.out.bias"].astype(np.float64) @ synthesis
    frames = layers.linear(graph, x, weight.astype(np.float32), bias.astype(np.float32))
    return layers.overlap_add(graph, frames, n_fft, n_fft // hop)


def inverse_fft(n_fft: int, hop: int) -> np.ndarray:
    """Real and imaginary parts "2 f" -> windowed samples "n_fft": `OverlapAddISTFT` as one matrix, but for its sums."""
    parts = np.eye(n_fft + 2)
    spectra = parts[:, : n_fft // 2 + 1] + 1j * parts[:, n_fft // 2 + 1 :]
    window = 0.5 - 0.5 * np.cos(2 * np.pi * np.arange(n_fft) / n_fft)
    total = window.reshape(-1, hop).sum(0).mean()
    return np.fft.irfft(spectra, n_fft, axis=1) * (window / total)


def _blocks(graph: Graph, x: str, weights: Weights, prefix: str, first: int, depth: int) -> tuple[str, int]:
    """So many residual blocks from layer `first` on, and the number of the layer behind them."""
    for j in range(depth):
        x = layers.residual_block(graph, x, weights, f"{prefix}{first + j}.", dilation=3 ** (j % 3))
    return x, first + depth


def _check_type(spec: Spec, *known: str) -> None:
    if spec["type"] not in known:
        raise ModelError(f"{spec['type']} has no ONNX form (known: {', '.join(known)}); use the torch backend")
