"""`audiocodec evaluate`."""

from __future__ import annotations

from pathlib import Path

import click

DEFAULT_METRICS = "estoi,pesq,visqol_speech,distillmos,si_sdr,mel"


@click.command()
@click.argument("clips", type=click.Path(exists=True, file_okay=False))
@click.option("--system", "-s", "systems", multiple=True, required=True, help="What to compare; can be repeated.")
@click.option("--metrics", default=DEFAULT_METRICS, show_default=True, help="Names, with commas.")
@click.option("--out", type=click.Path(path_type=Path, file_okay=False), required=True, help="Folder for the results.")
@click.option(
    "--listen", type=click.IntRange(0), default=6, show_default=True, help="Clips in report.html; 0: no report."
)
@click.option("--mono", is_flag=True, help="Average channels before coding.")
@click.option("--workers", type=click.IntRange(1), default=1, show_default=True, help="Processes.")
def evaluate(
    clips: str, systems: tuple[str, ...], metrics: str, out: Path, listen: int, mono: bool, workers: int
) -> None:
    """Score codecs on a folder of clips: true bitrates, 95 % intervals, and a report to hear and see.

    A system is MODEL@BITRATE, opus@BITRATE, lc3@BITRATE, codec2@BITRATE, or any commands:
    'NAME=encoder {in} {code} :: decoder {code} {out}'. MODEL@BITRATE+20 is with 20 steps of `encode --refine`.
    A run that was stopped goes on when started again.

    \b
    Example:
        audiocodec evaluate clips/ --out scores/ -s speech-16k@3k -s speech-16k@6k -s opus@12k --metrics estoi,si_sdr
    """
    from audiocodec.cli.progress import progress
    from audiocodec.errors import AudioCodecError
    from audiocodec.evaluate import (
        Settings,
        check_metrics,
        check_report,
        markdown,
        parse_system,
        summarize,
        write_csv,
        write_report,
    )
    from audiocodec.evaluate import evaluate as run

    for text in systems:
        parse_system(text)
    if listen:
        check_report()
    usable, missing = check_metrics([name.strip() for name in metrics.split(",") if name.strip()])
    for sentence in missing:
        click.echo(sentence, err=True)
    settings = Settings(clips, systems, tuple(usable), mono=mono)
    with progress(clips, 1.0) as advance:
        shown = [0.0]

        def on_row(done: int, total: int) -> None:
            advance(done / total - shown[0])
            shown[0] = done / total

        rows = run(settings, out, workers, on_row)
    summaries = summarize(rows, usable)
    write_csv(rows, out / "rows.csv")
    text = markdown(summaries)
    (out / "summary.md").write_text(text, encoding="utf-8")
    click.echo(text, nl=False)
    if listen:
        write_report(rows, summaries, settings, out / "report.html", listen, overwrite=True)
    failures = [f"{row['clip']}: {row['error']}" for row in rows if "error" in row]
    if failures:
        raise AudioCodecError(f"{len(failures)} of {len(rows)} could not be scored; the first: {failures[0]}")
