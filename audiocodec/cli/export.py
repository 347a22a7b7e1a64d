"""`audiocodec export`."""

from __future__ import annotations

from pathlib import Path

import click

from audiocodec.cli import options


@click.command()
@click.argument("model")
@click.argument("folder", type=click.Path(path_type=Path, file_okay=False))
@click.option("--onnx", is_flag=True, expose_value=False, help="As ONNX files: the one form there is.")
@options.force
def export(model: str, folder: Path, force: bool) -> None:
    """Write a model as files that other programs run: encoder.onnx and decoder.onnx, with explicit state.

    MODEL is a name, or the path of a model's folder. What goes in and out is in docs/onnx.md.

    \b
    Example:
        audiocodec export --onnx speech-16k exported/
    """
    from audiocodec.backends.onnx import export_onnx
    from audiocodec.model.bundle import load_bundle

    for path in export_onnx(folder, load_bundle(model), force):
        click.echo(f"{path}: {path.stat().st_size / 2**20:.2f} MiB", err=True)
