"""Which sound files a run trains and validates on: a folder or a manifest, split in two."""

from __future__ import annotations

import csv
import hashlib
import json
import logging
import math
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from audiocodec import audio
from audiocodec.errors import AudioCodecError, AudioError

logger = logging.getLogger(__name__)

HELD_OUT = 20  # one file in that many, where nothing says which


@dataclass(frozen=True)
class Corpus:
    """Sound files of a corpus.

    Attributes:
        train: files to train on.
        valid: files to validate on, none of them in `train` unless there is only one.
    """

    train: list[Path]
    valid: list[Path]


def load_corpus(root: Path) -> Corpus:
    """Find the files below a folder or in a manifest.

    A folder with subfolders `train` and `valid` is split by them; of one with `train` alone nothing else is used.
    A manifest is CSV or JSONL with a column `path` (relative to the manifest) and perhaps `split` (`train` or `valid`;
    rows of other splits are left out). Otherwise one file in 20, picked by its name, is held out.

    Raises:
        AudioError: nothing is there, or the manifest cannot be read.
    """
    if root.is_dir():
        if (root / "train").is_dir() and (root / "valid").is_dir():
            return Corpus(audio.list_audio_files(root / "train"), audio.list_audio_files(root / "valid"))
        own = (
            root / "train" if (root / "train").is_dir() else root
        )  # what lies beside it, such as `test`, is not for it
        return _hold_out(audio.list_audio_files(own), own)
    if root.suffix.lower() not in (".csv", ".jsonl"):
        raise AudioError(f"{root}: is neither a folder nor a manifest (.csv or .jsonl)")
    rows = list(_manifest(root))
    if any(split for _, split in rows):
        train, valid = ([p for p, split in rows if split == name] for name in ("train", "valid"))
        if not train or not valid:
            raise AudioError(f"{root}: its column split names no {'valid' if train else 'train'} row")
        return Corpus(train, valid)
    return _hold_out([path for path, _ in rows], root.parent)


def _manifest(path: Path) -> Iterator[tuple[Path, str]]:
    """Path and split ("" if not given) of each row."""
    try:
        with path.open(encoding="utf-8", newline="") as file:
            rows = list(csv.DictReader(file) if path.suffix.lower() == ".csv" else map(json.loads, file))
        for row in rows:
            yield path.parent / row["path"], str(row.get("split") or "")
    except (OSError, UnicodeDecodeError, csv.Error, ValueError) as error:
        raise AudioError(f"{path}: cannot be read as a manifest ({error})") from error
    except (KeyError, TypeError, AttributeError) as error:
        raise AudioError(f"{path}: every row needs a column 'path'") from error
    if not rows:
        raise AudioError(f"{path}: the manifest is empty")


def _hold_out(paths: list[Path], root: Path) -> Corpus:
    """By a hash of the name: a file stays where it is when others come or go."""
    if len(paths) == 1:
        logger.warning("%s: a single file, it serves for validation too", paths[0])
        return Corpus(paths, paths)

    def key(path: Path) -> str:
        name = path.relative_to(root) if path.is_relative_to(root) else path
        return hashlib.sha256(name.as_posix().encode()).hexdigest()

    valid = sorted(sorted(paths, key=key)[: max(1, len(paths) // HELD_OUT)])
    held_out = set(valid)
    return Corpus([path for path in paths if path not in held_out], valid)


def readable(
    paths: list[Path], pieces: bool = False, what: str = "sound files to train on"
) -> list[tuple[Path, float]]:
    """Files that open and are not empty, with their lengths in seconds; the others are logged.

    Args:
        paths: of the files.
        pieces: leave out files of which no piece can be read, only the whole. The length of these is infinity.
        what: they are, for messages.

    Raises:
        AudioError: none opens.
    """
    good = []
    for path in paths:
        try:
            with audio.AudioReader(path) as reader:
                seconds = reader.samples / reader.sample_rate if reader.seekable else math.inf
            if pieces and not reader.seekable:
                raise AudioError(f"{path}: only ffmpeg reads it, and from its start; set data.cache to use it")
            if seconds:
                good.append((path, seconds))
        except AudioCodecError as error:
            logger.warning("skipped: %s", error)
    if not good:
        raise AudioError(f"none of {len(paths)} {what} can be read, the first is {paths[0]}")
    return good
