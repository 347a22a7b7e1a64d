"""Checks a token file without decoding it."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from audiocodec._util.times import clock
from audiocodec.errors import TokenFileError
from audiocodec.tokens.header import Header
from audiocodec.tokens.reader import check_frames
from audiocodec.tokens.recovery.scan import NO_TABLE, Scan, Span, scanned


@dataclass(frozen=True)
class Damage:
    """Something that is wrong with a token file.

    Attributes:
        sentence: what it is, the file named.
        start_s: where sound is lost, in seconds; None: none is.
        end_s: where that ends; None too if all the rest is lost and nobody knows how long that was.
    """

    sentence: str
    start_s: float | None = None
    end_s: float | None = None


def verify(path: Path) -> list[str]:
    """What is wrong with a token file, a sentence each; empty if it is whole.

    Every byte of the file is under a checksum or compared, so any flipped bit is found. No code is decoded.

    Raises:
        TokenFileError: it is no token file, or its header is damaged.
    """
    return [damage.sentence for damage in find_damage(path)]


def find_damage(path: Path) -> list[Damage]:
    """As `verify`, with the places in time.

    Raises:
        TokenFileError: it is no token file, or its header is damaged.
    """
    with scanned(path) as scan:
        frames, found, short = 0, list[Damage](), False
        for span in scan.spans():
            if short:
                found.append(Damage(f"{path}: page {span.index - 1} is short but not the last"))
            short = span.frames < scan.header.frames_per_page
            frames += span.frames
            found += [_of_span(scan, span)] if span.error else []
        if scan.trailer is None:
            cut = bool(found) and found[-1].start_s is not None and found[-1].end_s == _duration(scan)
            return [*found, *_without_end(scan, frames, cut)]
        problem = _of_trailer(scan, frames, not found)
        return [*found, Damage(problem)] if problem else found


def frame_time(header: Header, frame: int) -> float:
    """Where the sound of a frame begins, in seconds: `delay` samples before what the frame starts."""
    return max(0.0, (frame * header.hop_length - header.delay) / header.model_sample_rate)


def _of_span(scan: Scan, span: Span) -> Damage:
    header, first = scan.header, span.index * scan.header.frames_per_page
    start, total = frame_time(header, first), _duration(scan)
    if not span.frames:
        if span.pages or scan.trailer is not None:  # bytes of no page, or pages that never were
            return Damage(span.error)
        end = "its end" if total is None else clock(total)
        return Damage(f"{span.error}; sound is lost from {clock(start)} to {end}", start, total)
    end_s = frame_time(header, first + span.frames)
    end_s = end_s if total is None else min(end_s, total)
    return Damage(f"{span.error}; sound is lost from {clock(start)} to {clock(end_s)}", start, end_s)


def _duration(scan: Scan) -> float | None:
    samples = scan.trailer.samples if scan.trailer is not None else scan.header.samples
    return None if samples is None else samples / scan.header.sample_rate


def _without_end(scan: Scan, frames: int, cut: bool) -> list[Damage]:
    """The seek table is not there; is the end of the sound, unless it was found that it is `cut`?"""
    table = Damage(f"{scan.name}: {NO_TABLE}")
    expected, total, there = scan.header.expected_frames(), _duration(scan), frame_time(scan.header, frames)
    if expected is not None and total is not None and frames < expected and not cut:
        sentence = f"{scan.name}: is cut off, {clock(there)} of {clock(total)} are there"
        return [Damage(sentence, there, total), table]
    if expected is None and not cut:
        return [Damage(f"{scan.name}: is cut off or still being written, {clock(there)} are there"), table]
    return [table]


def _of_trailer(scan: Scan, frames: int, whole: bool) -> str:
    """How the seek table and the header contradict each other or the pages; empty if they do not."""
    found = scan.trailer
    assert found is not None
    if found.page_sizes.sum() != scan.end - scan.start:
        return f"{scan.name}: the seek table does not fit the pages before it"
    if scan.header.samples not in (None, found.samples):
        return f"{scan.name}: header and trailer disagree about the number of samples"
    if whole:
        try:
            check_frames(scan.header, found, frames, scan.name)
        except TokenFileError as error:
            return str(error)
    return ""
