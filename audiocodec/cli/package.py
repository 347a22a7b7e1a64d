"""`audiocodec package`."""

from __future__ import annotations

from pathlib import Path

import click

from audiocodec.cli import options


@click.command()
@click.argument("run_dir", type=click.Path(path_type=Path))
@click.option("--name", required=True, help="Model name, as recorded in token files.")
@click.option("--version", default="1", show_default=True, help="Version of the weights.")
@click.option(
    "--output",
    "-o",
    "folder",
    type=click.Path(path_type=Path, file_okay=False),
    help="Folder for the model (default: NAME).",
)
@click.option("--best", is_flag=True, help="Use the weights with the best validation score instead of the last ones.")
@options.force
def package(run_dir: Path, name: str, version: str, folder: Path | None, best: bool, force: bool) -> None:
    """Package a training run as a model: weights, description and card.

    \b
    Example:
        audiocodec package runs/tiny/1-spectral --name my-codec
        audiocodec encode speech.wav speech.fsq --model my-codec
    """
    from audiocodec._util.extras import require

    require("omegaconf", "train")
    from audiocodec.train.package import package_run

    folder = folder or Path(name)
    bundle = package_run(run_dir, folder, name, version, best, force)
    size = (folder / f"{name}.safetensors").stat().st_size
    click.echo(f"{folder}: {name} {version}, {size / 2**20:.2f} MiB, hash {bundle.info.hash.hex()[:8]}", err=True)
    click.echo(f"use it: audiocodec encode in.wav out.fsq --model {folder}", err=True)
