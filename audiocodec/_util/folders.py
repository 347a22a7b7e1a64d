"""Looking through folders, so that nothing is passed over without a word."""

from __future__ import annotations

import logging
import os
from collections import Counter
from collections.abc import Iterable, Iterator
from pathlib import Path

logger = logging.getLogger(__name__)

KINDS = 12  # that are named


def files_below(root: Path) -> Iterator[Path]:
    """All files below a folder, links followed but never in a circle; a warning names what cannot be looked at."""
    yield from _walk(root, frozenset())


def _walk(folder: Path, above: frozenset[tuple[int, int]]) -> Iterator[Path]:
    try:
        identity = folder.stat()
        entries = sorted(os.scandir(folder), key=lambda entry: entry.name)
    except OSError as error:
        logger.warning("%s: left out, cannot be read (%s)", folder, error.strerror)
        return
    here = identity.st_dev, identity.st_ino
    if here in above:  # a link to a folder that it lies in
        return
    for entry in entries:
        path = folder / entry.name
        if entry.is_dir():
            yield from _walk(path, above | {here})
        elif entry.is_file():
            yield path
        elif entry.is_symlink():
            logger.warning("%s: left out, the link leads nowhere", path)


def tell_left_out(where: str, suffixes: Iterable[str]) -> None:
    """A warning such as "folder: 12 files left out: .txt 9, .m4a 3"."""
    counts = Counter(suffix.lower() or "without suffix" for suffix in suffixes)
    if counts:
        named = ", ".join(f"{suffix} {count}" for suffix, count in counts.most_common(KINDS))
        more = f" and {len(counts) - KINDS} other kinds" if len(counts) > KINDS else ""
        files = "file" if counts.total() == 1 else "files"
        logger.warning("%s: %d %s left out: %s%s", where, counts.total(), files, named, more)
