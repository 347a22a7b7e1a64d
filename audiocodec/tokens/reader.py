"""Reads a token file from its start, page by page; memory does not grow with its length."""

from __future__ import annotations

from array import array
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import BinaryIO

import numpy as np

from audiocodec._util.folders import why_no_file
from audiocodec.errors import DamagedFileError, TokenFileError
from audiocodec.tokens import page, trailer
from audiocodec.tokens.entropy.model import EntropyModel
from audiocodec.tokens.header import Header
from audiocodec.tokens.page import PageCodec
from audiocodec.tokens.trailer import Trailer


class TokenReader:
    """Reads the header immediately and pages one after the other.

    Args:
        file: binary, positioned at its start; it need not seek.
        name: for messages.
        entropy: entropy models that the header may name, beside those that `find_entropy` finds.
        live: give each page as soon as it is there. Otherwise some are decoded together, which is faster.

    Attributes:
        header: of the file. Its sample count is None if a pipe wrote the file.
        trailer: known once all pages are read.
        frames: given so far.

    Raises:
        TokenFileError: see `Header.read`.
    """

    def __init__(self, file: BinaryIO, name: str, entropy: Sequence[EntropyModel] = (), live: bool = False) -> None:
        self.name, self._file = name, file
        self.header = Header.read(file, name)
        self.pages = PageCodec(self.header, entropy, name)
        self.trailer: Trailer | None = None
        self.frames = 0
        self._at_once = 1 if live else self.pages.pages_at_once

    def raw_pages(self) -> Iterator[bytes]:
        """Bytes of each page, lengths checked, checksums not yet.

        Raises:
            DamagedFileError: the file ends early, or continues after its end.
        """
        largest = page.packed_bytes(self.header, self.header.frames_per_page)
        sizes = array("q")
        while True:
            prefix = self._file.read(page.PREFIX.size)
            if prefix[:2] == trailer.SYNC:
                self.trailer = self._end(prefix, sizes)
                return
            if len(prefix) < page.PREFIX.size:
                raise DamagedFileError(f"{self.name}: is cut short after {len(sizes)} pages")
            sync, _, _, length = page.PREFIX.unpack(prefix)
            if sync != page.SYNC or length > largest:
                raise DamagedFileError(f"{self.name}: page {len(sizes)} is damaged (no page starts there)")
            rest = self._file.read(length + 4)
            if len(rest) < length + 4:
                raise DamagedFileError(f"{self.name}: is cut short inside page {len(sizes)}")
            sizes.append(len(prefix) + len(rest))
            yield prefix + rest

    def _end(self, start: bytes, sizes: array[int]) -> Trailer:
        limit = trailer.MIN_BYTES + 4 * len(sizes) + 1
        found = Trailer.parse(start + self._file.read(limit), self.name)
        if not np.array_equal(found.page_sizes, sizes):
            raise DamagedFileError(f"{self.name}: the seek table does not fit the pages before it")
        if self.header.samples is not None and found.samples != self.header.samples:
            raise DamagedFileError(f"{self.name}: header and trailer disagree about the number of samples")
        return found

    def _batches(self) -> Iterator[list[tuple[int, bytes]]]:
        """Pages that are decoded together, with their indices; those before a damage come before its error."""
        batch: list[tuple[int, bytes]] = []
        try:
            for indexed in enumerate(self.raw_pages()):
                batch.append(indexed)
                if len(batch) == self._at_once:
                    yield batch
                    batch = []
        except DamagedFileError:
            yield batch
            raise
        yield batch

    def __iter__(self) -> Iterator[np.ndarray]:
        """Codes "r q t" of each page; the whole file is checked on the way.

        Raises:
            DamagedFileError: any damage, the page named.
            TokenFileError: the entropy model is not here.
        """
        for batch in self._batches():
            for (index, _), codes in zip(batch, self.pages.parse(batch), strict=True):
                if self.frames % self.header.frames_per_page:
                    raise DamagedFileError(f"{self.name}: page {index - 1} is short but not the last")
                self.frames += codes.shape[2]
                yield codes
        assert self.trailer is not None
        check_frames(self.header, self.trailer, self.frames, self.name)


def check_frames(header: Header, found: Trailer, frames: int, name: str) -> None:
    """Refuse a file that holds another number of frames than its samples take.

    Raises:
        DamagedFileError: it does.
    """
    if len(found.page_sizes) != -(-frames // header.frames_per_page):
        raise DamagedFileError(f"{name}: {len(found.page_sizes)} pages cannot hold {frames} frames")
    needed = replace(header, samples=found.samples).expected_frames()
    if found.frames != frames or frames != needed:
        raise DamagedFileError(
            f"{name}: promises {found.samples} samples, which take {needed} frames, but holds {frames}"
        )


@contextmanager
def opened(path: Path, search: bool = False) -> Iterator[BinaryIO]:
    """The file, open for reading.

    Args:
        path: of the file.
        search: it will be read from its end, too.

    Raises:
        TokenFileError: it cannot be opened, or is a pipe that is to be searched.
    """
    try:
        file = path.open("rb")
    except IsADirectoryError as error:
        raise TokenFileError(why_no_file(path, "a token file")) from error
    except FileNotFoundError as error:
        raise TokenFileError(f"{path}: no such file") from error
    except OSError as error:
        raise TokenFileError(f"{path}: cannot be read ({error.strerror})") from error
    with file:
        if search and not file.seekable():
            raise TokenFileError(f"{path}: is a pipe, which cannot be searched; copy it to a file first")
        yield file


@contextmanager
def open_tokens(path: Path, entropy: Sequence[EntropyModel] = ()) -> Iterator[TokenReader]:
    """A reader on a file.

    Raises:
        TokenFileError: the file cannot be opened or is no token file.
    """
    with opened(path) as file:
        yield TokenReader(file, str(path), entropy)


def total_samples(path: Path, header: Header) -> int | None:
    """Source samples, by the header or, if a pipe wrote it, by the trailer; None if both are silent."""
    if header.samples is not None:
        return header.samples
    with opened(path, search=True) as file:
        found, _ = Trailer.find(file, str(path))
    return found.samples if found else None
