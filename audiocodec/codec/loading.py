"""Loading a codec by the name of its model, and coding of files without one."""

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
    """Load a model of the package, or a bundle of your own.

    Args:
        name: of a model (`audiocodec.list_models()`), or the path of a model's folder or YAML.
        threads: number of channels to process in parallel.
        backend: "onnx", "torch" or "auto": see `audiocodec.backends.base.open_model`.
        device: device of torch, such as "cuda"; `docs/onnx.md` says what is guaranteed on it.

    Raises:
        ConfigError: there is no such backend or device.
        ModelError: unknown or damaged.
        MissingExtraError: the backend is not installed.
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
    """`Codec.decode_file` with the model named in the file."""
    if model is None:
        with open_tokens(Path(source)) as reader:
            model = reader.header.model
    return load(model, backend=backend).decode_file(source, target, **options)
