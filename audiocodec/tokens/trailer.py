"""The end of a token file: how long it is and where its pages lie."""

from __future__ import annotations

import os
import struct
import zlib
from dataclasses import dataclass
from typing import BinaryIO

import numpy as np

from audiocodec.errors import DamagedFileError

SYNC = b"SK"
FOOTER = struct.Struct("<I4s")  # bytes of the table, end magic
END_MAGIC = b"FSQ\x1a"
_PREFIX = struct.Struct("<2sBIQQ")  # sync, width, pages, frames, samples
MIN_BYTES = _PREFIX.size + 4 + FOOTER.size


@dataclass(frozen=True)
class Trailer:
    """Attributes: samples (source, each channel), frames in all, page_sizes in bytes."""

    samples: int
    frames: int
    page_sizes: np.ndarray

    def to_bytes(self) -> bytes:
        """Table, CRC and footer."""
        width = 2 if self.page_sizes.max(initial=0) < 2**16 else 4
        table = _PREFIX.pack(SYNC, width, len(self.page_sizes), self.frames, self.samples)
        table += self.page_sizes.astype(f"<u{width}").tobytes()
        table += struct.pack("<I", zlib.crc32(table))
        return table + FOOTER.pack(len(table), END_MAGIC)

    @classmethod
    def parse(cls, data: bytes, name: str) -> Trailer:
        """Bytes of table and footer -> trailer.

        Raises:
            DamagedFileError: cut short, or the checksum does not match.
        """
        table = data[: -FOOTER.size]
        if len(data) < MIN_BYTES or FOOTER.unpack(data[-FOOTER.size :]) != (len(table), END_MAGIC):
            raise DamagedFileError(f"{name}: the seek table at the end is cut short or damaged")
        sync, width, pages, frames, samples = _PREFIX.unpack_from(table)
        checked = zlib.crc32(table[:-4]) == int.from_bytes(table[-4:], "little")
        if not checked or sync != SYNC or width not in (2, 4) or len(table) != _PREFIX.size + pages * width + 4:
            raise DamagedFileError(f"{name}: the seek table is damaged (checksum does not match)")
        sizes = np.frombuffer(table, f"<u{width}", pages, _PREFIX.size).astype(np.int64)
        return cls(samples, frames, sizes)

    @classmethod
    def find(cls, file: BinaryIO, name: str) -> tuple[Trailer | None, int]:
        """By way of the footer, and where it starts; None and the file's size if it is missing or damaged."""
        size = file.seek(0, os.SEEK_END)
        if size < MIN_BYTES:
            return None, size
        file.seek(size - FOOTER.size)
        length, magic = FOOTER.unpack(file.read(FOOTER.size))
        start = size - FOOTER.size - length
        if magic != END_MAGIC or start < 0 or length > MIN_BYTES + size // 3:  # a page takes 13 bytes, its entry 4
            return None, size
        file.seek(start)
        try:
            return cls.parse(file.read(length + FOOTER.size), name), start
        except DamagedFileError:
            return None, size
