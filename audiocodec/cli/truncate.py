"""`audiocodec truncate`."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import click

from audiocodec.cli import options
from audiocodec.cli.batch import Done, run_all
from audiocodec.cli.paths import opened_target, plan, source_path


@click.command()
@click.argument("files", nargs=-1, required=True)
@options.output
@options.num_codebooks
@options.bitrate
@options.jobs
@options.skip_existing
@options.force
@options.quiet
def truncate(
    files: tuple[str, ...],
    output: str | None,
    num_codebooks: int | None,
    bitrate: float | None,
    jobs: int,
    skip_existing: bool,
    force: bool,
    quiet: bool,
) -> None:
    """Keep only the first codebooks of token files: smaller files of lower quality. Needs no model.

    FILES are a source and a target, or any number of files and folders with --output. '-' is standard
    input or output.

    \b
    Examples:
        audiocodec truncate speech.fsq smaller.fsq --bitrate 3k
        audiocodec truncate tokens/ -o smaller/ --num-codebooks 6
        audiocodec truncate - - -b 3k < speech.fsq > smaller.fsq
    """
    if (num_codebooks is None) == (bitrate is None):
        raise click.UsageError("Give either --num-codebooks or --bitrate.")
    options.check_existing(skip_existing, force)
    if output is None and len(files) != 2:
        raise click.UsageError("Name a source and a target, or an output folder with --output.")
    from audiocodec.tokens.tokens import list_token_files

    todo = plan(files, output, ".fsq", list_token_files)
    run_all(todo, Truncate(num_codebooks, bitrate, force), jobs, skip_existing, quiet)


@dataclass(frozen=True)
class Truncate:
    """Attributes: num_codebooks or bitrate, see `truncate_file`; force: allow targets to exist."""

    num_codebooks: int | None
    bitrate: float | None
    force: bool

    def __call__(self, source: str, target: str, advance: Callable[[float], None]) -> Done:
        """Truncate one file; see `run_all`."""
        from audiocodec.tokens import open_tokens, truncate_file
        from audiocodec.tokens.bitrate import choose_depth

        with source_path(source) as path:
            before = path.stat().st_size if path.is_file() else 0
            with open_tokens(path) as reader:
                header = reader.header
            there, each = header.num_codebooks, header.codebook_bitrate
            depth = choose_depth(self.num_codebooks, self.bitrate, there, each, header.strides)
            with opened_target(target, self.force) as file:
                written = truncate_file(path, file, depth)
        most = f"its codebooks, {there} in all, take at most {header.nominal_bitrate / 1000:.2f} kbit/s"
        notes = (f"nothing was left out: {most}",) if depth == there else ()
        return Done(f"{source} -> {target}: {before} to {written} bytes", notes)
