"""Walks through the pages of an Ogg file. See [RFC 3533](https://www.rfc-editor.org/rfc/rfc3533)."""

from __future__ import annotations

import mmap
from dataclasses import dataclass
from typing import BinaryIO

FIRST, LAST = 2, 4  # flags of a page: of its stream


@dataclass
class Walk:
    """What a file holds.

    Attributes:
        chained: another stream begins after the first.
        ended: the file ends with the last page of a stream.
        rest: bytes at the end that are of no page.
    """

    chained: bool = False
    ended: bool = False
    rest: int = 0


def walk(file: BinaryIO, file_size: int) -> Walk | None:
    """All pages of a file; None if it does not begin with one."""
    if file_size < 27:
        return None
    with mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) as data:
        if data[:4] != b"OggS":
            return None
        found, at, begun = Walk(), 0, False
        while at < len(data):
            segments = data[at + 26] if at + 27 <= len(data) else 0
            end = at + 27 + segments + sum(data[at + 27 : at + 27 + segments])
            if data[at : at + 4] != b"OggS" or end > len(data) or at + 27 > len(data):
                following = data.find(b"OggS", at + 1)
                found.ended, found.rest = found.ended and following < 0, len(data) - at
                at = following if following >= 0 else len(data)
                continue
            flags = data[at + 5]
            found.chained |= begun and bool(flags & FIRST)
            begun |= not flags & FIRST
            found.ended, found.rest = bool(flags & LAST), 0
            at = end
        return found
