"""Folders to read from and write to: local ones, and those of fsspec (`s3://...`, `gs://...`, `memory://...`)."""

from __future__ import annotations

import contextlib
import errno
import stat
import tempfile
from collections.abc import Iterator
from pathlib import Path, PurePosixPath
from typing import Any, Protocol

from audiocodec._util.extras import require
from audiocodec._util.files import replacing
from audiocodec._util.folders import files_below
from audiocodec.errors import ConfigError


class Store(Protocol):
    """A folder; names in it are relative, with `/`."""

    def find(self, pattern: str = "") -> dict[str, int]:
        """Names of all files below it (or of those that match a glob pattern) -> bytes.

        Folders that cannot be read are among them, with a slash at the end.
        """

    def local(self, name: str) -> contextlib.AbstractContextManager[Path]:
        """A local file with the content of `name`; a remote one is copied temporarily. It may not exist."""

    def read(self, name: str) -> bytes:
        """The content of a file."""

    def write(self, name: str, data: bytes) -> None:
        """Create or replace a file atomically."""

    def remove(self, name: str) -> None:
        """Remove a file or a folder and all below it."""


class LocalStore:
    """A local folder."""

    def __init__(self, root: Path) -> None:
        self.root = root

    def find(self, pattern: str = "") -> dict[str, int]:
        """See `Store.find`."""
        if not self.root.is_dir():
            return {}
        paths = (p for p in self.root.glob(pattern) if p.is_file()) if pattern else files_below(self.root)
        return dict(self._entry(path) for path in paths)

    def _entry(self, path: Path) -> tuple[str, int]:
        """Name and bytes."""
        name = path.relative_to(self.root).as_posix()
        try:
            found = path.stat()
        except OSError:  # a link that leads nowhere
            return name, 0
        return (f"{name}/", 0) if stat.S_ISDIR(found.st_mode) else (name, found.st_size)

    @contextlib.contextmanager
    def local(self, name: str) -> Iterator[Path]:
        """See `Store.local`."""
        yield self.root / name

    def read(self, name: str) -> bytes:
        """See `Store.read`."""
        return (self.root / name).read_bytes()

    def write(self, name: str, data: bytes) -> None:
        """See `Store.write`. Raises: OutputError if it cannot be written."""
        with replacing(self.root / name, overwrite=True) as temporary:
            temporary.write_bytes(data)

    def remove(self, name: str) -> None:
        """See `Store.remove`."""
        path = self.root / name
        if path.is_dir():
            for below in sorted(path.iterdir()):
                self.remove(below.relative_to(self.root).as_posix())
            try:
                path.rmdir()
            except OSError as error:
                if error.errno != errno.ENOTEMPTY:
                    raise
                self.remove(name)  # a worker of a run that was killed wrote there meanwhile
        else:
            path.unlink(missing_ok=True)


class RemoteStore:
    """A folder of an fsspec file system. Object stores write objects atomically.

    Raises:
        MissingExtraError: fsspec is not installed.
        ConfigError: it does not know the protocol, or the package for it is missing.
    """

    def __init__(self, url: str) -> None:
        try:
            self._fs, self._root = require("fsspec", "ray").url_to_fs(url)
        except (ImportError, ValueError) as error:
            raise ConfigError(f"{url}: cannot be used ({error})") from error

    def _path(self, name: str) -> str:
        return f"{self._root.rstrip('/')}/{name}"

    def find(self, pattern: str = "") -> dict[str, int]:
        """See `Store.find`."""
        root = self._path("")
        found: dict[str, Any] = (
            self._fs.glob(root + pattern, detail=True) if pattern else self._fs.find(root, detail=True)
        )
        return {path[len(root) :]: info["size"] for path, info in found.items() if info["type"] == "file"}

    @contextlib.contextmanager
    def local(self, name: str) -> Iterator[Path]:
        """See `Store.local`."""
        with tempfile.TemporaryDirectory(prefix="audiocodec-") as folder:
            path = Path(folder) / PurePosixPath(name).name
            with contextlib.suppress(FileNotFoundError):
                self._fs.get_file(self._path(name), str(path))
            yield path

    def read(self, name: str) -> bytes:
        """See `Store.read`."""
        return self._fs.cat_file(self._path(name))

    def write(self, name: str, data: bytes) -> None:
        """See `Store.write`."""
        path = self._path(name)
        self._fs.makedirs(path.rpartition("/")[0], exist_ok=True)
        self._fs.pipe_file(path, data)

    def remove(self, name: str) -> None:
        """See `Store.remove`."""
        if self._fs.exists(self._path(name)):
            self._fs.rm(self._path(name), recursive=True)


def open_store(root: str) -> Store:
    """A folder by its path, or by its URL.

    Raises:
        MissingExtraError, ConfigError: see `RemoteStore`.
    """
    if root.startswith("file://"):
        return LocalStore(Path(root.removeprefix("file://")))
    return RemoteStore(root) if "://" in root else LocalStore(Path(root))
