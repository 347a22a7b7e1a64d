"""`audiocodec evaluate`."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import click

from audiocodec.cli import options

if TYPE_CHECKING:
    from audiocodec.evaluate import Summary

DEFAULT_METRICS = "estoi,pesq,visqol_speech,distillmos,si_sdr,mel"


@click.command()
@click.argument("clips", type=click.Path(exists=True, file_okay=False))
@options.systems
@click.option("--metrics", default=DEFAULT_METRICS, show_default=True, help="Metrics to compute, separated by commas.")
@click.option(
    "--output",
    "-o",
    type=click.Path(path_type=Path, file_okay=False),
    required=True,
    help="Folder for the results, created if missing.",
)
@click.option(
    "--report-clips",
    type=click.IntRange(0),
    default=6,
    show_default=True,
    help="Number of clips with audio and spectrograms in report.html; 0 writes no report.",
)
@click.option("--mono", is_flag=True, help="Average the channels before coding.")
@click.option("--workers", type=click.IntRange(1), default=1, show_default=True, help="Number of processes.")
def evaluate(
    clips: str, systems: tuple[str, ...], metrics: str, output: Path, report_clips: int, mono: bool, workers: int
) -> None:
    """Score codecs on a folder of clips: actual bitrates, 95 % intervals, and a report with audio and pictures.

    A system is MODEL@BITRATE, opus@BITRATE, lc3@BITRATE, codec2@BITRATE, or any pair of commands:
    'NAME=encoder {in} {code} :: decoder {code} {out}'. MODEL@BITRATE+20 uses 20 steps of `encode --refine`;
    opus@MODEL@BITRATE is Opus with the file size of MODEL@BITRATE for each clip.
    Of each clip the first 60 s are used. An interrupted run resumes when started again.

    \b
    Example:
        audiocodec evaluate clips/ -o scores/ -s speech-16k@3k -s speech-16k@6k -s opus@12k --metrics estoi,si_sdr
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
    if report_clips:
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

        rows = run(settings, output, workers, on_row)
    summaries = summarize(rows, usable)
    write_csv(rows, output / "rows.csv")
    text = markdown(summaries)
    (output / "summary.md").write_text(text, encoding="utf-8")
    click.echo(text, nl=False)
    if report_clips:
        write_report(rows, summaries, settings, output / "report.html", report_clips, overwrite=True)
    _conclude(summaries, usable[0], output, bool(report_clips))
    failures = [f"{row['clip']}: {row['error']}" for row in rows if "error" in row]
    if failures:
        raise AudioCodecError(f"{len(failures)} of {len(rows)} could not be scored; the first: {failures[0]}")


def _conclude(summaries: Sequence[Summary], metric: str, folder: Path, report: bool) -> None:
    """One line per system, and the paths of the results."""
    for summary in summaries:
        rate = "unknown bitrate" if summary.kbit_s != summary.kbit_s else f"{summary.kbit_s:.2f} kbit/s"
        failed = f", {summary.failed} failed" if summary.failed else ""
        value = f"{metric} {summary.means[metric][0]:.3f}"
        click.echo(
            f"{summary.system}: {rate}, {value}, {summary.clips} clip{'' if summary.clips == 1 else 's'}{failed}",
            err=True,
        )
    click.echo(f"report: {folder / 'report.html'}" if report else f"tables: {folder / 'summary.md'}", err=True)
