"""A model on ONNX Runtime."""

from __future__ import annotations

import functools
import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from audiocodec.backends.onnx.graphs import Graphs
from audiocodec.backends.onnx.session import Session


@dataclass(frozen=True)
class Codebooks:
    """What there is to know of a quantizer; the names are those of `audiocodec.model.quantize.Quantizer`."""

    dim: int
    num_codebooks: int
    codebook_size: int
    level_list: tuple[int, ...]


class OnnxModel:
    """The counterpart of `audiocodec.model.CodecModel`. Encoder and decoder are made ready when they are first used.

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
        quantizer, decoder = spec["quantizer"], spec["decoder"]
        levels = tuple(quantizer["levels"])
        self.quantizer = Codebooks(quantizer["dim"], quantizer["num_codebooks"], math.prod(levels), levels)
        self.sample_rate, self.hop_length = spec["sample_rate"], math.prod(spec["encoder"]["strides"])
        self.delay: int = decoder["n_fft"] - decoder["fft_hop"] if "n_fft" in decoder else decoder.get("delay", 0)
        self.steps_per_frame = self.hop_length // decoder["strides"][-1] if "strides" in decoder else 1
        self.conceals: bool = decoder.get("conceals", False)
        self.joint_stereo: bool = spec.get("joint_stereo", False)

    def __reduce__(self) -> tuple[type[OnnxModel], tuple[Mapping[str, Any], Mapping[str, np.ndarray]]]:
        """Pickled as what it is made of."""
        return OnnxModel, (self._graphs.spec, self._graphs.weights)

    @functools.cached_property
    def encode(self) -> Session:
        """Samples "b (t hop)", state -> latents "b t d", state."""
        return Session(self._graphs.encoder())

    @functools.cached_property
    def quantize(self) -> Session:
        """Latents "b t d" -> codes "b q t", and what they leave, "(b t) d"."""
        return Session(self._graphs.quantizer())

    @functools.cached_property
    def decode(self) -> Session:
        """Latents "b t d", state -> samples "b (t hop)", state."""
        return Session(self._graphs.decoder())
