"""Reads a token file page by page; memory does not grow with its length."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import BinaryIO

import numpy as np

from audiocodec.container import page, trailer
from audiocodec.container.header import Header
from audiocodec.container.trailer import Trailer
from audiocodec.errors import DamagedFileError, TokenFileError


@dataclass(frozen=True)
class Page:
    """A stretch of frames.

    Attributes:
        index: of the page, from 0.
        frames: that it covers.
        codes: "b q t", or None where salvage met damage.
        error: what was wrong, if anything.
    """

    index: int
    frames: int
    codes: np.ndarray | None
    error: str = ""


class TokenReader:
    """Reads the header at once and pages one after the other.

    Args:
        file: binary, positioned at its start; it need not seek.
        name: for messages.

    Attributes:
        header: of the file. Its sample count is None if a pipe wrote the file.
        trailer: known once all pages are read.

    Raises:
        TokenFileError: see `Header.read`.
    """

    def __init__(self, file: BinaryIO, name: str) -> None:
        self.name, self._file = name, file
        self.header = Header.read(file, name)
        self.trailer: Trailer | None = None

    def raw_pages(self) -> Iterator[bytes]:
        """Bytes of each page, lengths checked, checksums not yet.

        Raises:
            DamagedFileError: the file ends early, or goes on behind its end.
        """
        largest = page.payload_bytes(self.header, self.header.frames_per_page)
        sizes: list[int] = []
        while True:
            prefix = self._file.read(page.PREFIX.size)
            if prefix[:2] == trailer.SYNC:
                self.trailer = self._end(prefix, sizes)
                return
            if len(prefix) < page.PREFIX.size:
                raise DamagedFileError(f"{self.name}: is cut short behind page {len(sizes) - 1}")
            sync, _, _, length = page.PREFIX.unpack(prefix)
            if sync != page.SYNC or length > largest:
                raise DamagedFileError(f"{self.name}: page {len(sizes)} is damaged (no page starts there)")
            rest = self._file.read(length + 4)
            if len(rest) < length + 4:
                raise DamagedFileError(f"{self.name}: is cut short inside page {len(sizes)}")
            sizes.append(len(prefix) + len(rest))
            yield prefix + rest

    def _end(self, start: bytes, sizes: list[int]) -> Trailer:
        limit = trailer.MIN_BYTES + 4 * len(sizes) + 1
        found = Trailer.parse(start + self._file.read(limit), self.name)
        if found.page_sizes.tolist() != sizes:
            raise DamagedFileError(f"{self.name}: the seek table does not fit the pages before it")
        if self.header.samples is not None and found.samples != self.header.samples:
            raise DamagedFileError(f"{self.name}: header and trailer disagree about the number of samples")
        return found

    def __iter__(self) -> Iterator[np.ndarray]:
        """Codes "b q t" of each page; the whole file is checked on the way.

        Raises:
            DamagedFileError: any damage, the page named.
        """
        frames = 0
        for index, data in enumerate(self.raw_pages()):
            codes = page.parse(self.header, index, data, self.name)
            if frames % self.header.frames_per_page:
                raise DamagedFileError(f"{self.name}: page {index - 1} is short but not the last")
            frames += codes.shape[2]
            yield codes
        self._check_length(frames)

    def _check_length(self, frames: int) -> None:
        assert self.trailer is not None
        header = self.header
        needed = frames_needed(header, self.trailer.samples)
        if self.trailer.frames != frames or frames != needed:
            raise DamagedFileError(
                f"{self.name}: promises {self.trailer.samples} samples, which take {needed} frames, but holds {frames}"
            )


def frames_needed(header: Header, samples: int) -> int:
    """Frames that `samples` source samples take in a file with this header."""
    return replace(header, samples=samples).expected_frames() or 0


def _trailer_of(file: BinaryIO, name: str) -> Trailer | None:
    """The trailer by way of the footer, or None if it is missing or damaged."""
    size = file.seek(0, os.SEEK_END)
    if size < trailer.MIN_BYTES:
        return None
    file.seek(size - trailer.FOOTER.size)
    length, _ = trailer.FOOTER.unpack(file.read(trailer.FOOTER.size))
    if length + trailer.FOOTER.size > size:
        return None
    file.seek(size - trailer.FOOTER.size - length)
    try:
        return Trailer.parse(file.read(length + trailer.FOOTER.size), name)
    except DamagedFileError:
        return None


def total_samples(path: Path, header: Header) -> int | None:
    """Source samples, by the header or, if a pipe wrote it, by the trailer; None if both are silent."""
    if header.samples is not None:
        return header.samples
    with opened(path) as file:
        found = _trailer_of(file, str(path))
    return found.samples if found else None


def _page_spans(header: Header, found: Trailer | None, start: int, size: int) -> Iterator[tuple[int, int]]:
    """Bytes and frames of each page, by the trailer, or by the size that full pages have."""
    whole = page.OVERHEAD + page.payload_bytes(header, header.frames_per_page)
    if found is not None:
        frames = found.frames
        for length in found.page_sizes.tolist():
            yield length, min(header.frames_per_page, frames)
            frames -= header.frames_per_page
        return
    while start + whole <= size:
        yield whole, header.frames_per_page
        start += whole
    if start < size:
        yield size - start, 0


@contextmanager
def opened(path: Path) -> Iterator[BinaryIO]:
    """The file, open for reading.

    Raises:
        TokenFileError: it cannot be opened or read.
    """
    try:
        with path.open("rb") as file:
            yield file
    except IsADirectoryError as error:
        raise TokenFileError(f"{path}: is a folder, not a token file") from error
    except FileNotFoundError as error:
        raise TokenFileError(f"{path}: no such file") from error


def salvage(path: Path) -> Iterator[Page]:
    """Every page of a damaged file; those that are lost have `codes` None.

    Args:
        path: its header must be intact.

    Raises:
        TokenFileError: the header is not.
    """
    with opened(path) as file:
        header = Header.read(file, str(path))
        start = file.tell()
        found = _trailer_of(file, str(path))
        size = file.seek(0, os.SEEK_END)
        file.seek(start)
        for index, (length, frames) in enumerate(_page_spans(header, found, start, size)):
            data = file.read(length)
            yield _salvage_page(header, index, data, frames, str(path))
        if found is None:
            yield Page(-1, 0, None, f"{path}: the seek table at the end is missing or damaged")


def _salvage_page(header: Header, index: int, data: bytes, frames: int, name: str) -> Page:
    if frames == 0 and len(data) >= page.PREFIX.size:  # last page of a file without a trailer
        length = page.PREFIX.unpack_from(data)[3]
        data = data[: length + page.OVERHEAD]
    if len(data) < page.OVERHEAD:
        return Page(index, frames, None, f"{name}: is cut short inside page {index}")
    try:
        codes = page.parse(header, index, data, name)
    except DamagedFileError as error:
        return Page(index, frames, None, str(error))
    return Page(index, codes.shape[2], codes)


def verify(path: Path) -> list[str]:
    """What is wrong with a token file, a sentence each; empty if it is whole.

    Every byte of the file is under a checksum or compared, so any flipped bit is found.

    Raises:
        TokenFileError: it is no token file, or its header is damaged.
    """
    problems = [found.error for found in salvage(path) if found.error]
    if problems:
        return problems
    try:
        with opened(path) as file:
            for _ in TokenReader(file, str(path)):
                pass
    except TokenFileError as error:
        return [str(error)]
    return []
