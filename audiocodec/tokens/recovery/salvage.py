"""Takes what is intact out of a damaged file."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from audiocodec.errors import DamagedFileError
from audiocodec.tokens.entropy.model import EntropyModel
from audiocodec.tokens.page import PageCodec
from audiocodec.tokens.recovery.scan import NO_TABLE, scanned


@dataclass(frozen=True)
class Page:
    """A stretch of frames.

    Attributes:
        index: of the page, from 0.
        frames: that it covers.
        codes: "r q t", or None where they are lost.
        error: what was wrong, if anything.
    """

    index: int
    frames: int
    codes: np.ndarray | None
    error: str = ""


def salvage(path: Path, entropy: Sequence[EntropyModel] = ()) -> Iterator[Page]:
    """Every page of a damaged file; those that are lost have `codes` None.

    Args:
        path: its header must be intact.
        entropy: see `TokenReader`.

    Raises:
        TokenFileError: the header is not, or the entropy model is not here.
    """
    with scanned(path) as scan:
        pages = PageCodec(scan.header, entropy, str(path))
        for span in scan.spans():
            error = span.error
            if not error:
                try:
                    (codes,) = pages.parse([(span.index, scan.data[span.start : span.end])])
                    yield Page(span.index, span.frames, codes)
                    continue
                except DamagedFileError as problem:
                    error = str(problem)
            yield Page(span.index, span.frames, None, error)
        if scan.trailer is None:
            yield Page(-1, 0, None, f"{path}: {NO_TABLE}")
