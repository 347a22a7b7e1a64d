"""From a description, as it stands in YAML, to a network."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from torch import nn

from audiocodec._util.keywords import call
from audiocodec.errors import ConfigError
from audiocodec.model import plan, quantize
from audiocodec.model.decoder import ConvDecoder
from audiocodec.model.encoder import Encoder
from audiocodec.model.network import CodecModel
from audiocodec.model.quantize import Quantizer

QUANTIZERS: dict[str, type[Quantizer]] = {
    name: getattr(quantize, name) for name in quantize.__all__ if name not in ("Quantizer", "QuantizeResult")
}
PARTS: dict[str, Mapping[str, Callable[..., Any]]] = {**plan.PARTS, "quantizer": QUANTIZERS}  # types by name


def build_quantizer(spec: Mapping[str, Any], known: Mapping[str, type[Quantizer]] = QUANTIZERS) -> Quantizer:
    """A quantizer from its section; see `build_model`."""
    arguments = dict(spec)
    name = arguments.pop("type", None)
    if name not in known:
        raise ConfigError(f"quantizer: type is {name!r}, known: {', '.join(sorted(known))}")
    if "stage" in arguments:
        stage = arguments["stage"]
        arguments["stage"] = lambda: build_quantizer(stage, known)
    return call(known[name], arguments, "quantizer")


def build_model(spec: Mapping[str, Any], quantizers: Mapping[str, type[Quantizer]] = QUANTIZERS) -> CodecModel:
    """A network with random weights from the `model` section of a configuration.

    Args:
        spec: `sample_rate` and the parts `encoder`, `quantizer`, `decoder`, each with its `type` and the
            keywords of that class or of that function of `audiocodec.model.plan`. `ResidualVQ` takes a nested `stage`.
        quantizers: those that can be named, by name.

    Raises:
        ConfigError: a key is unknown or missing, or the parts do not fit.
    """
    builders: dict[str, Callable[[Mapping[str, Any]], nn.Module]] = {
        "encoder": lambda part: Encoder(plan.read("encoder", part)),
        "quantizer": lambda part: build_quantizer(part, quantizers),
        "decoder": lambda part: ConvDecoder(plan.read("decoder", part)),
    }
    arguments = {key: builders[key](value) if key in builders else value for key, value in spec.items()}
    return call(CodecModel, arguments, "model")
