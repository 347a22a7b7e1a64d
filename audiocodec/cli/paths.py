"""What the file arguments of encode and decode mean: one file, many, a folder, or a pipe."""

from __future__ import annotations

import contextlib
import shutil
import sys
import tempfile
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import BinaryIO

import click

from audiocodec._util.terminal import printable
from audiocodec.errors import AudioCodecError, AudioError, OutputError

PIPE = "-"


def plan(
    arguments: Sequence[str], out: str | None, suffix: str, list_folder: Callable[[Path], list[Path]]
) -> list[tuple[str, str]]:
    """Pairs of source and target.

    Args:
        arguments: files or folders; two files without `out` mean source and target.
        out: folder for the results, or None.
        suffix: of targets whose name is not given.
        list_folder: the sources below a folder.

    Raises:
        click.UsageError: the arguments make no sense together.
    """
    if out is None:
        if len(arguments) == 2:
            return [(arguments[0], arguments[1])]
        if len(arguments) != 1 or Path(arguments[0]).is_dir():
            raise click.UsageError("for many files or a folder, name the folder for the results with --out")
        source = arguments[0]
        return [(source, PIPE if source == PIPE else str(Path(source).with_suffix(suffix)))]
    pairs = []
    for argument in arguments:
        if argument == PIPE:
            raise click.UsageError("'-' does not go with --out")
        root = Path(argument)
        for path in list_folder(root):
            below = path.relative_to(root) if root.is_dir() else Path(path.name)
            pairs.append((str(path), str((Path(out) / below).with_suffix(suffix))))
    return _refuse_twins(pairs)


def _refuse_twins(pairs: list[tuple[str, str]]) -> list[tuple[str, str]]:
    taken: dict[str, str] = {}
    for source, target in pairs:
        if target in taken:
            raise click.UsageError(f"{taken[target]} and {source} would both become {target}")
        taken[target] = source
    return pairs


@contextlib.contextmanager
def source_path(argument: str) -> Iterator[Path]:
    """The path of a source; what comes through a pipe, as standard input, is kept in a temporary file meanwhile."""
    if argument != PIPE and not Path(argument).is_fifo():
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


def run_all(pairs: list[tuple[str, str]], work: Callable[[str, str], str]) -> None:
    """Do all files, telling how each went; exit code 1 at the end if any failed.

    Args:
        pairs: of `plan`.
        work: codes one file and returns the line to print. With one file its error goes up;
            with several it is printed and the others go on.
    """
    failed = 0
    for source, target in pairs:
        try:
            click.echo(printable(work(source, target)), err=True)
        except (AudioCodecError, OSError) as error:
            if len(pairs) == 1 or isinstance(error, BrokenPipeError):
                raise
            named = any(name in str(error) for name in (source, target))
            click.echo(printable(f"error: {error}" if named else f"error: {source}: {error}"), err=True)
            failed += 1
    if failed:
        click.echo(f"{failed} of {len(pairs)} files failed", err=True)
        raise click.exceptions.Exit(1)
