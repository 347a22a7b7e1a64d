"""Walks through the pages of an Ogg file. See [RFC 3533](https://www.rfc-editor.org/rfc/rfc3533)."""

from __future__ import annotations

import mmap
import zlib
from dataclasses import dataclass
from typing import BinaryIO

FIRST, LAST = 2, 4  # flags of a page: of its stream
MIRRORED = bytes(int(f"{byte:08b}"[::-1], 2) for byte in range(256))  # bits of a byte in the other order


@dataclass
class Walk:
    """What a file holds.

    Attributes:
        chained: another stream begins after the first.
        ended: the file ends with the last page of a stream.
        rest: bytes at the end that are of no page.
        damaged: pages that do not match their checksum.
        lost: pages that are not there, by the numbers of those that are.
        late: the first page with sound is not that which follows the headers, as where a broadcast was recorded.
    """

    chained: bool = False
    ended: bool = False
    rest: int = 0
    damaged: int = 0
    lost: int = 0
    late: bool = False


def checksum(page: bytes) -> int:
    """CRC of a page, its own field counted as zeros: that of zlib with the bits of all bytes in the other order."""
    crc = zlib.crc32((page[:22] + bytes(4) + page[26:]).translate(MIRRORED), 0xFFFFFFFF) ^ 0xFFFFFFFF
    return int.from_bytes(crc.to_bytes(4, "big").translate(MIRRORED), "little")


def walk(file: BinaryIO, file_size: int) -> Walk | None:
    """All pages of a file; None if it does not begin with one."""
    if file_size < 27:
        return None
    with mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) as data:
        if data[:4] != b"OggS":
            return None
        found, at, begun = Walk(), 0, False
        before: dict[int, tuple[int, bool]] = {}  # of each stream: number of its last page, and whether it had sound
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
            _count(found, data[at:end], before)
            at = end
        return found


def _count(found: Walk, page: bytes, before: dict[int, tuple[int, bool]]) -> None:
    """Count what a page says about itself and about those before it in its stream."""
    stream, number, crc = (int.from_bytes(page[i : i + 4], "little") for i in (14, 18, 22))
    last, sounded = before.get(stream, (number - 1, False))
    if checksum(page) != crc:
        found.damaged += 1
        if stream in before:
            before[stream] = last + 1, True
        return
    position = int.from_bytes(page[6:14], "little", signed=True)  # headers have 0, pages within a packet -1
    sounds = sounded or position > 0
    if number > last + 1:
        if sounds and not sounded:
            found.late = True
        else:
            found.lost += number - last - 1
    before[stream] = number, sounds
