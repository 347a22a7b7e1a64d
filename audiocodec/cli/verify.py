"""`audiocodec verify`."""

from __future__ import annotations

from pathlib import Path

import click


@click.command()
@click.argument("files", nargs=-1, required=True, type=click.Path(path_type=Path))
def verify(files: tuple[Path, ...]) -> None:
    """Check every byte of token files; exit code 1 if any is damaged. Needs no model.

    \b
    Example:
        audiocodec verify tokens/*.fsq
    """
    from audiocodec.container import verify as problems_of
    from audiocodec.errors import TokenFileError

    failed = False
    for path in files:
        try:
            problems = problems_of(path)
        except TokenFileError as error:
            problems = [str(error)]
        for problem in problems:
            click.echo(f"error: {problem}", err=True)
        failed = failed or bool(problems)
        if not problems:
            click.echo(f"{path}: ok")
    if failed:
        raise click.exceptions.Exit(1)
