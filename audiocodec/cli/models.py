"""`audiocodec models`."""

from __future__ import annotations

import json
import math
from typing import Any

import click

from audiocodec.cli import options


def _summary(name: str) -> dict[str, Any]:
    from audiocodec.models.pretrained import load_bundle

    bundle = load_bundle(name)
    model, quantizer = bundle.model, bundle.model.quantizer
    frame_rate = model.sample_rate / model.hop_length
    return {
        "name": name,
        "version": bundle.version,
        "model_hash": bundle.model_hash.hex(),
        "sample_rate": model.sample_rate,
        "frame_rate": frame_rate,
        "num_codebooks": quantizer.num_codebooks,
        "codebook_size": quantizer.codebook_size,
        "max_bitrate": frame_rate * quantizer.num_codebooks * math.log2(quantizer.codebook_size),
        "parameters": sum(p.numel() for p in model.parameters()),
    }


@click.command()
@options.as_json
def models(as_json: bool) -> None:
    """List the models in this package.

    \b
    Example:
        audiocodec models --json
    """
    from audiocodec.models.pretrained import list_models

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
