"""The codec network and the models that come with the package. Names load on first use: descriptions need no torch."""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from audiocodec.models.codec import CodecModel
    from audiocodec.models.decoder_conv import ConvDecoder
    from audiocodec.models.decoder_istft import ISTFTDecoder
    from audiocodec.models.encoder import Encoder

_LAZY = {"CodecModel": "codec", "ConvDecoder": "decoder_conv", "Encoder": "encoder", "ISTFTDecoder": "decoder_istft"}

__all__ = ["CodecModel", "ConvDecoder", "Encoder", "ISTFTDecoder"]


def __getattr__(name: str) -> Any:
    if name in _LAZY:
        return getattr(importlib.import_module(f"audiocodec.models.{_LAZY[name]}"), name)
    raise AttributeError(f"module 'audiocodec.models' has no attribute {name!r}")
