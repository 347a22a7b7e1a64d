"""Rebuilds the seek table of a damaged file."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import BinaryIO

import numpy as np

from audiocodec.errors import DamagedFileError
from audiocodec.tokens.recovery.scan import Scan, Span, scanned
from audiocodec.tokens.trailer import Trailer


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

    Damaged pages in the middle are copied as they are: their frames keep their place, `verify` goes
    on naming them, and all others can be read. Bytes that are of no page, as a half one at the end, are left out.
    If fewer frames are there than the samples take, the number of samples is lowered.

    Raises:
        TokenFileError: it is no token file, or its header is damaged.
    """
    with scanned(path) as scan:
        spans = [span for span in scan.spans() if span.pages]
        frames = sum(span.frames for span in spans)
        samples = _samples(scan, frames)
        sizes = np.array([size for span in spans for size in _sizes(span)], np.int64)
        before = scan.header.samples if scan.trailer is None else scan.trailer.samples
        written = output.write(replace(scan.header, samples=samples).to_bytes())
        for span in spans:
            written += output.write(scan.data[span.start : span.end])
        end = Trailer(samples, frames, sizes)
        output.write(end.to_bytes())
        dropped = scan.end - scan.start - int(sizes.sum())
        damaged = sum(span.pages for span in spans if span.error)
        return Repaired(len(sizes), damaged, dropped, before, samples)


def _sizes(span: Span) -> Iterator[int]:
    """Bytes of each page; those of lost ones are not known, but their sum is."""
    length = span.end - span.start
    for i in range(span.pages):
        yield length * (i + 1) // span.pages - length * i // span.pages


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
