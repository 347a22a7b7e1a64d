"""`audiocodec repair`."""

from __future__ import annotations

from pathlib import Path

import click

from audiocodec.cli import options


@click.command()
@click.argument("source", type=click.Path(path_type=Path))
@click.argument("target", type=click.Path(path_type=Path), required=False)
@options.output_file
@options.force
def repair(source: Path, target: Path | None, output: Path | None, force: bool) -> None:
    """Rebuild the seek table of a damaged or truncated token file. Needs no model.

    Damaged pages are kept: `verify` still lists them, and all others can be read.
    Without TARGET the file itself is replaced, which requires --force.

    \b
    Example:
        audiocodec repair broken.fsq whole.fsq
    """
    if target is None and output is None:
        if not force:
            raise click.UsageError("Name a target, or replace the file itself with --force.")
        target = source
    target = options.one_target(target, output)
    from audiocodec._util.files import replacing
    from audiocodec.tokens import repair as write_anew

    with replacing(target, force) as temporary, temporary.open("wb") as file:
        done = write_anew(source, file)
    lost = f" ({done.damaged} damaged, decode with --salvage)" if done.damaged else ""
    before = "unknown" if done.samples_before is None else done.samples_before
    click.echo(
        f"{source} -> {target}: pages kept: {done.pages}{lost}, dropped {done.bytes_dropped} stray bytes; "
        f"{done.samples} samples (before: {before})",
        err=True,
    )
