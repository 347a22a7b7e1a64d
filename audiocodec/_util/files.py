"""Writing files so that nobody loses one."""

from __future__ import annotations

import contextlib
import os
import re
from collections.abc import Iterator
from pathlib import Path

from audiocodec.errors import OutputError


def is_leftover(name: str) -> bool:
    """Whether a file is what a killed process left of one that `replacing` was to write."""
    return re.fullmatch(r"\..+\.\d+\.part", name.rpartition("/")[2]) is not None


@contextlib.contextmanager
def replacing(path: Path, overwrite: bool = False, source: Path | None = None) -> Iterator[Path]:
    """Give a temporary name beside `path`; it becomes `path` if the block succeeds.

    On any error the temporary file is removed, folders made for it too, and `path` is as it was. If `path` is a
    link, what it points to is replaced.

    Args:
        path: the final name; missing parent folders are made.
        overwrite: allow `path` to exist.
        source: a file that must not be lost: `path` may not be the same.

    Raises:
        OutputError: `path` exists, is the source, is a folder, or cannot be written (disk full included).
    """
    try:
        _check_target(path, overwrite, source)
        final = Path(os.path.realpath(path))
        temporary = final.with_name(f".{final.name}.{os.getpid()}.part")
        made = [folder for folder in final.parents if not folder.exists()]
    except OSError as error:
        raise OutputError(f"{path}: cannot be written ({error.strerror or error})") from error
    try:
        final.parent.mkdir(parents=True, exist_ok=True)
        temporary.touch()
        yield temporary
        os.replace(temporary, final)
        made = []
    except OSError as error:
        raise OutputError(f"{path}: cannot be written ({error.strerror or error})") from error
    finally:
        with contextlib.suppress(OSError):
            temporary.unlink(missing_ok=True)
        with contextlib.suppress(OSError):
            for folder in made:  # deepest first; one that holds something stays
                folder.rmdir()


def _check_target(path: Path, overwrite: bool, source: Path | None) -> None:
    if path.is_dir():
        raise OutputError(f"{path}: is a folder, cannot write a file there")
    if path.exists() and not overwrite:
        raise OutputError(f"{path}: exists already (--force overwrites)")
    if source is not None and path.exists() and path.samefile(source):
        raise OutputError(f"{path}: is the source itself, name another target")
