"""Checks a token file without decoding it."""

from __future__ import annotations

from pathlib import Path

from audiocodec.errors import TokenFileError
from audiocodec.tokens.reader import check_frames
from audiocodec.tokens.recovery.scan import NO_TABLE, scanned


def verify(path: Path) -> list[str]:
    """What is wrong with a token file, a sentence each; empty if it is whole.

    Every byte of the file is under a checksum or compared, so any flipped bit is found. No code is decoded.

    Raises:
        TokenFileError: it is no token file, or its header is damaged.
    """
    with scanned(path) as scan:
        frames, problems, short = 0, [], False
        for span in scan.spans():
            if short:
                problems.append(f"{path}: page {span.index - 1} is short but not the last")
            short = span.frames < scan.header.frames_per_page
            frames += span.frames
            problems += [span.error] if span.error else []
        if scan.trailer is None:
            return [*problems, f"{path}: {NO_TABLE}"]
        found = scan.trailer
        if found.page_sizes.sum() != scan.end - scan.start:
            problems.append(f"{path}: the seek table does not fit the pages before it")
        elif scan.header.samples not in (None, found.samples):
            problems.append(f"{path}: header and trailer disagree about the number of samples")
        elif not problems:
            try:
                check_frames(scan.header, found, frames, str(path))
            except TokenFileError as error:
                problems.append(str(error))
        return problems
