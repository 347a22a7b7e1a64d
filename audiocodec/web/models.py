"""Models as the browser loads them: `models.json`, the graphs of `audiocodec export`, and entropy models by hash."""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

from audiocodec._util.files import replacing
from audiocodec.backends.onnx import export_onnx
from audiocodec.backends.onnx.graphs import Graphs
from audiocodec.backends.onnx.model import OnnxModel
from audiocodec.errors import ModelError
from audiocodec.model.bundle import Bundle
from audiocodec.tokens import EntropyModel, load_entropy
from audiocodec.tokens.entropy.store import SHIPPED, SUFFIX


def shipped_entropy() -> list[EntropyModel]:
    """All entropy models of the package: of older versions of a model, too."""
    return [load_entropy(path) for path in sorted(SHIPPED.glob(f"*{SUFFIX}"))]


def facts(bundle: Bundle) -> dict[str, Any]:
    """What the browser has to know of a model, by the names of `web/src/codec/facts.ts`.

    Raises:
        ModelError: it has no ONNX form, or its codebooks have several strides, which nothing in the browser holds yet.
    """
    info = bundle.info
    if info.strides:
        raise ModelError(f"{info.name}: has codebooks of several strides, which browsers cannot code; use Python")
    parts = bundle.description["model"], bundle.tensors
    encoder, decoder = Graphs(*parts).encoder(to_codes=True), Graphs(*parts).decoder(from_codes=True)
    return {
        "name": info.name,
        "version": info.version,
        "hash": info.hash.hex(),
        "sampleRate": info.sample_rate,
        "hopLength": info.hop_length,
        "delay": info.delay,
        "past": info.past,
        "codebooks": info.num_codebooks,
        "levels": info.levels,
        "jointStereo": info.joint_stereo,
        "entropy": info.entropy.hex(),
        "jointEntropy": info.joint_entropy.hex(),
        "encoderState": encoder.state_size,
        "decoderState": decoder.state_size,
        "counter": decoder.counter,
        "stepsPerFrame": OnnxModel(*parts).synthesis_steps,
    }


def write_models(folder: Path, bundles: Sequence[Bundle], overwrite: bool = False) -> list[Path]:
    """Write everything that the browser needs to code with some models; returns the paths.

    Raises:
        ModelError: see `facts`.
        OutputError: files exist (unless `overwrite`), or cannot be written.
    """
    paths, listed, entropy = [], [], shipped_entropy()
    for bundle in bundles:
        made = export_onnx(folder / bundle.info.name, bundle, overwrite)
        sizes = {f"{path.stem}Bytes": path.stat().st_size for path in made}
        listed.append({**facts(bundle), **sizes})
        paths += made
        entropy += bundle.entropies
    named = ((f"entropy/{model.hash.hex()}", model.to_bytes()) for model in {m.hash: m for m in entropy}.values())
    return paths + list(_written(folder, [*named, ("models.json", json.dumps(listed, indent=1).encode())], overwrite))


def _written(folder: Path, files: Iterable[tuple[str, bytes]], overwrite: bool) -> Iterable[Path]:
    for name, data in files:
        with replacing(folder / name, overwrite) as temporary:
            temporary.write_bytes(data)
        yield folder / name
