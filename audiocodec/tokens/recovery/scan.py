"""Finds the pages of a file that may be damaged: by its seek table, or else by looking for them."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from audiocodec.errors import DamagedFileError
from audiocodec.tokens import page, trailer
from audiocodec.tokens.file_bytes import FileBytes
from audiocodec.tokens.header import Header
from audiocodec.tokens.reader import opened
from audiocodec.tokens.trailer import Trailer

LOST_AT_ONCE = 256  # pages in a row that may be missing and the next one still be found
PATIENCE = 1 << 30  # bytes put under a checksum in search of a page, at most: about a second


@dataclass(frozen=True)
class Span:
    """A stretch of bytes between header and trailer.

    Attributes:
        index: of the page, or of the first one lost.
        start: where it begins.
        end: position after it.
        pages: 1, or how many are lost here; 0 for bytes that are of no page.
        frames: in all of them.
        error: what is wrong, or empty.
    """

    index: int
    start: int
    end: int
    pages: int
    frames: int
    error: str = ""


@dataclass(frozen=True)
class Scan:
    """An open file with an intact header.

    Attributes:
        name: for messages.
        data: the whole file.
        header: what it says of itself.
        start: where its pages start.
        end: where they end.
        trailer: None: missing or damaged.
    """

    name: str
    data: FileBytes
    header: Header
    start: int
    end: int
    trailer: Trailer | None

    def spans(self) -> Iterator[Span]:
        """All pages, intact or damaged, in order. Memory does not grow with their number."""
        if self.trailer is not None and self.trailer.page_sizes.sum() == self.end - self.start:
            return self._listed(self.trailer)
        return self._searched()

    def _listed(self, found: Trailer) -> Iterator[Span]:
        at, left = self.start, found.frames
        for index, size in enumerate(found.page_sizes):
            end, frames, error = at + int(size), max(0, min(self.header.frames_per_page, left)), ""
            frames = frames if size > page.OVERHEAD else 0  # no page was ever there: no silence in its place
            try:
                frames = page.frames_of(self.header, index, self.data[at:end], self.name)
            except DamagedFileError as problem:
                error = str(problem)
            yield Span(index, at, end, 1, frames, error)
            at, left = end, left - self.header.frames_per_page

    def _searched(self) -> Iterator[Span]:
        at, index, patience = self.start, 0, PATIENCE
        while at < self.end:
            intact = self._page(index, at)
            if intact is None:
                if self.trailer is None and self.data[at : at + 2] == trailer.SYNC:
                    return
                intact, patience = self._next_page(index, at, patience)
                yield self._lost(index, at, intact)
                if intact is None:
                    return
            yield intact
            at, index = intact.end, intact.index + 1

    def _framed(self, at: int) -> tuple[int, bytes]:
        """Frames and bytes of what could be a page at a place, its checksum aside; 0 if nothing could."""
        prefix = self.data[at : min(at + page.PREFIX.size, self.end)]
        if len(prefix) < page.PREFIX.size or prefix[:2] != page.SYNC:
            return 0, b""
        _, coder, frames, length = page.PREFIX.unpack(prefix)
        end = at + page.OVERHEAD + length
        if end > self.end or not page.plausible(self.header, coder, frames, length):
            return 0, b""
        return frames, self.data[at:end]

    def _page(self, index: int, at: int) -> Span | None:
        """The page that stands at a place, if it is intact."""
        frames, data = self._framed(at)
        if frames and data[-4:] == page.checksum(index, data[:-4]):
            return Span(index, at, at + len(data), 1, frames)
        return None

    def _next_page(self, index: int, at: int, patience: int) -> tuple[Span | None, int]:
        """The first intact page after the damage, and what is left of patience."""
        while (at := self.data.find(page.SYNC, at, self.end)) >= 0 and patience > 0:
            frames, data = self._framed(at)
            for candidate in range(index, index + LOST_AT_ONCE) if frames else ():
                if data[-4:] == page.checksum(candidate, data[:-4]):
                    return Span(candidate, at, at + len(data), 1, frames), patience
                patience -= len(data)
                if patience < 0:
                    break
            at += 1
        return None, patience

    def _lost(self, index: int, at: int, intact: Span | None) -> Span:
        """What lies between the last intact page and the next."""
        each = self.header.frames_per_page
        if intact is not None:
            pages = intact.index - index
            what = f"page {index} is damaged" if pages == 1 else f"pages {index} to {intact.index - 1} are damaged"
            error = f"{what} (checksum does not match)" if pages else f"{intact.start - at} bytes are of no page"
            return Span(index, at, intact.start, pages, pages * each, f"{self.name}: {error}")
        if self.trailer is None:
            return Span(index, at, self.end, 0, 0, f"{self.name}: is cut short inside page {index}")
        pages = max(0, len(self.trailer.page_sizes) - index)
        frames = min(pages * each, max(0, self.trailer.frames - index * each))
        return Span(index, at, self.end, pages, frames, f"{self.name}: all is damaged from page {index} on")


@contextmanager
def scanned(path: Path) -> Iterator[Scan]:
    """A file to be scanned.

    Raises:
        TokenFileError: it cannot be opened, is no token file, or its header is damaged.
    """
    with opened(path, search=True) as file:
        header = Header.read(file, str(path))
        start = file.tell()
        found, end = Trailer.find(file, str(path))
        with contextlib.closing(FileBytes(path)) as data:
            yield Scan(str(path), data, header, start, max(start, end), found)


NO_TABLE = "the seek table at the end is missing or damaged"
