"""`audiocodec info`."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import click

from audiocodec._util.terminal import printable
from audiocodec.cli import options
from audiocodec.cli.paths import PIPE, expand, source_path
from audiocodec.cli.verify import WAY_OUT
from audiocodec.errors import AudioCodecError


def describe(path: Path, name: str) -> dict[str, Any]:
    """Everything in the header, and what follows from it.

    Args:
        path: of the file.
        name: what to call it.
    """
    from audiocodec.tokens import open_tokens
    from audiocodec.tokens.header import NO_ENTROPY
    from audiocodec.tokens.reader import total_samples
    from audiocodec.tokens.recovery.verify import find_damage

    with open_tokens(path) as reader:
        header = reader.header
    samples = total_samples(path, header)
    duration = None if samples is None else samples / header.sample_rate
    size = path.stat().st_size
    return {
        "file": name,
        "model": header.model,
        "model_hash": header.model_hash.hex(),
        "sample_rate": header.sample_rate,
        "channels": header.channels,
        "joint": header.joint.name.lower(),
        "variable": header.variable,
        "samples": samples,
        "duration_s": duration,
        "model_sample_rate": header.model_sample_rate,
        "frame_rate": header.frame_rate,
        "delay": header.delay,
        "num_codebooks": header.num_codebooks,
        **({"strides": list(header.strides)} if header.strides else {}),
        "levels": list(header.levels),
        "codebook_size": header.codebook_size,
        "frames_per_page": header.frames_per_page,
        "entropy_model": None if header.entropy == NO_ENTROPY else header.entropy.hex(),
        "metadata": dict(header.metadata),
        "file_bytes": size,
        "bitrate": 8 * size / duration if duration else None,
        "bitrate_by_codebook": [header.with_codebooks(k + 1).nominal_bitrate for k in range(header.num_codebooks)],
        "damage": [
            {"what": found.sentence.replace(str(path), name), "start_s": found.start_s, "end_s": found.end_s}
            for found in find_damage(path)
        ],
    }


def _text(fields: dict[str, Any]) -> str:
    rows = []
    for key, value in fields.items():
        if key == "bitrate_by_codebook":
            most = " at most" if fields["variable"] else ""
            value = (
                " ".join(f"{rate / 1000:.2f}" for rate in value) + f" kbit/s{most} with the first 1, 2, ... codebooks"
            )
        elif key == "bitrate":
            value = "unknown" if value is None else f"{value / 1000:.2f} kbit/s on disk"
        elif key == "duration_s":
            value = "unknown" if value is None else f"{value:.3f}"
        elif key == "entropy_model":
            value = value or "none, codes are packed"
        elif key == "metadata":
            value = "; ".join(f"{name}: {text}" for name, text in value.items()) or "none"
        elif key == "damage":
            value = "; ".join(found["what"] for found in value)
            value = f"{value}; {WAY_OUT}" if value else "none"
        elif value is None:
            value = "unknown"
        rows.append(f"{key:20s} {printable(str(value))}")
    return "\n".join(rows)


@click.command()
@click.argument("files", nargs=-1, required=True)
@options.as_json
def info(files: tuple[str, ...], as_json: bool) -> None:
    """Show the contents of token files, and any damage. Needs no model.

    FILES are token files or folders of them; '-' is standard input.

    \b
    Example:
        audiocodec info speech.fsq --json
    """
    from audiocodec.tokens.tokens import list_token_files

    names = expand(files, list_token_files)
    described, failed = [], 0
    for name in names:
        try:
            with source_path(name) as path:
                described.append(describe(path, "standard input" if name == PIPE else name))
        except (AudioCodecError, OSError) as error:
            if len(names) == 1:
                raise
            click.echo(f"error: {printable(str(error))}", err=True)
            failed += 1
    if as_json:
        single = len(files) == 1 and list(files) == names
        click.echo(json.dumps(described[0] if single else described, indent=2))
    elif described:
        click.echo("\n\n".join(map(_text, described)))
    if failed:
        click.echo(f"{failed} of {len(names)} files failed", err=True)
        raise click.exceptions.Exit(1)
