"""Options that several commands share."""

from __future__ import annotations

from typing import Any

import click


class Bitrate(click.ParamType[float]):
    """Bits a second: 3000, 3k or 1.5k."""

    name = "bitrate"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> float:
        """Text to bits a second; misuse ends with exit code 2."""
        text = str(value).lower()
        try:
            rate = float(text.removesuffix("k")) * (1000 if text.endswith("k") else 1)
        except ValueError:
            rate = float("nan")
        if not 0 < rate < 1e9:
            self.fail(f"{value!r} is no bitrate; write 3000, 3k or 1.5k", param, ctx)
        return rate


num_codebooks = click.option("--num-codebooks", "-n", type=click.IntRange(1), help="Use the first so many codebooks.")
bitrate = click.option("--bitrate", "-b", type=Bitrate(), help="Use as many codebooks as fit: 3000, 3k, 1.5k.")
threads = click.option(
    "--threads", type=click.IntRange(1), default=1, show_default=True, help="Channels worked on at once."
)
force = click.option("--force", "-f", is_flag=True, help="Overwrite files that exist.")
out = click.option("--out", type=click.Path(file_okay=False), help="Folder for the results, made as needed.")
as_json = click.option("--json", "as_json", is_flag=True, help="Print JSON.")
