"""Options that several commands share."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import click

from audiocodec.errors import ConfigError
from audiocodec.tokens.bitrate import parse_bitrate

if TYPE_CHECKING:
    from audiocodec import live


class Bitrate(click.ParamType):  # type: ignore[type-arg]  # before click 8.4 it takes no argument
    """Bits a second: 3000, 3k or 1.5k."""

    name = "bitrate"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> float:
        """Text to bits a second; misuse ends with exit code 2."""
        try:
            return parse_bitrate(str(value))
        except ConfigError as error:
            self.fail(str(error), param, ctx)


class Address(click.ParamType):  # type: ignore[type-arg]
    """HOST:PORT, or only a port where a host is given to go with it."""

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


def check_rate(bitrate: float | None, num_codebooks: int | None) -> None:
    """Refuse both at once."""
    if bitrate is not None and num_codebooks is not None:
        raise click.UsageError("give --bitrate or --num-codebooks, not both")


num_codebooks = click.option("--num-codebooks", "-n", type=click.IntRange(1), help="Use the first so many codebooks.")
bitrate = click.option(
    "--bitrate",
    "-b",
    type=Bitrate(),
    help="Use as many codebooks as fit, not counting what the file adds: 3000, 3k, 1.5k.",
)
threads = click.option(
    "--threads", type=click.IntRange(1), default=1, show_default=True, help="Channels worked on at once."
)
backend = click.option(
    "--backend",
    type=click.Choice(["auto", "onnx", "torch"]),
    default="auto",
    show_default=True,
    help="What runs the model; auto: onnx where it can.",
)
force = click.option("--force", "-f", is_flag=True, help="Overwrite files that exist.")
out = click.option("--out", type=click.Path(file_okay=False), help="Folder for the results, made as needed.")
as_json = click.option("--json", "as_json", is_flag=True, help="Print JSON.")
