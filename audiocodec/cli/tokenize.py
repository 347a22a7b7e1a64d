"""`audiocodec tokenize`."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

import click

from audiocodec._util.terminal import on_terminal
from audiocodec.cli import options
from audiocodec.errors import AudioError

if TYPE_CHECKING:
    from audiocodec.corpus import Progress


@click.command()
@click.option(
    "--input",
    "-i",
    "source",
    required=True,
    help="Folder, sound file, pattern such as 'in/**/*.flac', or CSV with a column 'path'.",
)
@click.option("--output", "-o", required=True, help="Folder for the corpus, or a URL such as s3://bucket/corpus.")
@click.option(
    "--format",
    type=click.Choice(["parquet", "webdataset", "fsq"]),
    default="parquet",
    show_default=True,
    help="Shard format.",
)
@options.model
@options.num_codebooks
@options.bitrate_of("a mono sound")
@options.high_pass
@click.option(
    "--sounds-per-shard",
    type=click.IntRange(1),
    help="Sounds per shard (default: about 64 shards of 8 to 1000 sounds).",
)
@click.option(
    "--workers",
    type=click.IntRange(0),
    help="Number of Ray actors (default: one per processor, none for few sounds); 0 works in this process without Ray.",
)
@click.option(
    "--device",
    default="cpu",
    show_default=True,
    help="Device of torch, such as cuda; implies --workers 0. Bit-identical tokens are guaranteed on the CPU only.",
)
@click.option("--address", help="Address of a running Ray cluster (default: start a local one).")
@options.backend
def tokenize(
    source: str,
    output: str,
    format: str,
    model: str,
    num_codebooks: int | None,
    bitrate: float | None,
    high_pass: float,
    sounds_per_shard: int | None,
    workers: int | None,
    device: str,
    address: str | None,
    backend: str,
) -> None:
    """Encode a corpus into shards of tokens, for training language models.

    An interrupted or killed run resumes when it is started again, and writes the same files as an uninterrupted run.
    Sounds that cannot be used are listed in errors.csv; manifest.json describes the corpus.

    \b
    Example:
        audiocodec tokenize --input recordings/ --output corpus/ --format parquet
    """
    if workers == 0 and address:
        raise click.UsageError("Give --workers 0 or --address, not both.")
    if device != "cpu" and (workers or address):
        raise click.UsageError(
            "Give --device or --workers and --address, not both: a device is used by this process only."
        )
    options.check_rate(bitrate, num_codebooks)
    from audiocodec.corpus import tokenize as run
    from audiocodec.corpus.stopwatch import fractions

    if device != "cpu":
        workers = 0
    with _shown(output) as on_shard:
        made_by = (model, num_codebooks, backend, sounds_per_shard, workers, address)
        done = run(source, output, format, *made_by, on_shard, bitrate, device, high_pass)
    if done.sounds + done.errors == 0:
        click.echo(f"{output}: all {done.shards} shards are there already", err=True)
        return
    click.echo(f"{output}: {_line(done)}", err=True)
    if done.sounds:
        parts = ", ".join(f"{stage} {share:.0%}" for stage, share in fractions(done.watch.wall).items())
        click.echo(f"time of the workers: {parts}", err=True)
    if done.errors:
        click.echo(f"{done.errors} sounds could not be used, see errors.csv", err=True)
    if not done.sounds:
        raise AudioError(f"{source}: no sound could be used, see {output}/errors.csv")


def _line(progress: Progress) -> str:
    speed = 3600 * progress.hours / progress.elapsed_s if progress.elapsed_s else 0.0
    return (
        f"{progress.shards_done} of {progress.shards} shards, {progress.sounds} sounds, {progress.hours:.3f} hours "
        f"in {progress.elapsed_s:.1f} s, {speed:.0f} times real time"
    )


@contextmanager
def _shown(label: str) -> Iterator[Callable[[Progress], None]]:
    """A bar on a terminal; otherwise one line per tenth of the shards."""
    if not on_terminal():
        yield _tenths
        return
    from rich.console import Console
    from rich.progress import Progress as Bar

    with Bar(console=Console(stderr=True), transient=True) as bar:
        task = bar.add_task(label, total=None)
        yield lambda progress: bar.update(
            task, total=progress.shards, completed=progress.shards_done, description=_line(progress)
        )


def _tenths(progress: Progress) -> None:
    done, shards = progress.shards_done, progress.shards
    if progress.sounds and 10 * done // shards > 10 * (done - 1) // shards and done < shards:
        click.echo(_line(progress), err=True)
