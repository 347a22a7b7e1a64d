"""A model on ONNX Runtime."""

from __future__ import annotations

import functools
from collections.abc import Mapping
from typing import Any

import numpy as np

from audiocodec.backends.onnx.graphs import Graphs
from audiocodec.backends.onnx.session import Session
from audiocodec.model import plan


class OnnxModel:
    """The counterpart of `audiocodec.model.CodecModel`. Encoder and decoder are loaded on first use.

    Args:
        spec: the `model` section of its description.
        weights: as they are stored.

    Raises:
        ModelError: the model has no ONNX form, or its weights do not fit the description.
        MissingExtraError: onnxruntime is not installed.
    """

    def __init__(self, spec: Mapping[str, Any], weights: Mapping[str, np.ndarray]) -> None:
        self._graphs = Graphs(spec, weights)
        self.dequantize = Session(self._graphs.dequantizer())

    @property
    def synthesis_steps(self) -> int:
        """Steps of the decoder's last layer per frame, the unit of its noise counter."""
        decoder = plan.read("decoder", self._graphs.spec["decoder"])
        return decoder.hop_length // decoder.layers[-1].steps.up

    def __reduce__(self) -> tuple[type[OnnxModel], tuple[Mapping[str, Any], Mapping[str, np.ndarray]]]:
        """Pickled as its arguments."""
        return OnnxModel, (self._graphs.spec, self._graphs.weights)

    @functools.cached_property
    def encode(self) -> Session:
        """Samples "b (t hop)", state -> latents "b t d", state."""
        return Session(self._graphs.encoder())

    @functools.cached_property
    def quantize(self) -> Session:
        """Latents "b t d" -> codes "b q t", and the residual, "(b t) d"."""
        return Session(self._graphs.quantizer())

    @functools.cached_property
    def decode(self) -> Session:
        """Latents "b t d", state -> samples "b (t hop)", state."""
        return Session(self._graphs.decoder())
