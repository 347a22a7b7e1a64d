"""A model on ONNX Runtime."""

from __future__ import annotations

import functools
import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from audiocodec.errors import ModelError
from audiocodec.export import Graphs
from audiocodec.runtime.session import Session

BLOCKS = (32, 8, 1)  # frames that may go through the encoder at once


@dataclass(frozen=True)
class Codebooks:
    """What there is to know of a quantizer; the names are those of `audiocodec.quantize.Quantizer`."""

    dim: int
    num_codebooks: int
    codebook_size: int
    level_list: tuple[int, ...]


class OnnxModel:
    """The counterpart of `audiocodec.models.CodecModel`. Each part is made ready when it is first used.

    Args:
        spec: the `model` section of its description.
        weights: as they are stored.

    Raises:
        ModelError: the model has no ONNX form.
        MissingExtraError: onnxruntime is not installed.
    """

    def __init__(self, spec: Mapping[str, Any], weights: Mapping[str, np.ndarray]) -> None:
        self._graphs = Graphs(spec, weights)
        self._quantizers: dict[int, Session] = {}
        self.dequantize = Session(self._graphs.dequantizer())
        quantizer, decoder = spec["quantizer"], spec["decoder"]
        levels = tuple(quantizer["levels"])
        self.quantizer = Codebooks(quantizer["dim"], quantizer["num_codebooks"], math.prod(levels), levels)
        self.sample_rate, self.hop_length = spec["sample_rate"], math.prod(spec["encoder"]["strides"])
        self.delay = decoder["n_fft"] - decoder["fft_hop"] if "n_fft" in decoder else decoder.get("delay", 0)

    @functools.cached_property
    def encode(self) -> Session:
        """Samples "b (t hop)", state -> latents "b t d", state."""
        return Session(self._graphs.encoder())

    @functools.cached_property
    def decode(self) -> Session:
        """Latents "b t d", state -> samples "b (t hop)", state."""
        return Session(self._graphs.decoder(from_codes=False))

    def quantize(self, num_codebooks: int) -> Session:
        """Latents "b t d" -> codes "b q t", and what they leave."""
        if num_codebooks not in self._quantizers:
            self._quantizers[num_codebooks] = Session(self._graphs.quantizer(num_codebooks))
        return self._quantizers[num_codebooks]

    @functools.cached_property
    def blocks(self) -> tuple[int, ...]:
        """The numbers of frames that may be encoded at once, largest first; 1 is among them.

        Matrix products of different shapes may round differently, and a latent on the border of a cell then gets another
        code. ONNX Runtime is known to work on each row alike however many there are, but nobody promises it. So each of
        `BLOCKS` is tried once, on noise, and only those are used that give each frame the same bits as it has alone. As
        no other shapes are ever run, and equal shapes give equal sums, codes cannot depend on how sound is cut.
        """
        noise = np.random.default_rng(0).standard_normal((1, BLOCKS[0] * self.hop_length)).astype(np.float32) / 8
        alone = self._trial(noise, 1)
        alike = [n for n in BLOCKS[:-1] if all(map(np.array_equal, self._trial(noise, n), alone))]
        return (*alike, 1)

    def _trial(self, samples: np.ndarray, frames: int) -> tuple[np.ndarray, np.ndarray]:
        """All that encoding in blocks comes to: latents, and what codes leave of them."""
        state, parts = self.encode.fresh(), []
        for block in np.split(samples, samples.shape[1] // (frames * self.hop_length), axis=1):
            latents, state = self.encode(block, state)
            parts.append((latents[0], self.quantize(self.quantizer.num_codebooks)(latents)[1]))
        latents, residuals = map(np.concatenate, zip(*parts, strict=True))
        return latents, residuals
