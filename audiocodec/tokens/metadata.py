"""Text that a token file carries: tags of the sound it was made from, and whatever a user adds."""

from __future__ import annotations

import struct
from collections.abc import Mapping

from audiocodec.errors import TokenFileError

MAX_ENTRIES = 64
MAX_NAME = 64  # bytes of UTF-8
MAX_BYTES = 32_768  # names, texts and their lengths together


def check(metadata: Mapping[str, str]) -> None:
    """Refuse what a header cannot hold.

    Raises:
        TokenFileError: too many entries, an empty or too long name, or too much text.
    """
    if not isinstance(metadata, Mapping):
        raise TokenFileError(f"metadata: is a mapping of names to texts, got {type(metadata).__name__}")
    if len(metadata) > MAX_ENTRIES:
        raise TokenFileError(f"metadata: {len(metadata)} entries, at most {MAX_ENTRIES} can be kept")
    for name, text in metadata.items():
        if not isinstance(name, str) or not isinstance(text, str):
            raise TokenFileError(f"metadata: names and texts are text, got {name!r}: {text!r}")
        try:
            length = len(name.encode())
            text.encode()
        except UnicodeEncodeError as error:
            raise TokenFileError(f"metadata: {name!r} is not text that UTF-8 can hold") from error
        if not 1 <= length <= MAX_NAME:
            raise TokenFileError(f"metadata: the name {name[:80]!r} has {length} bytes, must be 1 to {MAX_NAME}")
    size = len(to_bytes(metadata)) if all(len(t) <= MAX_BYTES for t in metadata.values()) else MAX_BYTES + 1
    if size > MAX_BYTES:
        raise TokenFileError(f"metadata: names and texts take more than {MAX_BYTES} bytes")


def to_bytes(metadata: Mapping[str, str]) -> bytes:
    """Names and texts as they stand in the header, in order of names; check them first."""
    parts = [bytes([len(metadata)])]
    for name in sorted(metadata):
        key, text = name.encode(), metadata[name].encode()
        parts += [bytes([len(key)]), key, struct.pack("<H", len(text)), text]
    return b"".join(parts)


def from_bytes(data: bytes) -> dict[str, str]:
    """Inverse of `to_bytes`; bytes after it are left alone.

    Raises:
        IndexError, struct.error, UnicodeDecodeError: cut short, or no text.
    """
    found, at = {}, 1
    for _ in range(data[0]):
        name_end = at + 1 + data[at]
        (length,) = struct.unpack_from("<H", data, name_end)
        end = name_end + 2 + length
        if end > len(data):
            raise IndexError("metadata is cut")
        found[data[at + 1 : name_end].decode()] = data[name_end + 2 : end].decode()
        at = end
    return found


def fitting(metadata: Mapping[str, str]) -> dict[str, str]:
    """As many entries as a header can hold, in their order: tags of a sound file must not keep it from being coded."""
    kept: dict[str, str] = {}
    for name, text in metadata.items():
        try:
            check({**kept, name: text})
        except TokenFileError:
            continue
        kept[name] = text
    return kept
