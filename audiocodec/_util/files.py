"""Atomic file replacement."""

from __future__ import annotations

import contextlib
import os
import re
import threading
import zlib
from collections.abc import Iterator
from pathlib import Path

from audiocodec.errors import OutputError

MAX_NAME = 255  # bytes of a file name, on the file systems in use


def is_leftover(name: str) -> bool:
    """Whether a file is what a killed process left of one that `replacing` was to write."""
    return re.fullmatch(r"\..+\.\d+\.part", name.rpartition("/")[2]) is not None


@contextlib.contextmanager
def replacing(path: Path, overwrite: bool = False, source: Path | None = None) -> Iterator[Path]:
    """Give a temporary name beside `path`; it becomes `path` if the block succeeds.

    On any error the temporary file is removed, folders made for it too, and `path` is as it was. If `path` is a
    link, what it points to is replaced. Whoever writes, the file can be read by whom the umask allows; one that is
    replaced keeps its mode and, where the system lets it, its owner.

    Args:
        path: the final name; missing parent folders are made.
        overwrite: allow `path` to exist.
        source: a file that must not be lost: `path` may not be the same.

    Raises:
        OutputError: `path` exists, is the source, is a folder, a device or a pipe, or cannot be written (disk full
            included).
    """
    check_target(path, overwrite, source)
    try:
        final = Path(os.path.realpath(path))
        temporary = _beside(final)
        made = [folder for folder in final.parents if not folder.exists()]
        if file := next((above for above in final.parents if above.is_file()), None):
            raise OutputError(f"{path}: cannot be written ({file} is a file, not a folder)")
    except OSError as error:
        raise OutputError(f"{path}: cannot be written ({error.strerror or error})") from error
    try:
        final.parent.mkdir(parents=True, exist_ok=True)
        temporary.touch()
        mode = temporary.stat().st_mode
        yield temporary
        check_target(path, overwrite, source)  # again: another program may have written it meanwhile
        _give_rights(temporary, final, mode)
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


def _beside(final: Path) -> Path:
    """The temporary name; of a name too long for that a part, and a checksum of the rest."""
    end, name = f".{os.getpid()}.{threading.get_native_id()}.part", final.name
    whole, room = os.fsencode(name), MAX_NAME - len(end) - 1
    if len(whole) > room:
        name = f"{whole[: room - 9].decode(errors='ignore')}-{zlib.crc32(whole):08x}"
    return final.with_name(f".{name}{end}")


def _give_rights(temporary: Path, final: Path, mode: int) -> None:
    """Those of the file that is replaced, or else `mode`: some libraries make files that nobody else may read."""
    if final.exists():
        before = final.stat()
        mode = before.st_mode
        if hasattr(os, "chown"):
            with contextlib.suppress(OSError):
                os.chown(temporary, before.st_uid, before.st_gid)
    temporary.chmod(mode & 0o7777)


def check_target(path: Path, overwrite: bool, source: Path | None = None) -> None:
    """Refuse what `replacing` would refuse before anything is written.

    Raises:
        OutputError: see there.
    """
    try:
        if path.is_dir():
            raise OutputError(f"{path}: is a folder, cannot write a file there")
        if path.exists() and not path.is_file():
            raise OutputError(f"{path}: is a device or a pipe, which is never replaced; write to '-' and redirect that")
        if path.exists() and not overwrite:
            raise OutputError(f"{path}: exists already (overwrite=True, or --force on the command line, replaces it)")
        if source is not None and source.exists() and path.exists() and path.samefile(source):
            raise OutputError(f"{path}: is the source itself, name another target")
    except OSError as error:
        raise OutputError(f"{path}: cannot be written ({error.strerror or error})") from error
