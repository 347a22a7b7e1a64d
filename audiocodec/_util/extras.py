"""Optional packages, imported where they are needed."""

from __future__ import annotations

import importlib
import importlib.util
from typing import Any

from audiocodec.errors import MissingExtraError


def require(module: str, extra: str, otherwise: str = "") -> Any:
    """Import `module`, or say which extra brings it, and what to do `otherwise`.

    Raises:
        MissingExtraError: it is not installed.
    """
    try:
        return importlib.import_module(module)
    except ModuleNotFoundError as error:
        package, instead = module.partition(".")[0], f", {otherwise}" if otherwise else ""
        raise MissingExtraError(
            f"{package} is not installed; get it with: pip install 'audiocodec[{extra}]'{instead}"
        ) from error


def installed(module: str) -> bool:
    """Whether `module` could be imported."""
    return importlib.util.find_spec(module) is not None
