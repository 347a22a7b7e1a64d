"""`audiocodec encode`."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import click

from audiocodec.cli import completion, options
from audiocodec.cli.batch import Done, run_all
from audiocodec.cli.loading import load_once
from audiocodec.cli.paths import Plan, opened_target, plan, source_path
from audiocodec.errors import CutShortError

if TYPE_CHECKING:
    from audiocodec.cli.watched import Watch
    from audiocodec.codec import Codec

AUTO = "auto"
EFFORTS = (0, 5, 10, 20, 40)  # steps of --refine


@click.command()
@click.argument("files", nargs=-1, required=True)
@options.output
@click.option(
    "--model",
    "-m",
    default="speech-16k",
    show_default=True,
    shell_complete=completion.models_or_auto,
    help=f"{options.MODEL_HELP} 'auto' chooses speech-16k or audio-44k for each file by its content.",
)
@options.bitrate
@options.num_codebooks
@click.option("--tag", "tags", multiple=True, metavar="NAME=TEXT", help="Text to keep in the file; may be repeated.")
@click.option(
    "--refine",
    type=click.IntRange(0),
    metavar="STEPS",
    help="Refine the codes by gradient search for STEPS steps (20 is a good value). Slow; needs [refine].",
)
@click.option(
    "--effort",
    type=click.IntRange(0, len(EFFORTS) - 1),
    metavar="LEVEL",
    help="Refine by level instead of steps, from 0 (not at all) to 4 (best, slowest): "
    f"{', '.join(map(str, EFFORTS[:-1]))} or {EFFORTS[-1]} steps.",
)
@click.option(
    "--vbr",
    is_flag=True,
    help="Variable rate: give each frame as many codebooks as it needs, --bitrate or --num-codebooks on average.",
)
@options.high_pass
@click.option(
    "--quality",
    type=options.Quality(),
    metavar="1-10",
    help="Variable rate without a given mean: about the same quality for every sound, in as many bits as it needs "
    "(docs/variable-rate.md has their means).",
)
@click.option("--salvage", is_flag=True, help="Encode what is there of sound files that are cut short or break off.")
@options.jobs
@options.threads
@options.backend
@options.skip_existing
@options.force
@options.quiet
def encode(
    files: tuple[str, ...],
    output: str | None,
    model: str,
    bitrate: float | None,
    num_codebooks: int | None,
    tags: tuple[str, ...],
    refine: int | None,
    effort: int | None,
    vbr: bool,
    high_pass: float,
    quality: float | None,
    salvage: bool,
    jobs: int,
    threads: int,
    backend: str,
    skip_existing: bool,
    force: bool,
    quiet: bool,
) -> None:
    """Compress sound files to token files (.fsq).

    FILES are a source and a target, or any number of files and folders with --output; folders are
    mirrored there. '-' is standard input or output (WAV in, tokens out). A single file without a
    target is encoded beside its source. Title, artist and other tags of the sound file are kept;
    --tag adds to them.

    \b
    Examples:
        audiocodec encode speech.wav speech.fsq --bitrate 3k
        audiocodec encode speech.wav speech.fsq --bitrate 3k --effort 3
        audiocodec encode speech.wav speech.fsq --bitrate 3k --vbr
        audiocodec encode speech.wav speech.fsq --quality 6
        audiocodec encode recordings/ -o tokens/ --jobs 4 --skip-existing --tag speaker=anna
    """
    options.check_rate(bitrate, num_codebooks)
    options.check_existing(skip_existing, force)
    if refine is not None and effort is not None:
        raise click.UsageError("--effort chooses the steps of --refine; give one of the two.")
    steps = refine or EFFORTS[effort or 0]
    if quality is not None:
        _check_alone(bitrate, num_codebooks, vbr)
    if vbr and bitrate is None and num_codebooks is None:
        raise click.UsageError("--vbr needs a mean: give --bitrate or --num-codebooks.")
    metadata = options.metadata_of(tags)
    from audiocodec import audio

    todo = plan(files, output, ".fsq", audio.list_audio_files)
    _refuse_sounds_as_targets(todo)
    work = Encode(
        model, threads, backend, num_codebooks, bitrate, metadata, steps, vbr, high_pass, quality, salvage, force
    )
    if model != AUTO:
        work.codec(model)  # an unknown model fails before any file
    run_all(todo, work, jobs, skip_existing, quiet)


def _check_alone(bitrate: float | None, num_codebooks: int | None, vbr: bool) -> None:
    """Refuse a rate beside --quality."""
    rates = {"--bitrate": bitrate is not None, "--num-codebooks": num_codebooks is not None, "--vbr": vbr}
    for option, given in rates.items():
        if given:
            raise click.UsageError(
                f"--quality finds the rate of each file itself: give --quality or {option}, not both."
            )


def _refuse_sounds_as_targets(todo: Plan) -> None:
    """Detect a second audio file given as target: it is most likely meant as a source.

    Raises:
        click.UsageError: a target has the suffix of a sound file.
    """
    from audiocodec import audio

    for _, target in todo.pairs:
        if Path(target).suffix.lower() in audio.SUFFIXES:
            raise click.UsageError(
                f"{target} has the suffix of an audio file, but encode writes token files (.fsq); "
                "to encode several files, name an output folder with --output."
            )


@dataclass(frozen=True)
class Encode:
    """Encodes one file after another; in other processes it loads its own model.

    Attributes:
        model: name, path, or "auto".
        threads: see `audiocodec.load`.
        backend: see `audiocodec.load`.
        num_codebooks: see `Codec.encode`.
        bitrate: see `Codec.encode`.
        metadata: see `Codec.encode_stream`.
        refine: see `Codec.encode`.
        vbr: see `Codec.encode_stream`.
        high_pass: see `Codec.encode_stream`.
        quality: see `Codec.encode_stream`.
        salvage: see `AudioReader`.
        force: allow targets to exist.
    """

    model: str
    threads: int
    backend: str
    num_codebooks: int | None
    bitrate: float | None
    metadata: dict[str, str]
    refine: int
    vbr: bool
    high_pass: float
    quality: float | None
    salvage: bool
    force: bool

    def codec(self, model: str) -> Codec:
        """A model, loaded once in each process."""
        return load_once(model, self.threads, self.backend)

    def __call__(self, source: str, target: str, advance: Callable[[float], None]) -> Done:
        """Encode one file; see `run_all`."""
        try:
            return self._encoded(source, target, advance)
        except CutShortError as error:
            if self.salvage:
                raise
            raise CutShortError(f"{error}; --salvage encodes what is there") from error

    def _encoded(self, source: str, target: str, advance: Callable[[float], None]) -> Done:
        from audiocodec.cli.watched import WatchedReader

        with source_path(source) as path:
            model = self._model(path)
            codec = self.codec(model)
            reader = WatchedReader(path, self.salvage)
            reader.watches = self._watches(codec, reader.sample_rate)
            if reader.samples:
                reader.on_block = lambda samples: advance(samples / reader.samples)
            with reader, opened_target(target, self.force, path) as file:
                report = codec.encode_stream(
                    reader,
                    file,
                    self.num_codebooks,
                    self.bitrate,
                    self.metadata,
                    self.refine,
                    self.vbr,
                    self.high_pass,
                    self.quality,
                )
        notes = (*_above_top(codec, reader.channels, self.bitrate), *reader.notes())
        chosen = f"{model}, " if self.model == AUTO else ""
        speed = f"{report.speed:{'.0f' if report.speed >= 10 else '.2g'}} times real time"
        line = f"{report.duration_s:.2f} s, {chosen}{report.bitrate / 1000:.2f} kbit/s on disk, {speed}"
        missing = f"; not the whole file: it {reader.missing}" if reader.missing else ""
        return Done(f"{source} -> {target}: {line}{missing}", notes)

    def _watches(self, codec: Codec, rate: int) -> list[Watch]:
        """What a model for speech cannot do well is looked for."""
        from audiocodec.cli.bandwidth import BandwidthWatch
        from audiocodec.cli.rumble import RumbleWatch

        if not codec.info.for_speech:
            return []
        rumble = [] if self.high_pass else [RumbleWatch(rate)]
        return [BandwidthWatch(rate, codec.sample_rate, codec.name), *rumble]

    def _model(self, path: Path) -> str:
        if self.model != AUTO:
            return self.model
        from audiocodec.cli.choice import choose_model

        return choose_model(path, self.salvage, self.high_pass)


def _above_top(codec: Codec, channels: int, bitrate: float | None) -> tuple[str, ...]:
    """A note if the requested bitrate is more than the model can use."""
    top = codec.info.rows(channels) * codec.info.bitrate(codec.num_codebooks)
    if bitrate is None or bitrate <= top:
        return ()
    sounds = "mono" if channels == 1 else f"{channels} channels"
    return (
        f"{bitrate / 1000:g} kbit/s was asked for, but {codec.name} has {codec.num_codebooks} codebooks: "
        f"{top / 1000:.2f} kbit/s at most for {sounds}",
    )
