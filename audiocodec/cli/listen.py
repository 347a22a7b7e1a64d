"""`audiocodec listen`."""

from __future__ import annotations

from pathlib import Path

import click

from audiocodec.cli import options


@click.command()
@click.argument("clips", type=click.Path(exists=True, file_okay=False, path_type=Path))
@click.option("--system", "-s", "systems", multiple=True, required=True, help="As in 'evaluate'; can be repeated.")
@click.option("--out", "-o", type=click.Path(path_type=Path), required=True, help="HTML file.")
@click.option("--test", type=click.Choice(["mushra", "abx"]), default="mushra", show_default=True)
@click.option("--number", type=click.IntRange(1), default=6, show_default=True, help="Clips, picked evenly.")
@click.option("--seconds", type=click.FloatRange(0, min_open=True), default=10.0, show_default=True, help="Of each.")
@options.force
def listen(
    clips: Path, systems: tuple[str, ...], out: Path, test: str, number: int, seconds: float, force: bool
) -> None:
    """A blind listening test as one HTML file, to send to people; 'ratings' reads what they send back.

    mushra: all systems, a hidden reference and a 3.5 kHz low-pass are rated from 0 to 100. abx: can a system be told
    from the original at all?

    \b
    Example:
        audiocodec listen clips/ -s speech-16k@6k -s opus@6k -s codec2@3.2k -o test.html
        audiocodec ratings listening-mushra-*.json
    """
    from audiocodec.errors import OutputError
    from audiocodec.evaluate.listening import write_listening_test

    if out.exists() and not force:
        raise OutputError(f"{out}: exists already (--force overwrites)")
    trials = write_listening_test(clips, systems, out, test, number, seconds, force)
    click.echo(f"{out}: {trials} trials, {out.stat().st_size / 2**20:.1f} MiB", err=True)
