"""A neural audio codec: speech and music to discrete tokens and back.

    >>> import audiocodec
    >>> codec = audiocodec.load("speech-16k")

Names are loaded on first use, so that importing this package costs next to nothing.
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

from audiocodec.errors import (
    AudioCodecError,
    AudioError,
    ConfigError,
    CutShortError,
    DamagedFileError,
    MissingExtraError,
    ModelError,
    OutputError,
    PacketError,
    TokenFileError,
    VersionError,
)

if TYPE_CHECKING:
    from audiocodec.audio import read, write
    from audiocodec.codec import Codec, FileReport, decode_file, encode_file, load
    from audiocodec.model.bundle import list_models
    from audiocodec.tokens import Tokens

__version__ = "0.1.0"

_LAZY = {
    "Codec": "audiocodec.codec",
    "FileReport": "audiocodec.codec",
    "Tokens": "audiocodec.tokens",
    "decode_file": "audiocodec.codec",
    "encode_file": "audiocodec.codec",
    "list_models": "audiocodec.model.bundle",
    "load": "audiocodec.codec",
    "read": "audiocodec.audio",
    "write": "audiocodec.audio",
}

__all__ = [
    "AudioCodecError",
    "AudioError",
    "Codec",
    "ConfigError",
    "CutShortError",
    "DamagedFileError",
    "FileReport",
    "MissingExtraError",
    "ModelError",
    "OutputError",
    "PacketError",
    "TokenFileError",
    "Tokens",
    "VersionError",
    "decode_file",
    "encode_file",
    "list_models",
    "load",
    "read",
    "write",
]


def __getattr__(name: str) -> Any:
    if name in _LAZY:
        return getattr(importlib.import_module(_LAZY[name]), name)
    raise AttributeError(f"module 'audiocodec' has no attribute {name!r}")


def __dir__() -> list[str]:
    return sorted([*globals(), *_LAZY])
