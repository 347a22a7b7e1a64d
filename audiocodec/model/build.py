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


def _quantizer(spec: Mapping[str, Any]) -> Quantizer:
    arguments = dict(spec)
    name = arguments.pop("type", None)
    if name not in QUANTIZERS:
        raise ConfigError(f"quantizer: type is {name!r}, known: {', '.join(sorted(QUANTIZERS))}")
    if "stage" in arguments:
        stage = arguments["stage"]
        arguments["stage"] = lambda: _quantizer(stage)
    return call(QUANTIZERS[name], arguments, "quantizer")


BUILDERS: dict[str, Callable[[Mapping[str, Any]], nn.Module]] = {
    "encoder": lambda spec: Encoder(plan.read("encoder", spec)),
    "quantizer": _quantizer,
    "decoder": lambda spec: ConvDecoder(plan.read("decoder", spec)),
}


def build_model(spec: Mapping[str, Any]) -> CodecModel:
    """A network with random weights from the `model` section of a configuration.

    Args:
        spec: `sample_rate` and the parts `encoder`, `quantizer`, `decoder`, each with its `type` and the
            keywords of that class or of that function of `audiocodec.model.plan`. `ResidualVQ` takes a nested `stage`.

    Raises:
        ConfigError: a key is unknown or missing, or the parts do not fit.
    """
    arguments = {key: BUILDERS[key](value) if key in BUILDERS else value for key, value in spec.items()}
    return call(CodecModel, arguments, "model")
