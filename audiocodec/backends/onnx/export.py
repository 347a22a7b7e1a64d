"""A model as ONNX files, for any program that runs ONNX."""

from __future__ import annotations

from pathlib import Path

from audiocodec._util.files import replacing
from audiocodec.backends.onnx.graphs import Graphs
from audiocodec.model.bundle import Bundle


def export_onnx(folder: Path, bundle: Bundle, overwrite: bool = False) -> list[Path]:
    """Write `encoder.onnx` (samples to codes) and `decoder.onnx` (codes to samples); returns their paths.

    The metadata of both files holds the facts that another program needs, under the names of docs/onnx.md.

    Weights are float16 in the files, as in the bundle, and converted to float32 when loaded; that changes no result.

    Raises:
        ModelError: the model has no ONNX form.
        OutputError: the files exist, or cannot be written.
    """
    graphs, info = Graphs(bundle.description["model"], bundle.tensors), bundle.info
    facts = {
        "model": info.name,
        "version": info.version,
        "model_hash": info.hash.hex(),
        "sample_rate": info.sample_rate,
        "hop_length": info.hop_length,
        "delay": info.delay,
        "num_codebooks": info.num_codebooks,
        "codebook_size": info.codebook_size,
        "levels": " ".join(map(str, info.levels)),
        **({"strides": " ".join(map(str, info.strides))} if info.strides else {}),
        "joint_stereo": int(info.joint_stereo),
    }
    paths = []
    for graph in (graphs.encoder(to_codes=True), graphs.decoder(from_codes=True)):
        paths.append(folder / f"{graph.name}.onnx")
        with replacing(paths[-1], overwrite) as temporary:
            temporary.write_bytes(graph.serialize({key: str(value) for key, value in facts.items()}))
    return paths
