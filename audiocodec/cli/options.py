"""Options that several commands share."""

from __future__ import annotations

import math
import re
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import click

from audiocodec.cli import completion
from audiocodec.errors import ConfigError, OutputError
from audiocodec.tokens.bitrate import parse_bitrate

if TYPE_CHECKING:
    from audiocodec import live

TIME = re.compile(r"(?:(?:(\d+):)?(\d+):)?(\d+(?:\.\d*)?|\.\d+)")


class Bitrate(click.ParamType):  # type: ignore[type-arg]  # before click 8.4 it takes no argument
    """Bits per second: 3000, 3k or 1.5k."""

    name = "bitrate"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> float:
        """Text to bits per second; misuse ends with exit code 2."""
        try:
            return parse_bitrate(str(value))
        except ConfigError as error:
            self.fail(str(error), param, ctx)


class Time(click.ParamType):  # type: ignore[type-arg]
    """A position or a duration in seconds: 83.5, 1:23.5 or 1:02:03.

    Args:
        positive: refuse 0.
    """

    name = "time"

    def __init__(self, positive: bool = False) -> None:
        self.positive = positive

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> float:
        """Text to seconds; misuse ends with exit code 2."""
        seconds = value if isinstance(value, float) else parse_time(str(value))
        if seconds is None or seconds > 1e9:
            self.fail(f"{value!r} is not a time; write seconds (83.5), 1:23.5 or 1:02:03.", param, ctx)
        if self.positive and seconds <= 0:
            self.fail("A duration must be longer than 0 seconds.", param, ctx)
        return float(seconds)


def parse_time(text: str) -> float | None:
    """Seconds, minutes:seconds or hours:minutes:seconds to seconds; None if it is neither."""
    found = TIME.fullmatch(text.strip())
    if found is None:
        return None
    hours, minutes, seconds = found.groups()
    parts = float(seconds), int(minutes or 0)
    if (minutes is not None and parts[0] >= 60) or (hours is not None and parts[1] >= 60):
        return None
    return int(hours or 0) * 3600 + parts[1] * 60 + parts[0]


class Address(click.ParamType):  # type: ignore[type-arg]
    """HOST:PORT, or only a port if a default host is given."""

    name = "address"

    def __init__(self, host: str | None = None) -> None:
        self.host = host

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> live.Address:
        """Text to an address; misuse ends with exit code 2."""
        from audiocodec.live import parse_address

        try:
            return parse_address(value, self.host)
        except ConfigError as error:
            self.fail(str(error), param, ctx)


class Cutoff(click.ParamType):  # type: ignore[type-arg]
    """Hz of a high-pass."""

    name = "cutoff"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> float:
        """Text to Hz; misuse ends with exit code 2."""
        from audiocodec.audio import check_cutoff

        try:
            return check_cutoff(value)
        except ConfigError as error:
            self.fail(str(error), param, ctx)


class Quality(click.FloatRange):
    """1 to 10; unlike `click.FloatRange`, not NaN."""

    def __init__(self) -> None:
        super().__init__(1, 10)

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> float:
        """Text to a number; misuse ends with exit code 2."""
        number: float = super().convert(value, param, ctx)
        if math.isnan(number):
            self.fail(f"{value} is not in the range 1<=x<=10.", param, ctx)
        return number


class SoundFormat(click.ParamType):  # type: ignore[type-arg]
    """A format of sound files, with or without the point: wav, .flac."""

    name = "format"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> str:
        """Text to a suffix; misuse ends with exit code 2."""
        from audiocodec.audio.writer import format_of

        name = str(value).lstrip(".")
        suffix = f".{name}" if name else ""
        try:
            format_of(suffix)
        except OutputError as error:
            self.fail(str(error), param, ctx)
        return suffix


class Repeat(click.ParamType):  # type: ignore[type-arg]
    """A number of codebooks, or "auto", which becomes None."""

    name = "repeat"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> int | None:
        """Text to a number; misuse ends with exit code 2."""
        if value == "auto":
            return None
        if not str(value).isdecimal():
            self.fail(f"{value!r} is neither a number of codebooks nor 'auto'.", param, ctx)
        return int(value)


def check_rate(bitrate: float | None, num_codebooks: int | None) -> None:
    """Refuse both together."""
    if bitrate is not None and num_codebooks is not None:
        raise click.UsageError("Give --bitrate or --num-codebooks, not both.")


def check_existing(skip_existing: bool, force: bool) -> None:
    """Refuse both together."""
    if skip_existing and force:
        raise click.UsageError("Give --skip-existing or --force, not both.")


Target = TypeVar("Target", str, Path)
Command = TypeVar("Command", bound=Callable[..., Any])


def one_target(target: Target | None, output: Target | None, what: str = "a target") -> Target:
    """The target of a command with one result: given as an argument or as --output.

    Raises:
        click.UsageError: it is given twice, or not at all.
    """
    if target is not None and output is not None:
        raise click.UsageError("Name the target once: as an argument or with --output.")
    named = target or output
    if named is None:
        raise click.UsageError(f"Name {what}, as an argument or with --output.")
    return named


def metadata_of(tags: tuple[str, ...], option: str = "--tag") -> dict[str, str]:
    """NAME=TEXT, each, as a mapping.

    Raises:
        click.UsageError: one does not have that form.
    """
    for tag in tags:
        name, equals, _ = tag.partition("=")
        if not name or not equals:
            raise click.UsageError(f"{option} takes NAME=TEXT, such as {option} speaker=anna.")
    return dict(tag.split("=", 1) for tag in tags)


def bitrate_of(sound: str) -> Callable[[Command], Command]:
    """The option --bitrate; `sound` says whose bits count."""
    return click.option(
        "--bitrate",
        "-b",
        type=Bitrate(),
        help=f"Target bitrate of {sound}, in bit/s (3000, 3k, 1.5k); uses as many codebooks as fit. Container "
        "overhead is not counted.",
    )


MODEL_HELP = "Model name, or path of a model's folder."
num_codebooks = click.option(
    "--num-codebooks", "-n", type=click.IntRange(1), help="Number of codebooks to use (the first N)."
)
bitrate = bitrate_of("all channels together")
model = click.option(
    "--model", "-m", default="speech-16k", show_default=True, shell_complete=completion.models, help=MODEL_HELP
)
systems = click.option(
    "--system",
    "-s",
    "systems",
    multiple=True,
    required=True,
    shell_complete=completion.systems,
    help="System to compare (a model at a bitrate, another codec, or two commands); may be repeated.",
)
high_pass = click.option(
    "--high-pass",
    type=Cutoff(),
    default=0.0,
    metavar="HZ",
    help="Take off a constant offset and rumble below HZ before encoding (50 suits speech; default: off).",
)
threads = click.option(
    "--threads",
    type=click.IntRange(1),
    default=1,
    show_default=True,
    help="Number of channels to process in parallel.",
)
jobs = click.option(
    "--jobs",
    "-j",
    type=click.IntRange(1),
    default=1,
    show_default=True,
    help="Number of files to process in parallel, each in its own process. Results do not depend on it.",
)
backend = click.option(
    "--backend",
    type=click.Choice(["auto", "onnx", "torch"]),
    default="auto",
    show_default=True,
    help="Inference backend; auto prefers ONNX Runtime.",
)
force = click.option("--force", "-f", is_flag=True, help="Overwrite files that exist.")
skip_existing = click.option(
    "--skip-existing", is_flag=True, help="Skip files whose result exists already, to resume a folder."
)
quiet = click.option("--quiet", "-q", is_flag=True, help="Print errors and warnings only.")
start = click.option(
    "--start",
    type=Time(),
    default=0.0,
    help="Start position: seconds, 1:23.5 or 1:02:03 (default: the beginning). Reads only the pages it needs.",
)
duration = click.option(
    "--duration", type=Time(positive=True), help="Duration, written like --start (default: the rest)."
)
at_most = click.option(
    "--duration",
    type=Time(positive=True),
    default=10.0,
    show_default=True,
    help="Maximum duration: seconds, 1:23.5 or 1:02:03.",
)
output = click.option(
    "--output",
    "-o",
    help="Folder for the results, created if missing; for a single source also the name of the result.",
)
output_file = click.option("--output", "-o", type=click.Path(path_type=Path), help="Name of the file to write.")
as_json = click.option("--json", "as_json", is_flag=True, help="Print JSON.")
