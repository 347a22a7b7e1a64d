"""The inference backends: the choice, and the interface that streams need. torch is imported only if a model uses it.

The type of a state is up to the backend; streams store it and pass it back.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any, Protocol

import numpy as np

from audiocodec._util.extras import installed, require
from audiocodec.backends.fixed_shapes import Shapes
from audiocodec.backends.state import Arrays
from audiocodec.errors import ConfigError, MissingExtraError, ModelError
from audiocodec.model.bundle import Bundle
from audiocodec.model.info import ModelInfo

if TYPE_CHECKING:
    import torch

    from audiocodec.backends.onnx import OnnxModel
    from audiocodec.model import CodecModel


class FrameEncoder(Protocol):
    """Whole frames to codes, for any number of streams; keeps no state of them."""

    @property
    def info(self) -> ModelInfo:
        """The facts of the model."""

    def initial_state(self) -> Any:
        """The state of a stream at its start."""

    @property
    def shapes(self) -> Shapes:
        """The fixed shapes in which it runs: whole blocks of frames "(t hop)" of each stream -> their codes "q t"."""

    def to_arrays(self, state: Any) -> Arrays:
        """A state as plain arrays."""

    def from_arrays(self, arrays: Mapping[str, np.ndarray]) -> Any:
        """Inverse of `to_arrays`, or raise ConfigError."""


class FrameDecoder(Protocol):
    """Codes to latents to samples, for any number of streams; keeps no state of them."""

    @property
    def info(self) -> ModelInfo:
        """The facts of the model."""

    def initial_state(self) -> Any:
        """The state of a stream at its start."""

    def skip(self, state: Any, frames: int) -> Any:
        """The state of a stream that restarts `frames` after `state`; its noise continues as if these were decoded."""

    def dequantize(self, codes: np.ndarray) -> np.ndarray:
        """codes: "b q t" -> latents "b d t", or raise ConfigError."""

    def synthesize(self, latents: np.ndarray, states: Sequence[Any]) -> tuple[np.ndarray, list[Any]]:
        """latents: "b d t" -> samples "b (t hop)", and the states after them."""

    def to_arrays(self, state: Any) -> Arrays:
        """A state as plain arrays."""

    def from_arrays(self, arrays: Mapping[str, np.ndarray]) -> Any:
        """Inverse of `to_arrays`, or raise ConfigError."""


def frame_encoder(model: CodecModel | OnnxModel, info: ModelInfo) -> FrameEncoder:
    """The encoder of a model of `open_model`, with the facts of its bundle."""
    from audiocodec.backends.onnx import OnnxEncoder, OnnxModel

    if isinstance(model, OnnxModel):
        return OnnxEncoder(model, info)
    from audiocodec.backends.torch.encoder import TorchEncoder

    return TorchEncoder(model, info)


def frame_decoder(model: CodecModel | OnnxModel, info: ModelInfo) -> FrameDecoder:
    """The decoder of a model of `open_model`, with the facts of its bundle."""
    from audiocodec.backends.onnx import OnnxDecoder, OnnxModel

    if isinstance(model, OnnxModel):
        return OnnxDecoder(model, info)
    from audiocodec.backends.torch.decoder import TorchDecoder

    return TorchDecoder(model, info)


BACKENDS = ("auto", "onnx", "torch")


def open_model(bundle: Bundle, backend: str = "auto", device: str | torch.device = "cpu") -> CodecModel | OnnxModel:
    """The network of a bundle, ready to code.

    Args:
        bundle: of `load_bundle`.
        backend: "onnx" (small and fast), "torch" (the reference; an `nn.Module`), or "auto": onnx for a model that has
            an ONNX form, torch for others and on any device but the CPU.
        device: device of torch; "cpu" for the onnx backend.

    Raises:
        ConfigError: no such backend, or it cannot use the device.
        MissingExtraError: the backend is not installed.
        ModelError: the weights do not fit the description, or onnx was requested and cannot run it.
    """
    if backend not in BACKENDS:
        raise ConfigError(f"backend is {backend!r}, known: {', '.join(BACKENDS)}")
    info = bundle.info  # refuses an invalid model before allocating memory
    if backend == "onnx" and str(device) != "cpu":
        raise ConfigError(f"device {str(device)!r} is for the torch backend, the onnx backend runs on the CPU")
    if backend == "torch" or str(device) != "cpu":
        return _torch_model(bundle, device)
    from audiocodec.backends.onnx import OnnxModel

    try:
        return OnnxModel(bundle.description["model"], bundle.tensors)
    except (MissingExtraError, ModelError):
        if backend == "onnx" or not installed("torch"):
            raise
        return _torch_model(bundle, device)
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        raise ModelError(f"{info.name}: its description cannot be built ({error!r})") from error


def _torch_model(bundle: Bundle, device: str | torch.device) -> CodecModel:
    require("torch", "torch")
    from audiocodec.backends.torch.batch_invariant import make_rowwise
    from audiocodec.backends.torch.devices import find_device, is_exact
    from audiocodec.backends.torch.threads import single_thread

    place = find_device(device)
    model = bundle.build_model()
    if not is_exact(place):
        return model.to(place)
    with single_thread():  # as it will run: batch invariance depends on it
        make_rowwise(model)
    return model
