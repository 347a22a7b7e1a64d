"""The bytes of an open file by slices. Unlike those of a map they may be gone without the process being killed."""

from __future__ import annotations

import os
import threading
import weakref
from pathlib import Path

from audiocodec.errors import TokenFileError

CHUNK = 1 << 20  # bytes looked through in one go


class FileBytes:
    """Bytes of a file; from several threads, too, and in processes that were forked.

    Args:
        path: of the file.

    Raises:
        TokenFileError: it cannot be opened.
    """

    def __init__(self, path: Path) -> None:
        try:
            self._file = os.open(path, os.O_RDONLY | getattr(os, "O_BINARY", 0))
        except OSError as error:
            raise TokenFileError(f"{path}: cannot be read ({error.strerror})") from error
        self._path, self._lock = path, threading.Lock()
        self._size = os.fstat(self._file).st_size
        self.close = weakref.finalize(self, os.close, self._file)

    def __len__(self) -> int:
        """When it was opened."""
        return self._size

    def __getitem__(self, place: slice) -> bytes:
        """Bytes of a slice without a step; fewer if the file was cut meanwhile.

        Raises:
            TokenFileError: it is closed.
        """
        if not self.close.alive:  # its number may be that of another file by now
            raise TokenFileError(f"{self._path}: is closed")
        start, stop, _ = place.indices(self._size)
        parts: list[bytes] = []
        while start < stop and (data := self._read(start, stop - start)):
            parts.append(data)
            start += len(data)
        return b"".join(parts)

    def _read(self, start: int, count: int) -> bytes:
        if hasattr(os, "pread"):  # moves nothing that other processes share
            return os.pread(self._file, count, start)
        with self._lock:
            os.lseek(self._file, start, os.SEEK_SET)
            return os.read(self._file, count)

    def find(self, wanted: bytes, start: int, end: int) -> int:
        """Where `wanted` begins first, between two places; -1: nowhere."""
        while start < end:
            data = self[start : min(end, start + CHUNK)]
            at = data.find(wanted)
            if at >= 0:
                return start + at
            if start + len(data) >= end or len(data) < len(wanted):
                return -1
            start += len(data) - len(wanted) + 1
        return -1
