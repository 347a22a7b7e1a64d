"""Rebuilds the seek table of a damaged file."""

from __future__ import annotations

from array import array
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import BinaryIO

import numpy as np

from audiocodec.errors import DamagedFileError
from audiocodec.tokens import page
from audiocodec.tokens.recovery.scan import Scan, scanned
from audiocodec.tokens.trailer import Trailer

LEAST_BYTES = page.OVERHEAD + 1  # of a page: what takes less was never one


@dataclass(frozen=True)
class Repaired:
    """Attributes: pages kept, those of them that are damaged still, bytes left out, samples before and after."""

    pages: int
    damaged: int
    bytes_dropped: int
    samples_before: int | None
    samples: int


def repair(path: Path, output: BinaryIO) -> Repaired:
    """Copy header and pages and write a new trailer.

    Damaged pages in the middle are copied as they are, and zeros take the place of those that are gone: their frames
    keep their place, `verify` goes on naming them, and all others can be read. Bytes that are of no page, as a half one
    at the end, are left out.
    If fewer frames are there than the samples take, the number of samples is lowered.

    Raises:
        TokenFileError: it is no token file, or its header is damaged.
    """
    with scanned(path) as scan:
        spans = [span for span in scan.spans() if span.pages]
        frames = sum(span.frames for span in spans)
        samples = _samples(scan, frames)
        sizes = array("q")
        before = scan.header.samples if scan.trailer is None else scan.trailer.samples
        output.write(replace(scan.header, samples=samples).to_bytes())
        for span in spans:
            data = scan.data[span.start : span.end].ljust(span.pages * LEAST_BYTES, b"\0")
            sizes.extend(_sizes(span.pages, len(data)))
            output.write(data)
        output.write(Trailer(samples, frames, np.array(sizes, np.int64)).to_bytes())
        dropped = scan.end - scan.start - sum(span.end - span.start for span in spans)
        damaged = sum(span.pages for span in spans if span.error)
        return Repaired(len(sizes), damaged, dropped, before, samples)


def _sizes(pages: int, length: int) -> Iterator[int]:
    """Bytes of each page; those of lost ones are not known, but their sum is."""
    for i in range(pages):
        yield length * (i + 1) // pages - length * i // pages


def _samples(scan: Scan, frames: int) -> int:
    """What is claimed, if the frames are there for it; or else as many samples as they hold.

    Raises:
        DamagedFileError: no number of samples takes that many frames.
    """
    claims = [scan.header.samples] + ([scan.trailer.samples] if scan.trailer else [])
    for samples in [*claims, scan.header.held_samples(frames)]:
        if samples is not None and replace(scan.header, samples=samples).expected_frames() == frames:
            return samples
    raise DamagedFileError(f"{scan.name}: cannot be repaired, no sound takes the {frames} frames that are left")
