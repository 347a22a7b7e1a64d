"""What streams need of a model, on torch or on ONNX Runtime. torch is imported only for a model of its own.

States are whatever a backend makes them; streams hold them and hand them back.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any, Protocol

import numpy as np

from audiocodec.arrays import Arrays
from audiocodec.runtime import OnnxDecoder, OnnxEncoder, OnnxModel

if TYPE_CHECKING:
    from audiocodec.model import CodecModel


class FrameEncoder(Protocol):
    """Whole frames to codes, for any number of streams; remembers nothing of them."""

    @property
    def model(self) -> CodecModel | OnnxModel:
        """What it runs."""

    def fresh(self) -> Any:
        """The state of a stream at its start."""

    def advance(self, samples: Sequence[np.ndarray], states: Sequence[Any]) -> tuple[list[np.ndarray], list[Any]]:
        """Whole frames of samples "t" of each stream -> their codes "q t", and the states after them."""

    def to_arrays(self, state: Any) -> Arrays:
        """A state as plain arrays."""

    def from_arrays(self, arrays: Mapping[str, np.ndarray]) -> Any:
        """Inverse of `to_arrays`, or raise ConfigError."""


class FrameDecoder(Protocol):
    """Codes to latents to samples, for any number of streams; remembers nothing of them."""

    @property
    def model(self) -> CodecModel | OnnxModel:
        """What it runs."""

    @property
    def conceals(self) -> bool:
        """It was trained to make something of zeros in the place of lost frames."""

    def fresh(self) -> Any:
        """The state of a stream at its start."""

    def dequantize(self, codes: np.ndarray) -> np.ndarray:
        """codes: "b q t" -> latents "b d t", or raise ConfigError."""

    def synthesize(self, latents: np.ndarray, states: Sequence[Any]) -> tuple[np.ndarray, list[Any]]:
        """latents: "b d t" -> samples "b (t hop)", and the states after them."""

    def to_arrays(self, state: Any) -> Arrays:
        """A state as plain arrays."""

    def from_arrays(self, arrays: Mapping[str, np.ndarray]) -> Any:
        """Inverse of `to_arrays`, or raise ConfigError."""


def frame_encoder(model: CodecModel | OnnxModel) -> FrameEncoder:
    """The way of frames through a model."""
    if isinstance(model, OnnxModel):
        return OnnxEncoder(model)
    from audiocodec.streaming.torch_encoder import TorchEncoder

    return TorchEncoder(model)


def frame_decoder(model: CodecModel | OnnxModel) -> FrameDecoder:
    """The way back."""
    if isinstance(model, OnnxModel):
        return OnnxDecoder(model)
    from audiocodec.streaming.torch_decoder import TorchDecoder

    return TorchDecoder(model)
