"""A codec by the name of its model, and files without a codec at hand."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

from audiocodec.codec.codec import Codec
from audiocodec.codec.files import FileReport
from audiocodec.model.bundle import load_bundle
from audiocodec.tokens import open_tokens

if TYPE_CHECKING:
    import torch


def load(
    name: str = "speech-16k", threads: int = 1, backend: str = "auto", device: str | torch.device = "cpu"
) -> Codec:
    """Load a model that is in the package, or a bundle of your own.

    Args:
        name: of a model (`audiocodec.list_models()`), or the path of a model's folder or YAML.
        threads: channels worked on at once.
        backend: "onnx", "torch" or "auto": see `audiocodec.backends.base.open_model`.
        device: "cpu", or where torch is to compute, such as "cuda"; `docs/onnx.md` says what that promises.

    Raises:
        ConfigError: there is no such backend or device.
        ModelError: unknown or damaged.
        MissingExtraError: what runs the model is not installed.
    """
    return Codec(load_bundle(name), threads, backend, device)


def encode_file(
    source: str | Path, target: str | Path, model: str = "speech-16k", backend: str = "auto", **options: Any
) -> FileReport:
    """`load(model, backend=backend).encode_file(source, target, ...)`."""
    return load(model, backend=backend).encode_file(source, target, **options)


def decode_file(
    source: str | Path, target: str | Path, model: str | None = None, backend: str = "auto", **options: Any
) -> FileReport:
    """`Codec.decode_file` with the model that the file names."""
    if model is None:
        with open_tokens(Path(source)) as reader:
            model = reader.header.model
    return load(model, backend=backend).decode_file(source, target, **options)
