"""A model as ONNX files, for any program that runs ONNX."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np

from audiocodec.export.graph import Graph
from audiocodec.export.graphs import Graphs
from audiocodec.files import replacing


def export_onnx(
    folder: Path,
    spec: Mapping[str, Any],
    weights: Mapping[str, np.ndarray],
    metadata: Mapping[str, str],
    overwrite: bool = False,
) -> list[Path]:
    """Write `encoder.onnx` (samples to codes) and `decoder.onnx` (codes to samples); returns their paths.

    Args:
        folder: made as needed.
        spec: the `model` section of a model's description.
        weights: as they are stored; those in float16 stay so in the files.
        metadata: kept in the files.
        overwrite: allow the files to exist.

    Raises:
        ModelError: the model has no ONNX form.
        OutputError: the files exist, or cannot be written.
    """
    graphs = Graphs(spec, weights)
    built: list[Graph] = [graphs.encoder(to_codes=True), graphs.decoder(from_codes=True)]
    paths = [folder / f"{graph.name}.onnx" for graph in built]
    for graph, path in zip(built, paths, strict=True):
        with replacing(path, overwrite) as temporary:
            temporary.write_bytes(graph.serialize({**metadata, "state_size": str(graph.state_size)}))
    return paths
