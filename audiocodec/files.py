"""Writing files so that nobody loses one."""

from __future__ import annotations

import contextlib
import os
from collections.abc import Iterator
from pathlib import Path

from audiocodec.errors import OutputError


@contextlib.contextmanager
def replacing(path: Path, overwrite: bool = False) -> Iterator[Path]:
    """Give a temporary name beside `path`; it becomes `path` if the block succeeds.

    On any error the temporary file is removed and `path` is as it was.

    Args:
        path: the final name; missing parent folders are made.
        overwrite: allow `path` to exist.

    Raises:
        OutputError: `path` exists, is a folder, or cannot be written (disk full included).
    """
    if path.is_dir():
        raise OutputError(f"{path}: is a folder, cannot write a file there")
    if path.exists() and not overwrite:
        raise OutputError(f"{path}: exists already (--force overwrites)")
    temporary = path.with_name(f".{path.name}.{os.getpid()}.part")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        temporary.touch()
        yield temporary
        os.replace(temporary, path)
    except OSError as error:
        raise OutputError(f"{path}: cannot be written ({error.strerror or error})") from error
    finally:
        with contextlib.suppress(OSError):
            temporary.unlink(missing_ok=True)
