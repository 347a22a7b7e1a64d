"""Interpretation of file arguments: one file, many, a folder, or a pipe."""

from __future__ import annotations

import contextlib
import shutil
import sys
import tempfile
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO, NamedTuple, cast

import click

from audiocodec.errors import AudioCodecError, AudioError, OutputError

PIPE = "-"


@dataclass(frozen=True)
class Plan:
    """Sources and their targets.

    Attributes:
        pairs: of source and target.
        refused: a message for each source without a unique target.
    """

    pairs: list[tuple[str, str]]
    refused: list[str]


def plan(arguments: Sequence[str], output: str | None, suffix: str, list_folder: Callable[[Path], list[Path]]) -> Plan:
    """Pairs of source and target.

    In an output folder, the target is the name of the source with its suffix replaced by `suffix`. Sources that would
    have the same target keep their own suffix: a.wav and a.flac become a.wav.fsq and a.flac.fsq.

    Args:
        arguments: files or folders; two files without `output` mean source and target; a target that ends in a slash
            is a folder.
        output: folder for the results, or for a single source its target, or None.
        suffix: of targets whose name is not given.
        list_folder: the sources below a folder.

    Raises:
        click.UsageError: the arguments are inconsistent.
    """
    if output is None and len(arguments) == 2 and arguments[1].endswith("/"):
        arguments, output = arguments[:1], arguments[1]
    if output is None:
        return Plan([_without_folder(arguments, suffix)], [])
    if len(arguments) == 1 and _is_one_target(arguments[0], output):
        return Plan([(arguments[0], output)], [])
    if PIPE in arguments or output == PIPE:
        raise click.UsageError("'-' (a pipe) needs a single target file, not an output folder.")
    sources = []
    for argument in arguments:
        root = Path(argument)
        for path in list_folder(root):
            sources.append((path, path.relative_to(root) if path != root else Path(path.absolute().name)))
    return _into(Path(output), sources, suffix)


def _without_folder(arguments: Sequence[str], suffix: str) -> tuple[str, str]:
    if len(arguments) == 2:
        return arguments[0], arguments[1]
    if len(arguments) != 1 or Path(arguments[0]).is_dir():
        raise click.UsageError("For a folder or several files, name an output folder with --output.")
    source = arguments[0]
    return source, PIPE if source == PIPE else str(Path(source).with_suffix(suffix))


def _is_one_target(source: str, output: str) -> bool:
    """Whether --output is the name of a result, not of a folder: a pipe, or a name with a suffix."""
    path = Path(output)
    if Path(source).is_dir() or path.is_dir() or output.endswith("/"):
        return False
    return PIPE in (source, output) or path.suffix != ""


def _into(folder: Path, sources: list[tuple[Path, Path]], suffix: str) -> Plan:
    """Targets in a folder; only sources with colliding names are refused."""
    short = [folder / below.with_suffix(suffix) for _, below in sources]
    long = [folder / below.with_name(below.name + suffix) for _, below in sources]
    times = Counter(short)
    targets = [whole if times[name] > 1 else name for name, whole in zip(short, long, strict=True)]
    times = Counter(targets)
    pairs, refused = [], []
    for (path, _), target in zip(sources, targets, strict=True):
        if times[target] == 1:
            pairs.append((str(path), str(target)))
        else:
            refused.append(f"{path}: another source has the same name; both would become {target}")
    return Plan(pairs, refused)


def expand(arguments: Sequence[str], list_folder: Callable[[Path], list[Path]]) -> list[str]:
    """Files, with folders replaced by the files below them."""
    found: list[str] = []
    for argument in arguments:
        is_folder = argument != PIPE and Path(argument).is_dir()
        found += [str(path) for path in list_folder(Path(argument))] if is_folder else [argument]
    return found


@contextlib.contextmanager
def source_path(argument: str) -> Iterator[Path]:
    """The path of a source; standard input is copied to a temporary file."""
    if argument != PIPE and not _is_fifo(argument):
        yield Path(argument)
        return
    name = "standard input" if argument == PIPE else argument
    with tempfile.NamedTemporaryFile(prefix="audiocodec-") as file:
        with contextlib.nullcontext(binary_input()) if argument == PIPE else Path(argument).open("rb") as pipe:
            shutil.copyfileobj(pipe, file)
        file.flush()
        try:
            yield Path(file.name)
        except AudioCodecError as error:
            raise type(error)(str(error).replace(file.name, name)) from error


def _is_fifo(argument: str) -> bool:
    """Whether it is a named pipe; not, if that cannot be known: then opening it says why."""
    try:
        return Path(argument).is_fifo()
    except OSError:
        return False


@contextlib.contextmanager
def opened_target(target: str, force: bool, source: Path | None = None) -> Iterator[BinaryIO]:
    """A file that replaces `target` when it is complete; or standard output, flushed at the end."""
    from audiocodec._util.files import replacing

    if target == PIPE:
        output = binary_output()
        yield cast(BinaryIO, OneWay(output.write, output.flush))
        output.flush()
        return
    with replacing(Path(target), force, source) as temporary, temporary.open("wb") as file:
        yield file


class OneWay(NamedTuple):
    """Standard output: even where it is redirected to a file, what others wrote there is not ours to seek in."""

    write: Callable[[bytes], int]
    flush: Callable[[], None]


def binary_input() -> BinaryIO:
    """Standard input for bytes.

    Raises:
        AudioError: it is closed.
    """
    if sys.stdin is None:
        raise AudioError("standard input is closed")
    return sys.stdin.buffer


def binary_output() -> BinaryIO:
    """Standard output for bytes.

    Raises:
        OutputError: it is closed.
    """
    if sys.stdout is None:
        raise OutputError("standard output is closed")
    return sys.stdout.buffer
