"""The list of sounds of a corpus: from a folder, a glob pattern, or a CSV."""

from __future__ import annotations

import csv
import io
from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import Path, PurePosixPath

from audiocodec._util.folders import tell_left_out
from audiocodec.audio import known_suffixes
from audiocodec.corpus.store import LocalStore, open_store
from audiocodec.errors import AudioError, ConfigError

WILD = "*?["
# columns of the corpus itself, and fields of `TokenDataset`
RESERVED = ("codes", "sample_rate", "samples", "channels", "frames", "duration_s", "joint", "row", "start")


@dataclass(frozen=True)
class Sound:
    """A sound to encode.

    Attributes:
        path: its name in the corpus: relative to the folder, or as in the CSV.
        root: folder that `path` is relative to.
        size: in bytes; 0 if not known.
        metadata: other columns of the CSV.
    """

    path: str
    root: str
    size: int
    metadata: dict[str, str] = field(default_factory=dict)


def list_sounds(source: str) -> list[Sound]:
    """All sounds, sorted by path. A warning counts the other files of a folder.

    Args:
        source: a folder (sounds are recognized by suffix), a sound, a glob pattern (`**` is any depth; all matches are
            used), or a CSV with a column `path`, relative to the CSV, and any others, which are kept as text.

    Raises:
        AudioError: there are none.
        ConfigError: the CSV cannot be used.
        MissingExtraError: see `open_store`.
    """
    if source.lower().endswith(".csv"):
        sounds = list(_of_csv(source))
    elif not _exists(source) and (wild := [source.index(sign) for sign in WILD if sign in source]):
        sounds = _matching(*_split(source, min(wild)))
    elif _is_file(source):
        folder, name = _split(source)
        sounds = [Sound(name, folder, Path(source).stat().st_size)]
    else:
        every = _matching(source, "")
        sounds = [sound for sound in every if _to_open(sound.path)]
        if not sounds and _is_sound(source):
            sounds = _matching(*_split(source))
        elif sounds:
            tell_left_out(source, (PurePosixPath(s.path).suffix for s in every if not _to_open(s.path)))
    if not sounds:
        raise AudioError(f"{source}: no sound file found here")
    return sorted(sounds, key=lambda sound: sound.path)


def _exists(source: str) -> bool:
    """Whether it is a local file or folder: then its name is not a pattern, whatever characters it contains."""
    return "://" not in source and Path(source).exists()


def _is_file(source: str) -> bool:
    return _exists(source) and _is_sound(source) and Path(source).is_file()


def _is_sound(path: str) -> bool:
    return PurePosixPath(path).suffix.lower() in known_suffixes()


def _to_open(path: str) -> bool:
    """Whether a name that a store found is to be opened: sounds, and folders that cannot be read, to have the error."""
    return _is_sound(path) or path.endswith("/")


def _matching(root: str, pattern: str) -> list[Sound]:
    """Files below a folder: all, or those that match a glob pattern."""
    return [Sound(path, root, size) for path, size in open_store(root).find(pattern).items()]


def _split(path: str, end: int | None = None) -> tuple[str, str]:
    """Split a path into a folder and the rest at `end`; by default at the last separator."""
    slash = path.rfind("/", 0, end)
    return path[:slash] or "/" if slash >= 0 else ".", path[slash + 1 :]


def _of_csv(source: str) -> Iterator[Sound]:
    root, name = _split(source)
    store = open_store(root)
    csv.field_size_limit(2**31 - 1)  # allow long texts
    try:
        reader = csv.DictReader(io.StringIO(store.read(name).decode("utf-8-sig")), strict=True)
        refuse_duplicates(source, (f"the column {column!r}" for column in reader.fieldnames or ()))
        rows = list(reader)
    except (OSError, UnicodeDecodeError, csv.Error) as error:
        raise ConfigError(f"{source}: cannot be read as a list of sounds ({error})") from error
    _check(source, rows)
    for row in rows:
        path = row.pop("path")
        size = 0
        if isinstance(store, LocalStore) and "://" not in path and (store.root / path).is_file():
            size = (store.root / path).stat().st_size
        yield Sound(path, root, size, row)


def _check(source: str, rows: list[dict[str, str]]) -> None:
    for line, row in enumerate(rows, start=2):
        if "path" not in row:
            raise ConfigError(f"{source}: has no column 'path'")
        if clash := set(RESERVED) & set(row):
            raise ConfigError(f"{source}: the column {min(clash)!r} is one that the corpus has itself, rename it")
        if None in row or None in row.values() or not row["path"]:
            raise ConfigError(f"{source}: line {line} has not as many fields as there are columns, or no path")
    refuse_duplicates(source, (row["path"] for row in rows))


def refuse_duplicates(source: str, names: Iterable[str]) -> None:
    """Refuse duplicate names.

    Raises:
        ConfigError: there is one.
    """
    name, count = max(Counter(names).items(), key=lambda pair: pair[1], default=("", 0))
    if count > 1:
        raise ConfigError(f"{source}: {name} appears {count} times")


def place_of(sound: Sound) -> tuple[str, str]:
    """Folder and name under which to open a sound; the path of a CSV may be a URL or absolute."""
    if "://" not in sound.path:
        return sound.root, sound.path
    root, _, name = sound.path.rpartition("/")
    return root, name
