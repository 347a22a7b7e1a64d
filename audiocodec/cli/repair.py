"""`audiocodec repair`."""

from __future__ import annotations

from pathlib import Path

import click

from audiocodec.cli import options


@click.command()
@click.argument("source", type=click.Path(path_type=Path))
@click.argument("target", type=click.Path(path_type=Path), required=False)
@options.force
def repair(source: Path, target: Path | None, force: bool) -> None:
    """Write a damaged or broken-off token file anew, with a seek table that fits its pages. Needs no model.

    Damaged pages stay where they are: `verify` goes on naming them and all others can be read.
    Without TARGET the file itself is replaced, which takes --force.

    \b
    Example:
        audiocodec repair broken.fsq whole.fsq
    """
    if target is None and not force:
        raise click.UsageError("name a target, or replace the file itself with --force")
    from audiocodec._util.files import replacing
    from audiocodec.tokens import repair as write_anew

    target = target or source
    with replacing(target, force) as temporary, temporary.open("wb") as file:
        done = write_anew(source, file)
    lost = f", {done.damaged} of them damaged still" if done.damaged else ""
    before = "unknown" if done.samples_before is None else done.samples_before
    click.echo(
        f"{source} -> {target}: {done.pages} pages{lost}; {done.bytes_dropped} bytes of no page left out; "
        f"samples: {before}, now {done.samples}",
        err=True,
    )
