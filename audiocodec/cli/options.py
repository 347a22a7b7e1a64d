"""Options that several commands share."""

from __future__ import annotations

from typing import Any

import click

from audiocodec.bitrate import parse_bitrate
from audiocodec.errors import ConfigError


class Bitrate(click.ParamType[float]):
    """Bits a second: 3000, 3k or 1.5k."""

    name = "bitrate"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> float:
        """Text to bits a second; misuse ends with exit code 2."""
        try:
            return parse_bitrate(str(value))
        except ConfigError as error:
            self.fail(str(error), param, ctx)


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
