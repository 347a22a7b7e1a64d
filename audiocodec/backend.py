"""Which library runs a model."""

from __future__ import annotations

from typing import TYPE_CHECKING

from audiocodec._util.extras import installed
from audiocodec.errors import ConfigError, MissingExtraError, ModelError
from audiocodec.model.bundle import Bundle
from audiocodec.runtime import OnnxModel

if TYPE_CHECKING:
    from audiocodec.model import CodecModel

BACKENDS = ("auto", "onnx", "torch")


def open_model(bundle: Bundle, backend: str = "auto") -> CodecModel | OnnxModel:
    """The network of a bundle, ready to code.

    Args:
        bundle: of `load_bundle`.
        backend: "onnx" (small and fast), "torch" (the reference; an `nn.Module`), or "auto": onnx for a model that has
            an ONNX form, torch for others.

    Raises:
        ConfigError: no such backend.
        MissingExtraError: what runs it is not installed.
        ModelError: the weights do not fit the description, or onnx is asked for and cannot run it.
    """
    if backend not in BACKENDS:
        raise ConfigError(f"backend is {backend!r}, known: {', '.join(BACKENDS)}")
    if backend == "torch":
        return _torch_model(bundle)
    try:
        return OnnxModel(bundle.description["model"], bundle.tensors)
    except (MissingExtraError, ModelError):
        if backend == "onnx" or not installed("torch"):
            raise
        return _torch_model(bundle)


def _torch_model(bundle: Bundle) -> CodecModel:
    model = bundle.model
    from audiocodec.model.nn.rowwise import make_rowwise
    from audiocodec.threads import single_thread

    with single_thread():  # as it will run: what rounds alike depends on it
        make_rowwise(model)
    return model
