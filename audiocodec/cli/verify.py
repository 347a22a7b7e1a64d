"""`audiocodec verify`."""

from __future__ import annotations

import click

from audiocodec._util.terminal import printable
from audiocodec.cli.paths import PIPE, source_path


@click.command()
@click.argument("files", nargs=-1, required=True)
def verify(files: tuple[str, ...]) -> None:
    """Check every byte of token files; exit code 1 if any is damaged. Needs no model. '-' is standard input.

    \b
    Example:
        audiocodec verify tokens/*.fsq
    """
    from audiocodec.errors import TokenFileError
    from audiocodec.tokens import verify as problems_of

    failed = False
    for file in files:
        name = "standard input" if file == PIPE else file
        try:
            with source_path(file) as path:
                problems = [problem.replace(str(path), name) for problem in problems_of(path)]
        except TokenFileError as error:
            problems = [str(error)]
        except OSError as error:
            problems = [f"{name}: cannot be read ({error.strerror})"]
        for problem in problems:
            click.echo(f"error: {printable(problem)}", err=True)
        failed = failed or bool(problems)
        if not problems:
            click.echo(f"{printable(name)}: ok")
    if failed:
        raise click.exceptions.Exit(1)
