"""`audiocodec decode`."""

from __future__ import annotations

import shutil
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

import click

from audiocodec.cli import options
from audiocodec.cli.paths import PIPE, binary_input, binary_output, plan, run_all, source_path

if TYPE_CHECKING:
    from audiocodec.codec import Codec
    from audiocodec.tokens import Header


@click.command()
@click.argument("files", nargs=-1, required=True)
@options.out
@click.option("--model", "-m", help="Path of a model's folder; by default the model that the file names.")
@options.num_codebooks
@click.option(
    "--format", "suffix", default=".wav", show_default=True, help="Suffix of results whose name is not given."
)
@click.option("--salvage", is_flag=True, help="Put silence where the file is damaged.")
@click.option(
    "--start",
    type=click.FloatRange(0),
    default=0.0,
    help="Seconds to leave out at the start; only the pages needed are read.",
)
@click.option("--duration", type=click.FloatRange(0), help="Seconds to decode [all the rest].")
@options.threads
@options.backend
@options.force
def decode(
    files: tuple[str, ...],
    out: str | None,
    model: str | None,
    num_codebooks: int | None,
    suffix: str,
    salvage: bool,
    start: float,
    duration: float | None,
    threads: int,
    backend: str,
    force: bool,
) -> None:
    """Turn token files back into sound, with the rate, channels and length of the original.

    FILES are a source and a target, or any number of files and folders with --out. '-' is
    standard input or output (tokens in, WAV out; with both, sound comes as tokens do).

    \b
    Examples:
        audiocodec decode speech.fsq speech.decoded.wav
        audiocodec decode speech.fsq part.wav --start 12.5 --duration 3
        audiocodec decode tokens/ --out decoded/ --format .flac
    """
    part = start != 0 or duration is not None
    if part and salvage:
        raise click.UsageError("give --salvage or --start and --duration, not both")
    from audiocodec.codec import load
    from audiocodec.tokens import TokenReader, open_tokens
    from audiocodec.tokens.tokens import list_token_files

    suffix = "." + suffix.lstrip(".")
    pairs = plan(files, out, suffix, list_token_files)
    loaded: dict[str, Codec] = {}

    def codec_for(header: Header) -> Codec:
        name = model or header.model
        if name not in loaded:
            loaded[name] = load(name, threads, backend)
        return loaded[name]

    def live() -> str:
        output = binary_output()
        reader = TokenReader(binary_input(), "standard input", live=True)
        codec = codec_for(reader.header)
        report = codec.decode_stream(reader, output, num_codebooks)
        return f"{report.duration_s:.2f} s"

    def work(source: str, target: str) -> str:
        if source == target == PIPE and suffix == ".wav" and not salvage and not part:
            return f"{source} -> {target}: {live()}"
        with source_path(source) as path, tempfile.TemporaryDirectory(prefix="audiocodec-") as folder:
            with open_tokens(path) as reader:
                codec = codec_for(reader.header)
            goal = Path(folder) / f"out{suffix}" if target == PIPE else Path(target)
            report = codec.decode_file(path, goal, num_codebooks, force, salvage, start, duration)
            if target == PIPE:
                with goal.open("rb") as file:
                    shutil.copyfileobj(file, binary_output())
                binary_output().flush()
        lost = f", {report.lost_frames / codec.frame_rate:.2f} s lost" if report.lost_frames else ""
        return f"{source} -> {target}: {report.duration_s:.2f} s, {report.speed:.0f} times real time{lost}"

    run_all(pairs, work)
