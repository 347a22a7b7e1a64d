"""`audiocodec repair`."""

from __future__ import annotations

import click

from audiocodec._util.terminal import printable
from audiocodec.cli import options
from audiocodec.cli.paths import PIPE, opened_target, source_path


@click.command()
@click.argument("source")
@click.argument("target", required=False)
@click.option("--output", "-o", help="Name of the file to write, instead of TARGET.")
@options.force
def repair(source: str, target: str | None, output: str | None, force: bool) -> None:
    """Rebuild the seek table of a damaged or truncated token file. Needs no model.

    Damaged pages are kept: `verify` still lists them, and all others can be read.
    Without TARGET the file itself is replaced, which requires --force. '-' is standard input or output.

    \b
    Example:
        audiocodec repair broken.fsq whole.fsq
    """
    if target is None and output is None:
        if not force or source == PIPE:
            raise click.UsageError("Name a target, or replace the file itself with --force.")
        target = source
    target = options.one_target(target, output)
    from audiocodec.tokens import repair as write_anew

    with source_path(source) as path, opened_target(target, force) as file:
        done = write_anew(path, file)
    lost = f" ({done.damaged} damaged, decode with --salvage)" if done.damaged else ""
    before = "unknown" if done.samples_before is None else done.samples_before
    pages = f"pages kept: {done.pages}{lost}, dropped {done.bytes_dropped} stray bytes"
    samples = f"{done.samples} samples (before: {before})"
    click.echo(printable(f"{source} -> {target}: {pages}; {samples}"), err=True)
