"""A model as ONNX files, for any program that runs ONNX."""

from __future__ import annotations

import math
from pathlib import Path

from audiocodec._util.files import replacing
from audiocodec.backends.onnx.graphs import Graphs
from audiocodec.model.bundle import Bundle


def export_onnx(folder: Path, bundle: Bundle, overwrite: bool = False) -> list[Path]:
    """Write `encoder.onnx` (samples to codes) and `decoder.onnx` (codes to samples); returns their paths.

    Weights stay in float16 in the files, as in the bundle, and are widened when they are loaded: that changes nothing.

    Raises:
        ModelError: the model has no ONNX form.
        OutputError: the files exist, or cannot be written.
    """
    spec = bundle.description["model"]
    graphs = Graphs(spec, bundle.tensors)
    facts = {
        "model": bundle.name,
        "version": bundle.version,
        "model_hash": bundle.model_hash.hex(),
        "sample_rate": spec["sample_rate"],
        "hop_length": math.prod(spec["encoder"]["strides"]),
    }
    paths = []
    for graph in (graphs.encoder(to_codes=True), graphs.decoder(from_codes=True)):
        paths.append(folder / f"{graph.name}.onnx")
        with replacing(paths[-1], overwrite) as temporary:
            temporary.write_bytes(graph.serialize({key: str(value) for key, value in facts.items()}))
    return paths
