"""Make a model bundle (float16 weights and description) of a training run.

python recipes/package_model.py runs/speech-16k speech-16k 0.1 audiocodec/models/weights
"""

from __future__ import annotations

import sys
from pathlib import Path

import click

from audiocodec.errors import AudioCodecError
from audiocodec.models.pretrained import load_bundle, save_bundle
from audiocodec.train.checkpoint import load_average


@click.command(help=__doc__)
@click.argument("run_dir", type=click.Path(path_type=Path))
@click.argument("name")
@click.argument("version")
@click.argument("folder", type=click.Path(path_type=Path))
def main(run_dir: Path, name: str, version: str, folder: Path) -> None:
    """Write the bundle and load it once."""
    try:
        model, spec = load_average(run_dir)
        path = save_bundle(folder, name, version, spec, model)
        bundle = load_bundle(str(path))
    except AudioCodecError as error:
        sys.exit(f"error: {error}")
    size = path.with_suffix(".safetensors").stat().st_size
    print(f"{path}: {size / 2**20:.2f} MiB, hash {bundle.model_hash.hex()}")


if __name__ == "__main__":
    main()
