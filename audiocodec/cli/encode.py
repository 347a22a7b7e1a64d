"""`audiocodec encode`."""

from __future__ import annotations

from pathlib import Path

import click

from audiocodec.cli import options
from audiocodec.cli.paths import PIPE, binary_output, plan, run_all, source_path


@click.command()
@click.argument("files", nargs=-1, required=True)
@options.out
@click.option("--model", "-m", default="speech-16k", show_default=True, help="Name, or path of a model's folder.")
@options.bitrate
@options.num_codebooks
@click.option("--tag", "tags", multiple=True, metavar="NAME=TEXT", help="Text to keep in the file; may be repeated.")
@click.option(
    "--refine",
    type=click.IntRange(0),
    default=0,
    show_default=True,
    metavar="STEPS",
    help="Search for codes that sound better at this bitrate; 20 steps are enough, and slow. Needs [refine].",
)
@options.threads
@options.backend
@options.force
def encode(
    files: tuple[str, ...],
    out: str | None,
    model: str,
    bitrate: float | None,
    num_codebooks: int | None,
    tags: tuple[str, ...],
    refine: int,
    threads: int,
    backend: str,
    force: bool,
) -> None:
    """Compress sound files to token files (.fsq).

    FILES are a source and a target, or any number of files and folders with --out; folders are
    mirrored there. '-' is standard input or output (WAV in, tokens out). Title, artist and other tags
    of the sound file are kept; --tag adds to them.

    \b
    Examples:
        audiocodec encode speech.wav speech.fsq --bitrate 3k
        audiocodec encode speech.wav speech.fsq --bitrate 3k --refine 20
        audiocodec encode recordings/ --out tokens/ --tag speaker=anna
    """
    options.check_rate(bitrate, num_codebooks)
    if any(not name or not equals for name, equals, _ in (tag.partition("=") for tag in tags)):
        raise click.UsageError("a --tag is NAME=TEXT")
    metadata = dict(tag.split("=", 1) for tag in tags)
    from audiocodec import audio
    from audiocodec._util.files import replacing
    from audiocodec.cli.progress import progress
    from audiocodec.codec import load

    pairs = plan(files, out, ".fsq", audio.list_audio_files)
    codec = load(model, threads, backend)

    def work(source: str, target: str) -> str:
        with source_path(source) as path, audio.AudioReader(path) as reader:
            with progress(source, reader.samples) as advance:
                reader.on_block = advance
                if target == PIPE:
                    report = codec.encode_stream(reader, binary_output(), num_codebooks, bitrate, metadata, refine)
                    binary_output().flush()
                else:
                    with replacing(Path(target), force, path) as temporary, temporary.open("wb") as file:
                        report = codec.encode_stream(reader, file, num_codebooks, bitrate, metadata, refine)
        return (
            f"{source} -> {target}: {report.duration_s:.2f} s, {report.bitrate / 1000:.2f} kbit/s on disk, "
            f"{report.speed:{'.0f' if report.speed >= 10 else '.2g'}} times real time"
        )

    run_all(pairs, work)
