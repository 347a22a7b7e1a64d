"""What is wrong with a sound file before it is read: no header is trusted."""

from __future__ import annotations

import mmap
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

from audiocodec.audio import container, mpeg, ogg

FLAC_STARTS = (b"fLaC\x00\x00\x00\x22", b"fLaC\x80\x00\x00\x22")
MPEG_ROOM = 4 * 1152  # samples that decoder delay and padding take at most
ENDLESS = 2**62  # samples: libsndfile's word for a length that is not known


@dataclass(frozen=True)
class Findings:
    """Sentences without a subject, empty if all is well.

    Attributes:
        cut: why the file is not whole; nothing reads more of it.
        unread: why libsndfile does not read all of it.
        note: what nobody reads of it, and what may be well so.
        spare: samples that libsndfile may find fewer than it promises.
    """

    cut: str = ""
    unread: str = ""
    note: str = ""
    spare: int = 0


def inspect(path: Path, frames: int | None) -> Findings:
    """Look at the layout of a file.

    Args:
        path: of the file.
        frames: samples of each channel that libsndfile is going to read; None: it reads nothing of the file.
    """
    size = path.stat().st_size
    with path.open("rb") as file:
        extent = container.find_extent(file, size)
        if extent is not None:
            return _of_extent(extent, size, frames)
        pages = ogg.walk(file, size)
        if pages is not None:
            return _of_pages(pages)
        if file.seek(0) == 0 and file.read(4) == b"fLaC":
            return _of_flac(file, frames)
        walked = mpeg.walk(file, size)
        return Findings() if walked is None else _of_walk(walked, frames)


def _of_extent(extent: container.Extent, file_size: int, frames: int | None) -> Findings:
    there = file_size - extent.start
    if extent.size is not None and extent.size > there:
        return Findings(cut=f"is cut short, {extent.size - there} bytes that its header promises are missing")
    if frames == 0 and (extent.size or extent.trailing):
        return Findings(unread=f"holds 0 samples by its header, but {extent.size or extent.trailing} bytes follow")
    note = f"{extent.trailing} bytes after its audio were not read" if extent.trailing > 0 else ""
    return Findings(note=note)


def _of_pages(pages: ogg.Walk) -> Findings:
    if not pages.ended:
        return Findings(cut="is cut short, its last page is missing")
    if pages.damaged or pages.lost:
        return Findings(cut=f"is damaged, pages are missing or fail their checksum ({pages.damaged + pages.lost})")
    if pages.chained:
        return Findings(unread="holds several streams one after the other, of which only the first is read")
    if pages.late:
        return Findings(note="begins in the middle of a stream, what was before that is not there")
    return Findings(note=f"{pages.rest} bytes after its audio were not read" if pages.rest else "")


def _of_flac(file: BinaryIO, frames: int | None) -> Findings:
    if frames is not None and frames >= ENDLESS:
        return Findings(unread="does not say how long it is")
    with mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) as data:
        joined = max(data.find(start, 4) for start in FLAC_STARTS)
        if joined < 0:
            return Findings()
        rest = len(data) - joined
    return Findings(cut=f"holds another FLAC file after its end, {rest} bytes that nothing here reads; split it")


def _of_walk(walked: mpeg.Walk, frames: int | None) -> Findings:
    if walked.promised > walked.samples + 1152:
        missing = walked.promised - walked.samples
        return Findings(cut=f"is cut short, {missing} samples that its header promises are missing")
    if walked.streams > 1:
        return Findings(unread="holds several MPEG streams one after the other, of which only the first is read")
    if frames is not None and abs(walked.samples - frames) > MPEG_ROOM:
        return Findings(unread=f"holds {walked.samples} samples, of which {frames} would be read")
    return Findings(spare=0 if walked.has_header else MPEG_ROOM)
