"""The graphs of a model: encoder and decoder, with or without the quantizer."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Mapping
from typing import Any

import numpy as np

from audiocodec.backends.onnx import layers, quantizer
from audiocodec.backends.onnx.graph import INT32, INT64, Graph
from audiocodec.errors import ConfigError, ModelError
from audiocodec.model import plan


class _Watched(Mapping[str, np.ndarray]):
    """Weights that record which of them were read."""

    def __init__(self, weights: Mapping[str, np.ndarray]) -> None:
        self._weights, self.used = weights, set[str]()

    def __getitem__(self, name: str) -> np.ndarray:
        self.used.add(name)
        return self._weights[name]

    def __iter__(self) -> Iterator[str]:
        return iter(self._weights)

    def __len__(self) -> int:
        return len(self._weights)


class Graphs:
    """Builds the graphs of a model.

    Shapes: samples "b (t hop)", latents "b t d", codes "b q t". Encoder and decoder have a `state` (see `Graph`).
    Codes are int64 in the graphs that this package runs, and int32 in those for other programs, which often have no
    other integers.

    Args:
        spec: the `model` section of its description.
        weights: as they are stored.

    Raises:
        ModelError: (of each method) the weights do not fit the description, or a part has no ONNX form.
    """

    def __init__(self, spec: Mapping[str, Any], weights: Mapping[str, np.ndarray]) -> None:
        self.spec, self.weights = spec, weights

    def encoder(self, to_codes: bool = False) -> Graph:
        """Samples to latents or, for other programs, to codes."""

        def build(graph: Graph, weights: Mapping[str, np.ndarray]) -> None:
            samples = graph.input("samples", "float32", ("batch", "samples"))
            latents = layers.run(graph, samples, weights, plan.read("encoder", self.spec["encoder"]))
            if to_codes:
                codes, _ = quantizer.quantize(graph, latents, weights, self.spec["quantizer"])
                self._check_int32()
                self._give_codes(graph, graph.node("Cast", codes, to=INT32), "int32")
            else:
                self._give_latents(graph, latents)

        return self._built("encoder", build)

    def quantizer(self) -> Graph:
        """Latents to codes, and the quantization residual, "(b t) d"."""

        def build(graph: Graph, weights: Mapping[str, np.ndarray]) -> None:
            latents = self._take_latents(graph)
            codes, residual = quantizer.quantize(graph, latents, weights, self.spec["quantizer"])
            self._give_codes(graph, codes, "int64")
            graph.output("residual", residual, "float32", ("rows", self.spec["encoder"]["latent_dim"]))

        return self._built("quantizer", build)

    def dequantizer(self) -> Graph:
        """Codes of the first N codebooks, for any N, to latents."""

        def build(graph: Graph, weights: Mapping[str, np.ndarray]) -> None:
            codes = self._take_codes(graph, "int64")
            self._give_latents(graph, quantizer.dequantize(graph, codes, weights, self.spec["quantizer"]))

        return self._built("dequantizer", build)

    def decoder(self, from_codes: bool = False) -> Graph:
        """Latents or, for other programs, codes to samples."""

        def build(graph: Graph, weights: Mapping[str, np.ndarray]) -> None:
            if from_codes:
                self._check_int32()
                codes = graph.node("Cast", self._take_codes(graph, "int32"), to=INT64)
                latents = quantizer.dequantize(graph, codes, weights, self.spec["quantizer"])
            else:
                latents = self._take_latents(graph)
            samples = layers.run(graph, latents, weights, plan.read("decoder", self.spec["decoder"]))
            samples = graph.reshape(samples, 0, -1)
            graph.output("samples", samples, "float32", ("batch", "samples"))

        return self._built("decoder", build)

    def _take_latents(self, graph: Graph) -> str:
        return graph.input("latents", "float32", ("batch", "frames", self.spec["encoder"]["latent_dim"]))

    def _give_latents(self, graph: Graph, latents: str) -> None:
        graph.output("latents", latents, "float32", ("batch", "frames", self.spec["encoder"]["latent_dim"]))

    def _take_codes(self, graph: Graph, dtype: str) -> str:
        return graph.input("codes", dtype, ("batch", "codebooks", "frames"))

    def _give_codes(self, graph: Graph, codes: str, dtype: str) -> None:
        spec = self.spec["quantizer"]
        depth = len(spec.get("strides", ())) or spec["num_codebooks"]
        graph.output("codes", codes, dtype, ("batch", depth, "frames"))

    def _check_int32(self) -> None:
        stage = self.spec["quantizer"].get("stage", self.spec["quantizer"])
        size = stage.get("codebook_size") or math.prod(stage["levels"])
        if size > 2**31:
            raise ConfigError(f"its codes have {size} values, int32 has room for {2**31}")

    def _built(self, name: str, build: Callable[[Graph, Mapping[str, np.ndarray]], None]) -> Graph:
        graph, weights = Graph(name), _Watched(self.weights)
        try:
            build(graph, weights)
        except ConfigError as error:
            raise ModelError(f"the {name} has no ONNX form ({error})") from error
        except (KeyError, IndexError, TypeError, ValueError) as error:
            raise ModelError(f"the weights of the {name} do not fit the description ({error!r})") from error
        unused = {key for key in weights if key.startswith(f"{name}.body.")} - weights.used
        if unused:
            raise ModelError(f"the weights of the {name} do not fit the description (unused: {min(unused)})")
        return graph
