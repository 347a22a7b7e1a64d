"""`audiocodec join`."""

from __future__ import annotations

from pathlib import Path

import click

from audiocodec.cli import options
from audiocodec.cli.paths import expand


@click.command()
@click.argument("files", nargs=-1, required=True, type=click.Path())
@click.option("--output", "-o", required=True, help="Name of the file to write, or '-' for standard output.")
@options.force
@options.quiet
def join(files: tuple[str, ...], output: str, force: bool, quiet: bool) -> None:
    """Concatenate token files. Codes are copied: no model is needed and nothing is lost.

    All files must have the same model, sample rate, and number of channels and codebooks. Each part starts with a new
    frame, preceded by up to one frame (20 ms with speech-16k) of silence. A folder means its token files, by name.

    \b
    Example:
        audiocodec join part1.fsq part2.fsq -o whole.fsq
    """
    from audiocodec._util.terminal import printable
    from audiocodec._util.times import clock
    from audiocodec.cli.paths import opened_target
    from audiocodec.errors import OutputError
    from audiocodec.tokens.splice import join_files
    from audiocodec.tokens.tokens import list_token_files

    sources = [Path(name) for name in expand(files, list_token_files)]
    if any(path.exists() and Path(output).exists() and path.samefile(output) for path in sources):
        raise OutputError(f"{output}: is one of the files to join; choose another target")
    with opened_target(output, force) as file:
        done = join_files(sources, file)
    if not quiet:
        line = f"{len(sources)} files -> {output}: {clock(done.samples / done.sample_rate)}, {done.frames} frames"
        click.echo(printable(line), err=True)
