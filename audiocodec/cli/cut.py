"""`audiocodec cut`."""

from __future__ import annotations

import click

from audiocodec.cli import options
from audiocodec.cli.batch import Done, run_all
from audiocodec.cli.paths import Plan, opened_target, source_path


@click.command()
@click.argument("source")
@click.argument("target", required=False)
@click.option("--output", "-o", help="Name of the file to write, instead of TARGET.")
@options.start
@options.duration
@options.force
@options.quiet
def cut(
    source: str,
    target: str | None,
    output: str | None,
    start: float,
    duration: float | None,
    force: bool,
    quiet: bool,
) -> None:
    """Extract a part of a token file. Codes are copied: no model is needed and nothing is lost.

    The part starts with the frame that contains --start, so it can begin up to one frame (20 ms with speech-16k)
    earlier; it ends exactly at the requested sample. '-' is standard input or output.

    \b
    Example:
        audiocodec cut talk.fsq part.fsq --start 1:23.5 --duration 10
    """
    if start == 0 and duration is None:
        raise click.UsageError("Specify the part with --start or --duration.")
    from audiocodec._util.times import clock
    from audiocodec.tokens.splice import cut_file

    target = options.one_target(target, output)

    def work(source: str, target: str, advance: object) -> Done:
        with source_path(source) as path, opened_target(target, force, path) as file:
            done = cut_file(path, file, start, duration)
        begin, end = done.start / done.sample_rate, (done.start + done.samples) / done.sample_rate
        return Done(
            f"{source} -> {target}: {clock(begin)} to {clock(end)}, samples {done.start} to {done.start + done.samples}"
        )

    run_all(Plan([(source, target)], []), work, quiet=quiet)
