"""From a description, as it stands in YAML, to a network."""

from __future__ import annotations

import difflib
import inspect
from collections.abc import Callable, Mapping
from typing import Any

from audiocodec.errors import ConfigError
from audiocodec.model import quantize
from audiocodec.model.decoder import ConvDecoder
from audiocodec.model.decoder_istft import ISTFTDecoder
from audiocodec.model.encoder import Encoder
from audiocodec.model.network import CodecModel

PARTS: dict[str, dict[str, Callable[..., Any]]] = {
    "encoder": {"Encoder": Encoder},
    "quantizer": {
        name: getattr(quantize, name) for name in quantize.__all__ if name not in ("Quantizer", "QuantizeResult")
    },
    "decoder": {"ConvDecoder": ConvDecoder, "ISTFTDecoder": ISTFTDecoder},
}


def call(function: Callable[..., Any], arguments: Mapping[str, Any], where: str) -> Any:
    """`function(**arguments)`, refusing unknown and missing names in one sentence.

    Raises:
        ConfigError: a name is unknown or missing, or the function refuses a value.
    """
    parameters = inspect.signature(function).parameters
    for key in arguments:
        if key not in parameters:
            near = difflib.get_close_matches(key, parameters, 1)
            hint = f"did you mean {near[0]!r}" if near else f"known: {', '.join(parameters)}"
            raise ConfigError(f"{where}: unknown key {key!r} ({hint})")
    for name, parameter in parameters.items():
        if parameter.default is parameter.empty and name not in arguments:
            raise ConfigError(f"{where}: {name!r} is missing")
    try:
        return function(**arguments)
    except (TypeError, ValueError) as error:
        raise ConfigError(f"{where}: {error}") from error


def _part(kind: str, spec: Mapping[str, Any]) -> Any:
    arguments = dict(spec)
    name = arguments.pop("type", None)
    if name not in PARTS[kind]:
        raise ConfigError(f"{kind}: type is {name!r}, known: {', '.join(sorted(PARTS[kind]))}")
    if "stage" in arguments:
        stage = arguments["stage"]
        arguments["stage"] = lambda: _part(kind, stage)
    return call(PARTS[kind][name], arguments, kind)


def build_model(spec: Mapping[str, Any]) -> CodecModel:
    """A network with random weights from the `model` section of a configuration.

    Args:
        spec: `sample_rate` and the parts `encoder`, `quantizer`, `decoder`, each with its
            `type` and the keywords of that class. `ResidualVQ` takes a nested `stage`.

    Raises:
        ConfigError: a key is unknown or missing, or the parts do not fit.
    """
    arguments = {key: _part(key, value) if key in PARTS else value for key, value in spec.items()}
    return call(CodecModel, arguments, "model")
