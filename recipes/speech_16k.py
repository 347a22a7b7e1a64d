"""Train `speech-16k`, phase 1: spectral losses on random segments of speech.

    python recipes/speech_16k.py configs/speech-16k/v0.yaml runs/speech-16k

Stopped and started again with the same folder, it goes on where it was.
"""

from __future__ import annotations

import logging
import sys
from pathlib import Path

import click
import torch
import yaml

from audiocodec.errors import AudioCodecError
from audiocodec.models.pretrained import load_bundle
from audiocodec.train.recipe import build_trainer, load_config
from audiocodec.train.trainer import Trainer


def setup(config_path: Path, run_dir: Path, minutes: float | None, start_from: str | None) -> Trainer:
    """The trainer, beginning with the weights of `start_from`, or resumed if `run_dir` holds a checkpoint."""
    config = load_config(config_path)
    if minutes is not None:
        config["budget"] = {"minutes": minutes}
    run_dir.mkdir(parents=True, exist_ok=True)
    (run_dir / "config.yaml").write_text(yaml.safe_dump(config, sort_keys=False))
    trainer = build_trainer(config, run_dir)
    if start_from is not None:
        trainer.start_from(load_bundle(start_from).model)
    if trainer.resume():
        logging.info("resumed at step %d, minute %.1f", trainer.step, trainer.seconds / 60)
    return trainer


@click.command(help=__doc__)
@click.argument("config", type=click.Path(path_type=Path))
@click.argument("run_dir", type=click.Path(path_type=Path))
@click.option("--minutes", type=float, help="Train this long instead of what the configuration says.")
@click.option("--start-from", help="Begin with the weights of this model instead of random ones.")
@click.option("--threads", type=int, default=1, show_default=True)
def main(config: Path, run_dir: Path, minutes: float | None, start_from: str | None, threads: int) -> None:
    """Train until the budget is spent."""
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(message)s")
    torch.set_num_threads(threads)
    try:
        setup(config, run_dir, minutes, start_from).fit()
    except AudioCodecError as error:
        sys.exit(f"error: {error}")


if __name__ == "__main__":
    main()
