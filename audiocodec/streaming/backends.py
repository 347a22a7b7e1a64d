"""What streams need of a model, on torch or on ONNX Runtime. torch is imported only for a model of its own."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any, Protocol

import numpy as np

from audiocodec.arrays import Arrays
from audiocodec.runtime import OnnxModel
from audiocodec.runtime.coding import OnnxDecoding, OnnxEncoding

if TYPE_CHECKING:
    from audiocodec.models import CodecModel

    Model = CodecModel | OnnxModel


class Encoding(Protocol):
    """Whole frames of one stream to codes."""

    def reset(self) -> None:
        """Start a new stream."""

    def push(self, samples: np.ndarray, eager: bool) -> np.ndarray:
        """samples: "(t hop)" -> codes that are ready, "q t"; all of them if `eager`."""

    def state(self) -> Arrays:
        """Everything that is remembered, as plain arrays."""

    def restore(self, arrays: Mapping[str, np.ndarray]) -> None:
        """Go on from `state`, or raise ConfigError."""


class Decoding(Protocol):
    """Codes to latents to samples, for any number of streams."""

    def fresh(self) -> Any:
        """The state of a new stream."""

    def dequantize(self, codes: np.ndarray) -> np.ndarray:
        """codes: "b q t" -> latents "b d t", or raise ConfigError."""

    def synthesize(self, latents: np.ndarray, states: Sequence[Any]) -> tuple[np.ndarray, list[Any]]:
        """latents: "b d t" -> samples "b (t hop)" and the states after them."""

    def to_arrays(self, state: Any) -> Arrays:
        """A state as plain arrays."""

    def from_arrays(self, arrays: Mapping[str, np.ndarray]) -> Any:
        """Inverse of `to_arrays`, or raise ConfigError."""


def encoding(model: Model, num_codebooks: int) -> Encoding:
    """A new stream's way through a model."""
    if isinstance(model, OnnxModel):
        return OnnxEncoding(model, num_codebooks)
    from audiocodec.streaming.torch_encoding import TorchEncoding

    return TorchEncoding(model, num_codebooks)


def decoding(model: Model) -> Decoding:
    """The way back."""
    if isinstance(model, OnnxModel):
        return OnnxDecoding(model)
    from audiocodec.streaming.torch_decoding import TorchDecoding

    return TorchDecoding(model)
