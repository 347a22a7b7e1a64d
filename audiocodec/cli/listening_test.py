"""`audiocodec listening-test`."""

from __future__ import annotations

from pathlib import Path

import click

from audiocodec.cli import options


@click.command()
@click.argument("folder", type=click.Path(exists=True, file_okay=False, path_type=Path))
@options.systems
@click.option("--output", "-o", type=click.Path(path_type=Path), required=True, help="HTML file to write.")
@click.option("--test", type=click.Choice(["mushra", "abx"]), default="mushra", show_default=True, help="Kind of test.")
@click.option(
    "--clips",
    "number",
    type=click.IntRange(1),
    default=6,
    show_default=True,
    help="Number of clips, spaced evenly over the folder.",
)
@options.at_most
@options.force
def listening_test(
    folder: Path, systems: tuple[str, ...], output: Path, test: str, number: int, duration: float, force: bool
) -> None:
    """Make a blind listening test: one HTML file to send to listeners. 'ratings' reads the results they return.

    mushra: listeners rate all systems, a hidden reference and a 3.5 kHz low-pass from 0 to 100. abx: can listeners
    distinguish a system from the original?

    \b
    Example:
        audiocodec listening-test clips/ -s speech-16k@6k -s opus@6k -s codec2@3.2k -o test.html
        audiocodec ratings listening-mushra-*.json
    """
    from audiocodec.errors import OutputError
    from audiocodec.evaluate.listening import write_listening_test

    if output.exists() and not force:
        raise OutputError(f"{output}: exists already (--force overwrites)")
    trials = write_listening_test(folder, systems, output, test, number, duration, force)
    click.echo(f"{output}: {trials} trials, {output.stat().st_size / 2**20:.1f} MiB", err=True)
