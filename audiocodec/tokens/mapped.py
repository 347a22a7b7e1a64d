"""Any frames of a token file, without reading the others."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path
from types import TracebackType

import numpy as np

from audiocodec.errors import DamagedFileError
from audiocodec.tokens import page
from audiocodec.tokens.entropy.model import EntropyModel
from audiocodec.tokens.file_bytes import FileBytes
from audiocodec.tokens.header import Header
from audiocodec.tokens.reader import check_frames, opened
from audiocodec.tokens.recovery.scan import NO_TABLE
from audiocodec.tokens.trailer import Trailer


class TokenFile:
    """A whole token file, kept open; pages are checked and decoded when their frames are asked for.

    It can be sent to other processes, which open the file again.

    Args:
        path: of the file.
        entropy: entropy models that the header may name, beside those that `find_entropy` finds.

    Attributes:
        header: with the number of samples, whoever wrote the file.
        shape: "r q t" of all codes.
        entropy: the entropy models that were given.

    Raises:
        TokenFileError: it cannot be opened, is no token file, or its header or seek table is damaged.

    Example:
        >>> file = TokenFile("tests/golden/v1.fsq")
        >>> file.shape, file[40:60].shape
        ((2, 3, 103), (2, 3, 20))
    """

    def __init__(self, path: str | Path, entropy: Sequence[EntropyModel] = ()) -> None:
        self.path, self.entropy = Path(path), entropy
        name = str(path)
        with opened(self.path, search=True) as file:
            header = Header.read(file, name)
            start = file.tell()
            found, end = Trailer.find(file, name)
            if found is None:
                raise DamagedFileError(f"{name}: {NO_TABLE}; audiocodec repair makes a new one")
            if found.page_sizes.sum() != end - start:
                raise DamagedFileError(f"{name}: the seek table does not fit the pages; audiocodec repair mends it")
            check_frames(header, found, found.frames, name)
            self._data = FileBytes(self.path)
        self.header = replace(header, samples=found.samples)
        self.shape = (header.rows, header.num_codebooks, found.frames)
        self._bounds = start + np.concatenate([[0], np.cumsum(found.page_sizes)])
        self._pages = page.PageCodec(header, entropy, name)
        self._last: tuple[int, np.ndarray] | None = None

    def __enter__(self) -> TokenFile:
        return self

    def __exit__(self, kind: type | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self.close()

    def close(self) -> None:
        """Close the file."""
        self._data.close()

    def __reduce__(self) -> tuple[Callable[..., TokenFile], tuple[Path, Sequence[EntropyModel]]]:
        return TokenFile, (self.path, self.entropy)

    def __len__(self) -> int:
        return self.shape[2]

    def __getitem__(self, frames: slice) -> np.ndarray:
        """Codes "r q t" of some frames, int64.

        Raises:
            TypeError: not a slice, or one with a step.
            DamagedFileError: one of their pages is damaged.
            TokenFileError: the entropy model is not here.
        """
        if not isinstance(frames, slice) or frames.step not in (None, 1):
            raise TypeError("frames are taken by slices without a step: file[t0:t1]")
        start, stop, _ = frames.indices(len(self))
        each = self.header.frames_per_page
        first, end = start // each, -(-max(start, stop) // each)
        parts = [np.zeros((*self.shape[:2], 0), np.int64)]
        for index, codes in zip(range(first, end), self._decoded(first, end, stop - (end - 1) * each), strict=True):
            parts.append(codes[:, :, max(0, start - index * each) : stop - index * each])
        return np.concatenate(parts, axis=2)

    def _decoded(self, first: int, end: int, until: int) -> list[np.ndarray]:
        """Codes of neighbouring pages, of the last at least `until` frames; a whole one is kept for who reads on."""
        found = []
        if self._last is not None and self._last[0] == first < end:
            found.append(self._last[1])
        at_once, each = self._pages.pages_at_once, self.header.frames_per_page
        for index in range(first + len(found), end, at_once):
            chosen = range(index, min(index + at_once, end))
            alone = until if len(chosen) == 1 else None  # pages that are decoded together are decoded whole
            parts = self._pages.parse([(i, self._data[self._bounds[i] : self._bounds[i + 1]]) for i in chosen], alone)
            for i, codes in zip(chosen, parts, strict=True):
                whole = min(each, len(self) - i * each)
                if codes.shape[2] != whole and (alone is None or codes.shape[2] != min(alone, whole)):
                    raise DamagedFileError(f"{self.path}: page {i} has {codes.shape[2]} frames, which cannot be")
                found.append(codes)
        if found and found[-1].shape[2] == min(each, len(self) - (end - 1) * each):
            self._last = end - 1, found[-1]
        return found
