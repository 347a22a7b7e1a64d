"""`audiocodec models`."""

from __future__ import annotations

import json
from typing import Any

import click

from audiocodec.cli import options


def _summary(name: str) -> dict[str, Any]:
    from audiocodec.codec import load

    codec = load(name)
    return {
        "name": name,
        "version": codec.info.version,
        "model_hash": codec.model_hash.hex(),
        "sample_rate": codec.sample_rate,
        "frame_rate": codec.frame_rate,
        "num_codebooks": codec.num_codebooks,
        "codebook_size": codec.codebook_size,
        "max_bitrate": codec.info.bitrate(codec.num_codebooks),
        "parameters": sum(array.size for array in codec.bundle.tensors.values()),
    }


@click.command()
@options.as_json
def models(as_json: bool) -> None:
    """List the models in this package.

    \b
    Example:
        audiocodec models --json
    """
    from audiocodec.model.bundle import list_models

    rows = [_summary(name) for name in list_models()]
    if as_json:
        click.echo(json.dumps(rows, indent=2))
        return
    for row in rows:
        click.echo(
            f"{row['name']:12s} version {row['version']}, {row['sample_rate']} Hz, {row['frame_rate']:g} frames/s, "
            f"{row['num_codebooks']} codebooks of {row['codebook_size']}, up to {row['max_bitrate'] / 1000:.2f} kbit/s "
            f"a channel, {row['parameters'] / 1e6:.1f} M parameters, hash {row['model_hash'][:8]}"
        )
