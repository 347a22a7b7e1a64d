"""Models as the browser loads them: `models.json`, the graphs of `audiocodec export`, and entropy models by hash."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Sequence
from dataclasses import fields
from pathlib import Path
from typing import Any

import numpy as np

from audiocodec._util.files import replacing
from audiocodec.backends.onnx import export_onnx
from audiocodec.backends.onnx.graphs import Graphs
from audiocodec.backends.onnx.model import OnnxModel
from audiocodec.model.bundle import Bundle
from audiocodec.tokens import EntropyModel, load_entropy
from audiocodec.tokens.entropy.store import SHIPPED, SUFFIX

TYPES = {"levels": "<i4", "hidden_weight": "<i1", "hidden_bias": "<i4", "out_weight": "<i1", "out_bias": "<i4"}


def entropy_file(model: EntropyModel) -> bytes:
    """An entropy model as plain arrays: what its hash is taken of, so that a reader can check it."""
    data = b""
    for field in fields(model):
        array: np.ndarray = getattr(model, field.name).astype(TYPES[field.name])
        data += f"{field.name}:{TYPES[field.name]}:{array.shape};".encode() + array.tobytes()
    assert hashlib.sha256(data).digest()[:16] == model.hash
    return data


def shipped_entropy() -> list[EntropyModel]:
    """All entropy models of the package: of older versions of a model, too."""
    return [load_entropy(path) for path in sorted(SHIPPED.glob(f"*{SUFFIX}"))]


def facts(bundle: Bundle) -> dict[str, Any]:
    """What the browser has to know of a model, by the names of `web/src/codec/facts.ts`."""
    info = bundle.info
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
        "encoderState": encoder.state_size,
        "decoderState": decoder.state_size,
        "counter": decoder.counter,
        "stepsPerFrame": OnnxModel(*parts).synthesis_steps,
    }


def write_models(folder: Path, bundles: Sequence[Bundle], overwrite: bool = False) -> list[Path]:
    """Write everything that the browser needs to code with some models; returns the paths.

    Raises:
        ModelError: one has no ONNX form.
        OutputError: files exist (unless `overwrite`), or cannot be written.
    """
    paths, listed, entropy = [], [], shipped_entropy()
    for bundle in bundles:
        made = export_onnx(folder / bundle.info.name, bundle, overwrite)
        sizes = {f"{path.stem}Bytes": path.stat().st_size for path in made}
        listed.append({**facts(bundle), **sizes})
        paths += made
        if bundle.entropy is not None:
            entropy.append(bundle.entropy)
    named = ((f"entropy/{model.hash.hex()}", entropy_file(model)) for model in {m.hash: m for m in entropy}.values())
    return paths + list(_written(folder, [*named, ("models.json", json.dumps(listed, indent=1).encode())], overwrite))


def _written(folder: Path, files: Iterable[tuple[str, bytes]], overwrite: bool) -> Iterable[Path]:
    for name, data in files:
        with replacing(folder / name, overwrite) as temporary:
            temporary.write_bytes(data)
        yield folder / name
