"""`audiocodec verify`."""

from __future__ import annotations

import click

from audiocodec._util.terminal import printable
from audiocodec.cli import options
from audiocodec.cli.paths import PIPE, expand, source_path

WAY_OUT = (
    "'audiocodec decode --salvage' decodes what is there, with silence in the gaps; 'audiocodec repair' makes a new "
    "seek table"
)


@click.command()
@click.argument("files", nargs=-1, required=True)
@options.quiet
def verify(files: tuple[str, ...], quiet: bool) -> None:
    """Check every byte of token files, and list the damaged times. Needs no model.

    FILES are token files or folders of them; '-' is standard input. Exit code 1 means that a file is damaged.

    \b
    Examples:
        audiocodec verify tokens/*.fsq
        audiocodec verify tokens/ --quiet
    """
    from audiocodec.tokens.tokens import list_token_files

    names = expand(files, list_token_files)
    damaged = 0
    for file in names:
        name = "standard input" if file == PIPE else file
        problems, usable = problems_of(file, name)
        for problem in problems:
            click.echo(f"error: {printable(problem)}", err=True)
        if problems and usable and not quiet:
            click.echo(f"{printable(name)}: {WAY_OUT}", err=True)
        damaged += bool(problems)
        if not problems and not quiet:
            click.echo(f"{printable(name)}: ok")
    if damaged:
        if len(names) > 1:
            click.echo(f"{damaged} of {len(names)} files are damaged or cannot be read", err=True)
        raise click.exceptions.Exit(1)


def first_problem(file: str, name: str) -> str:
    """The first problem of a file, with its times, and the way out; empty if there is none."""
    problems, usable = problems_of(file, name)
    return "; ".join([*problems[:1], *([WAY_OUT] if problems and usable else [])])


def problems_of(file: str, name: str) -> tuple[list[str], bool]:
    """The problem of a file, and whether part of it can be recovered."""
    from audiocodec.errors import TokenFileError
    from audiocodec.tokens import verify as sentences_of

    try:
        with source_path(file) as path:
            return [sentence.replace(str(path), name) for sentence in sentences_of(path)], True
    except TokenFileError as error:
        return [str(error)], False
    except OSError as error:
        return [f"{name}: cannot be read ({error.strerror})"], False
