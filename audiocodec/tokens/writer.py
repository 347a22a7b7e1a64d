"""Writes a token file page by page, without knowing its length."""

from __future__ import annotations

import io
from array import array
from collections.abc import Sequence
from dataclasses import replace
from typing import BinaryIO

import numpy as np

from audiocodec.errors import TokenFileError
from audiocodec.tokens.depths import check_present
from audiocodec.tokens.entropy.model import EntropyModel
from audiocodec.tokens.header import Header
from audiocodec.tokens.page import PageCodec
from audiocodec.tokens.trailer import Trailer


class TokenWriter:
    """Collects codes into pages and writes each when it is full.

    Args:
        file: written from where it is. If it can seek, `close` puts the sample count into the header; in a pipe it
            stands in the trailer only.
        header: `samples` may be None.
        entropy: entropy models that the header may name, beside those that `find_entropy` finds.

    Raises:
        TokenFileError: the header holds values that no file may have, or the entropy model is not here.
    """

    def __init__(self, file: BinaryIO, header: Header, entropy: Sequence[EntropyModel] = ()) -> None:
        self.header = header
        self._pages = PageCodec(header, entropy, header.model)
        self._file = file
        self._pending = np.zeros((header.rows, header.num_codebooks, 0), np.int64)
        self._sizes = array("q")
        self._frames = 0
        self.bytes_written = 0
        self._start = file.tell() if _can_seek(file) else None
        self._write(header.to_bytes())

    def _write(self, data: bytes) -> None:
        self._file.write(data)
        self.bytes_written += len(data)

    def push(self, codes: np.ndarray) -> None:
        """codes: "r q t", any t; r = `header.rows`, q = `header.num_codebooks`; `NO_CODE` where the header allows it.

        Raises:
            TokenFileError: the shape or a code does not fit the header.
        """
        header = self.header
        if codes.ndim != 3 or codes.shape[:2] != (header.rows, header.num_codebooks):
            raise TokenFileError(
                f"codes have shape {codes.shape}, the file takes ({header.rows}, {header.num_codebooks}, t)"
            )
        if codes.size and not header.least_code <= codes.min() <= codes.max() < header.codebook_size:
            raise TokenFileError(f"a code is outside [{header.least_code}, {header.codebook_size})")
        self._pending = np.concatenate([self._pending, codes.astype(np.int64)], axis=2)
        size = header.frames_per_page
        while self._pending.shape[2] >= size:
            self._page(self._pending[:, :, :size])
            self._pending = self._pending[:, :, size:]

    def _page(self, codes: np.ndarray) -> None:
        check_present(codes, self.header.variable, self.header.strides)
        data = self._pages.build(len(self._sizes), codes)
        self._write(data)
        self._file.flush()  # whoever reads the pipe gets each page as it is made
        self._sizes.append(len(data))
        self._frames += codes.shape[2]

    def close(self, samples: int) -> None:
        """Write the last page and the trailer.

        Args:
            samples: of each source channel.

        Raises:
            TokenFileError: they do not take as many frames as were written.
        """
        frames = self._frames + self._pending.shape[2]
        needed = replace(self.header, samples=samples).expected_frames()
        if frames != needed:
            raise TokenFileError(f"{samples} samples take {needed} frames, but the codes have {frames}")
        if self._pending.shape[2]:
            self._page(self._pending)
        self._write(Trailer(samples, self._frames, np.array(self._sizes, np.int64)).to_bytes())
        if self.header.samples is None and self._start is not None:
            self.header = replace(self.header, samples=samples)
            end = self._file.tell()
            self._file.seek(self._start)
            self._file.write(self.header.to_bytes())
            self._file.seek(end)


def _can_seek(file: BinaryIO) -> bool:
    try:
        return file.seekable()
    except (AttributeError, io.UnsupportedOperation):
        return False
