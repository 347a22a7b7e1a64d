"""`audiocodec decode`."""

from __future__ import annotations

import shutil
import tempfile
from pathlib import Path

import click

from audiocodec.cli import options
from audiocodec.cli.paths import PIPE, binary_output, plan, run_all, source_path


@click.command()
@click.argument("files", nargs=-1, required=True)
@options.out
@click.option("--model", "-m", help="Path of a model's folder; by default the model that the file names.")
@options.num_codebooks
@click.option(
    "--format", "suffix", default=".wav", show_default=True, help="Suffix of results whose name is not given."
)
@click.option("--salvage", is_flag=True, help="Put silence where the file is damaged.")
@options.threads
@options.force
def decode(
    files: tuple[str, ...],
    out: str | None,
    model: str | None,
    num_codebooks: int | None,
    suffix: str,
    salvage: bool,
    threads: int,
    force: bool,
) -> None:
    """Turn token files back into sound, with the rate, channels and length of the original.

    FILES are a source and a target, or any number of files and folders with --out. '-' is
    standard input or output (tokens in, WAV out).

    \b
    Examples:
        audiocodec decode speech.fsq speech.decoded.wav
        audiocodec decode tokens/ --out decoded/ --format .flac
    """
    from audiocodec.codec import Codec, load
    from audiocodec.container.tokens import list_token_files, open_tokens

    suffix = "." + suffix.lstrip(".")
    pairs = plan(files, out, suffix, list_token_files)
    loaded: dict[str, Codec] = {}

    def codec_for(path: Path) -> Codec:
        with open_tokens(path) as reader:
            name = model or reader.header.model
        if name not in loaded:
            loaded[name] = load(name, threads)
        return loaded[name]

    def work(source: str, target: str) -> str:
        with source_path(source) as path, tempfile.TemporaryDirectory(prefix="audiocodec-") as folder:
            codec = codec_for(path)
            goal = Path(folder) / f"out{suffix}" if target == PIPE else Path(target)
            report = codec.decode_file(path, goal, num_codebooks, overwrite=force, salvage=salvage)
            if target == PIPE:
                with goal.open("rb") as file:
                    shutil.copyfileobj(file, binary_output())
                binary_output().flush()
        lost = f", {report.lost_frames / codec.frame_rate:.2f} s lost" if report.lost_frames else ""
        return f"{source} -> {target}: {report.duration_s:.2f} s, {report.speed:.0f} times real time{lost}"

    run_all(pairs, work)
