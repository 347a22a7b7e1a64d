"""Calls by keywords that come from a file."""

from __future__ import annotations

import difflib
import inspect
from collections.abc import Callable, Mapping
from typing import Any, TypeVar

from audiocodec.errors import ConfigError

T = TypeVar("T")
ANY_NUMBER = inspect.Parameter.VAR_POSITIONAL, inspect.Parameter.VAR_KEYWORD  # *args and **kwargs: of none, too


def call(function: Callable[..., T], arguments: Mapping[str, Any], where: str) -> T:
    """`function(**arguments)`, refusing unknown and missing names in one sentence.

    Args:
        function: to call.
        arguments: its keywords.
        where: the section they come from, for the message.

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
        if parameter.default is parameter.empty and parameter.kind not in ANY_NUMBER and name not in arguments:
            raise ConfigError(f"{where}: {name!r} is missing")
    try:
        return function(**arguments)
    except (TypeError, ValueError) as error:
        raise ConfigError(f"{where}: {error}") from error
