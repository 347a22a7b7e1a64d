"""`audiocodec convert`."""

from __future__ import annotations

from pathlib import Path

import click

from audiocodec._util.terminal import printable
from audiocodec.cli import options


@click.command()
@click.argument("source", type=click.Path(path_type=Path))
@click.argument("target", type=click.Path(path_type=Path), required=False)
@options.output_file
@click.option("--like", type=click.Path(path_type=Path), help="Token file whose header is used for codes without one.")
@options.force
def convert(source: Path, target: Path | None, output: Path | None, like: Path | None, force: bool) -> None:
    """Convert a token file to an array of codes, or back; suffixes determine the formats.

    .npy holds the codes alone ("r q t": row (channel), codebook, frame), .npz and .safetensors the array
    `codes` and the header as JSON, .parquet one row per frame and one column per channel and codebook.

    \b
    Example:
        audiocodec convert speech.fsq speech.npz
        audiocodec convert speech.npz again.fsq
    """
    target = options.one_target(target, output)
    if like is not None and source.suffix.lower() == ".fsq":
        raise click.UsageError("--like is for arrays of codes; a token file has a header of its own.")
    from audiocodec._util.files import replacing
    from audiocodec.tokens import Tokens
    from audiocodec.tokens.convert import check_suffix, export_tokens, import_tokens

    for path in (source, target):
        if path.suffix.lower() != ".fsq":
            check_suffix(path.suffix)
    if source.suffix.lower() == ".fsq":
        tokens = Tokens.load(source)
    else:
        tokens = import_tokens(source, None if like is None else Tokens.load(like).header)
    if target.suffix.lower() == ".fsq":
        tokens.save(target, force)
    else:
        with replacing(target, force, source) as temporary:
            export_tokens(tokens, temporary, target.suffix)
    b, q, t = tokens.codes.shape
    click.echo(printable(f"{source} -> {target}: {b} channel(s), {q} codebooks, {t} frames"), err=True)
