"""How evenly the models of this package use their codes: counted while clips are coded, plotted in the report."""

from __future__ import annotations

import base64
import io
import zlib
from collections.abc import Sequence
from typing import Any

import numpy as np

from audiocodec._util.extras import require
from audiocodec.tokens.depths import NO_CODE

COLUMN = "code_counts"
BINS = 50


def count_codes(codes: np.ndarray, codebook_size: int) -> np.ndarray:
    """codes "r q t", `NO_CODE` where there is none -> how often each occurs in each codebook, "q codebook_size"."""
    return np.stack([np.bincount(row[row != NO_CODE], minlength=codebook_size) for row in codes.swapaxes(0, 1)])


def pack(counts: np.ndarray) -> str:
    """Counts "q codebook_size" as text for a row."""
    packed = base64.b64encode(zlib.compress(counts.astype("<u4").tobytes())).decode()
    return f"{counts.shape[0]}x{counts.shape[1]} {packed}"


def unpack(text: str) -> np.ndarray:
    """Inverse of `pack`."""
    shape, _, packed = text.partition(" ")
    counts = np.frombuffer(zlib.decompress(base64.b64decode(packed)), "<u4")
    return counts.reshape([int(n) for n in shape.split("x")]).astype(np.int64)


def family(system: str) -> str:
    """A system's name without its bitrate: `speech-16k@3k+20` -> `speech-16k+20`."""
    name, _, rate = system.rpartition("@")
    return name + "".join(rate.partition("+")[1:]) if name else system


def totals(rows: Sequence[dict[str, Any]]) -> dict[str, np.ndarray]:
    """Counts over all clips for each model, with and without refinement, at its highest bitrate only."""
    summed: dict[str, np.ndarray] = {}
    for row in rows:
        if row.get(COLUMN):
            counts, system = unpack(row[COLUMN]), row["system"]
            summed[system] = _sum(summed[system], counts) if system in summed else counts
    best: dict[str, str] = {}
    for system, counts in summed.items():
        model = family(system)
        if model not in best or len(counts) > len(summed[best[model]]):
            best[model] = system
    return {system: summed[system] for system in best.values()}


def _sum(a: np.ndarray, b: np.ndarray) -> np.ndarray:
    """Counts together; at a bitrate, sounds of more channels have fewer codebooks."""
    longer, shorter = (a, b) if len(a) >= len(b) else (b, a)
    total = longer.copy()
    total[: len(shorter)] += shorter
    return total


def used_and_perplexity(counts: np.ndarray) -> tuple[float, float]:
    """counts "codebook_size" -> fraction of codes in use, and perplexity relative to their number."""
    frequencies = counts[counts > 0] / max(1, counts.sum())
    entropy = -(frequencies * np.log(frequencies)).sum()
    return len(frequencies) / len(counts), float(np.exp(entropy) / len(counts))


def histograms(counts: np.ndarray) -> str:
    """One small histogram per codebook, as SVG text; a dashed line marks even use."""
    columns = min(4, len(counts))
    rows = -(-len(counts) // columns)
    figure = require("matplotlib.figure", "eval").Figure(figsize=(2.6 * columns, 1.5 * rows), layout="constrained")
    for i, (axis, codebook) in enumerate(zip(figure.subplots(rows, columns, squeeze=False).flat, counts, strict=False)):
        edges = np.linspace(0, len(codebook), min(BINS, len(codebook)) + 1).round().astype(int)
        density = np.add.reduceat(codebook, edges[:-1]) / np.diff(edges) / max(1, codebook.sum()) * len(codebook)
        used, perplexity = used_and_perplexity(codebook)
        axis.stairs(density, edges, fill=True, color="#2a6fdb")
        axis.axhline(1, color="#888888", linewidth=0.8, linestyle="--")
        axis.set_title(f"codebook {i + 1}: {used:.0%} used, perplexity {perplexity:.0%}", fontsize=7)
        axis.tick_params(labelsize=6)
        axis.set_xlim(0, len(codebook))
    for axis in figure.axes[len(counts) :]:
        axis.set_visible(False)
    text = io.StringIO()
    figure.savefig(text, format="svg", metadata={"Date": None})
    return text.getvalue()[text.getvalue().index("<svg") :]
