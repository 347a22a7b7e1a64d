"""`audiocodec truncate`."""

from __future__ import annotations

from pathlib import Path

import click

from audiocodec.cli import options


@click.command()
@click.argument("source", type=click.Path(path_type=Path))
@click.argument("target", type=click.Path(path_type=Path))
@options.num_codebooks
@options.bitrate
@options.force
def truncate(source: Path, target: Path, num_codebooks: int | None, bitrate: float | None, force: bool) -> None:
    """Keep the first codebooks of a token file: smaller and coarser. Needs no model.

    \b
    Example:
        audiocodec truncate speech.fsq smaller.fsq --bitrate 3k
    """
    if (num_codebooks is None) == (bitrate is None):
        raise click.UsageError("give --num-codebooks or --bitrate")
    from audiocodec._util.files import replacing
    from audiocodec.tokens import truncate_file

    before = source.stat().st_size if source.is_file() else 0
    with replacing(target, force) as temporary, temporary.open("wb") as file:
        written = truncate_file(source, file, num_codebooks, bitrate)
    click.echo(f"{source} -> {target}: {before} to {written} bytes", err=True)
