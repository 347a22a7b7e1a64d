"""Looking through folders, so that nothing is passed over without a word."""

from __future__ import annotations

import logging
import os
import stat
from collections import Counter
from collections.abc import Iterable, Iterator
from pathlib import Path

logger = logging.getLogger(__name__)

KINDS = 12  # that are named


def files_below(root: Path) -> Iterator[Path]:
    """All files below a folder, links followed but never in a circle.

    Folders that cannot be read (`root` included) and links that lead nowhere are given, too: whoever opens them fails.
    """
    yield from _walk(root, frozenset())


def _walk(folder: Path, above: frozenset[tuple[int, int]]) -> Iterator[Path]:
    try:
        identity = folder.stat()
        entries = sorted(os.scandir(folder), key=lambda entry: entry.name)
    except OSError:
        yield folder
        return
    here = identity.st_dev, identity.st_ino
    if here in above:  # a link to a folder that it lies in
        return
    for entry in entries:
        path = folder / entry.name
        mode = _mode(path)
        if stat.S_ISDIR(mode):
            yield from _walk(path, above | {here})
        elif stat.S_ISREG(mode) or not mode:
            yield path


def _mode(path: Path) -> int:
    """What it is; 0 where that cannot be known."""
    try:
        return path.stat().st_mode
    except OSError:
        return 0


def is_folder(path: Path) -> bool:
    """As `Path.is_dir`; False where that cannot be known."""
    return stat.S_ISDIR(_mode(path))


def why_no_file(folder: Path, wanted: str) -> str:
    """What to say of a folder where a file is `wanted`."""
    try:
        os.scandir(folder).close()
    except OSError as error:
        return f"{folder}: cannot be read ({error.strerror})"
    return f"{folder}: is a folder, not {wanted}"


def tell_left_out(where: str, suffixes: Iterable[str]) -> None:
    """A warning such as "folder: 12 files left out: .txt 9, .m4a 3"."""
    counts = Counter(suffix.lower() or "without suffix" for suffix in suffixes)
    if counts:
        named = ", ".join(f"{suffix} {count}" for suffix, count in counts.most_common(KINDS))
        more = f" and {len(counts) - KINDS} other kinds" if len(counts) > KINDS else ""
        files = "file" if counts.total() == 1 else "files"
        logger.warning("%s: %d %s left out: %s%s", where, counts.total(), files, named, more)
