"""`audiocodec decode`."""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import click

from audiocodec._util.times import clock
from audiocodec.cli import completion, options
from audiocodec.cli.batch import Done, run_all
from audiocodec.cli.loading import load_once
from audiocodec.cli.paths import PIPE, binary_input, binary_output, plan, source_path
from audiocodec.cli.verify import first_problem
from audiocodec.errors import DamagedFileError

if TYPE_CHECKING:
    from audiocodec.codec import Codec
    from audiocodec.codec.files import FileReport
    from audiocodec.tokens import Header

MOST_CLIPPED = 1e-3  # fraction of the samples, without a word: peaks of loud recordings, which nobody hears


@click.command()
@click.argument("files", nargs=-1, required=True)
@options.output
@click.option(
    "--model",
    "-m",
    shell_complete=completion.models,
    help="Model name, or path of a model's folder (default: the model named in the file).",
)
@options.num_codebooks
@click.option(
    "--format",
    "suffix",
    type=options.SoundFormat(),
    default=".wav",
    show_default=True,
    help="Output format when no target file is named.",
)
@click.option("--salvage", is_flag=True, help="Decode what is there of a damaged file, with silence in the gaps.")
@options.start
@options.duration
@options.jobs
@options.threads
@options.backend
@options.skip_existing
@options.force
@options.quiet
def decode(
    files: tuple[str, ...],
    output: str | None,
    model: str | None,
    num_codebooks: int | None,
    suffix: str,
    salvage: bool,
    start: float,
    duration: float | None,
    jobs: int,
    threads: int,
    backend: str,
    skip_existing: bool,
    force: bool,
    quiet: bool,
) -> None:
    """Decode token files to audio with the sample rate, channels and length of the original.

    FILES are a source and a target, or any number of files and folders with --output. '-' is
    standard input or output (tokens in, WAV out; with both, audio is written as tokens arrive). A
    single file without a target is decoded beside its source. Formats with bits get 16 of them;
    what is beyond full scale is clipped.

    \b
    Examples:
        audiocodec decode speech.fsq speech.decoded.wav
        audiocodec decode speech.fsq part.wav --start 1:23.5 --duration 10
        audiocodec decode tokens/ -o decoded/ --format .flac --jobs 4
    """
    options.check_existing(skip_existing, force)
    if salvage and (start != 0 or duration is not None):
        raise click.UsageError("Give --salvage, or --start and --duration, not both.")
    from audiocodec.tokens.tokens import list_token_files

    todo = plan(files, output, suffix, list_token_files)
    work = Decode(model, threads, backend, num_codebooks, suffix, salvage, start, duration, force)
    run_all(todo, work, jobs, skip_existing, quiet)


@dataclass(frozen=True)
class Decode:
    """Decodes one file after another; in other processes it loads its own models.

    Attributes:
        model: name or path; None: the one named in a file.
        threads: see `audiocodec.load`.
        backend: see `audiocodec.load`.
        num_codebooks: see `Codec.decode_file`.
        suffix: format for a pipe.
        salvage: see `Codec.decode_file`.
        start_s: see `Codec.decode_file`.
        duration_s: see `Codec.decode_file`.
        force: allow targets to exist.
    """

    model: str | None
    threads: int
    backend: str
    num_codebooks: int | None
    suffix: str
    salvage: bool
    start_s: float
    duration_s: float | None
    force: bool

    def codec_for(self, header: Header) -> Codec:
        """The model of a file, loaded once in each process."""
        return load_once(self.model or header.model, self.threads, self.backend)

    def __call__(self, source: str, target: str, advance: Callable[[float], None]) -> Done:
        """Decode one file; see `run_all`."""
        whole = self.start_s == 0 and self.duration_s is None and not self.salvage
        if source == target == PIPE and self.suffix == ".wav" and whole:
            live = self._live()
            return Done(f"{source} -> {target}: {live.duration_s:.2f} s", _clipped(live))
        with source_path(source) as path:
            try:
                codec, report = self._decoded(path, target)
            except DamagedFileError as error:
                name = "standard input" if source == PIPE else source
                raise DamagedFileError(first_problem(str(path), name) or str(error)) from error
        lost = f", {report.lost_frames / codec.frame_rate:.2f} s lost" if report.lost_frames else ""
        line = f"{report.duration_s:.2f} s, {report.speed:.0f} times real time{lost}"
        return Done(f"{source} -> {target}: {line}", _clipped(report))

    def _decoded(self, path: Path, target: str) -> tuple[Codec, FileReport]:
        from audiocodec.tokens import open_tokens

        with open_tokens(path) as reader:
            codec = self.codec_for(reader.header)
        return codec, self._to_pipe(codec, path) if target == PIPE else self._to_file(codec, path, Path(target))

    def _to_file(self, codec: Codec, path: Path, target: Path) -> FileReport:
        return codec.decode_file(
            path, target, self.num_codebooks, self.force, self.salvage, self.start_s, self.duration_s
        )

    def _to_pipe(self, codec: Codec, path: Path) -> FileReport:
        with tempfile.TemporaryDirectory(prefix="audiocodec-") as folder:
            target = Path(folder) / f"out{self.suffix}"
            report = self._to_file(codec, path, target)
            with target.open("rb") as file:
                shutil.copyfileobj(file, binary_output())
            binary_output().flush()
        return report

    def _live(self) -> FileReport:
        from audiocodec.tokens import TokenReader
        from audiocodec.tokens.recovery.verify import frame_time

        output = binary_output()
        reader = TokenReader(binary_input(), "standard input", live=True)
        try:
            return self.codec_for(reader.header).decode_stream(reader, output, self.num_codebooks)
        except DamagedFileError as error:
            heard = clock(frame_time(reader.header, reader.frames))
            way_out = "'audiocodec decode --salvage' gives what comes after, too"
            raise DamagedFileError(f"{error}; the sound up to {heard} is written; {way_out}") from error


def _clipped(report: FileReport) -> tuple[str, ...]:
    """A note if clipping may be heard."""
    if report.clipped < MOST_CLIPPED:
        return ()
    return (f"{100 * report.clipped:.1f} % of the samples are beyond full scale and were clipped",)
