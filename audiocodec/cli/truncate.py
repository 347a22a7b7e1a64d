"""`audiocodec truncate`."""

from __future__ import annotations

from pathlib import Path

import click

from audiocodec.cli import options


@click.command()
@click.argument("source", type=click.Path(path_type=Path))
@click.argument("target", type=click.Path(path_type=Path))
@click.option("--num-codebooks", "-n", type=click.IntRange(1), required=True, help="Keep the first so many codebooks.")
@options.force
def truncate(source: Path, target: Path, num_codebooks: int, force: bool) -> None:
    """Keep the first codebooks of a token file: smaller and coarser. Needs no model.

    \b
    Example:
        audiocodec truncate speech.fsq smaller.fsq --num-codebooks 6
    """
    from audiocodec.container import truncate_file
    from audiocodec.files import replacing

    before = source.stat().st_size if source.is_file() else 0
    with replacing(target, force) as temporary, temporary.open("wb") as file:
        written = truncate_file(source, file, num_codebooks)
    click.echo(f"{source} -> {target}: {before} to {written} bytes", err=True)
