"""`audiocodec export`."""

from __future__ import annotations

from pathlib import Path

import click

from audiocodec._util.terminal import printable
from audiocodec.cli import completion, options


@click.command()
@click.argument("model", shell_complete=completion.models)
@click.argument("folder", type=click.Path(path_type=Path, file_okay=False), required=False)
@click.option(
    "--output", "-o", type=click.Path(path_type=Path, file_okay=False), help="Folder to write to, instead of FOLDER."
)
@click.option("--onnx", is_flag=True, expose_value=False, help="Write ONNX files (the only format).")
@options.force
def export(model: str, folder: Path | None, output: Path | None, force: bool) -> None:
    """Export a model for other programs: encoder.onnx and decoder.onnx, with explicit state.

    MODEL is a name, or the path of a model's folder. docs/onnx.md describes inputs and outputs.

    \b
    Example:
        audiocodec export --onnx speech-16k exported/
    """
    folder = options.one_target(folder, output, "a folder")
    from audiocodec.backends.onnx import export_onnx
    from audiocodec.model.bundle import load_bundle

    for path in export_onnx(folder, load_bundle(model), force):
        click.echo(printable(f"{path}: {path.stat().st_size / 2**20:.2f} MiB"), err=True)
