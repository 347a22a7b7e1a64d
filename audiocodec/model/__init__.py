"""The codec network and the models that come with the package. Names load on first use: descriptions need no torch."""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from audiocodec.model.decoder import ConvDecoder
    from audiocodec.model.encoder import Encoder
    from audiocodec.model.network import CodecModel

_LAZY = {"CodecModel": "network", "ConvDecoder": "decoder", "Encoder": "encoder"}

__all__ = ["CodecModel", "ConvDecoder", "Encoder"]


def __getattr__(name: str) -> Any:
    if name in _LAZY:
        return getattr(importlib.import_module(f"audiocodec.model.{_LAZY[name]}"), name)
    raise AttributeError(f"module 'audiocodec.model' has no attribute {name!r}")
