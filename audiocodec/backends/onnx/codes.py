"""How quantizers as graphs lay out their codes."""

from __future__ import annotations

from audiocodec.backends.onnx.graph import Graph


def by_codebook(graph: Graph, codes: str, latents: str, depth: int) -> str:
    """Codes "(b t) q" of latents "b t d" -> "b q t"; depth: of q."""
    lengths = graph.slice(graph.node("Shape", latents), 0, 2, axis=0)
    shape = graph.node("Concat", lengths, graph.constant([depth]), axis=0)
    return graph.node("Transpose", graph.node("Reshape", codes, shape), perm=(0, 2, 1))
