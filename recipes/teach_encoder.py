r"""A new encoder that says what a trained one says, from random weights: for an encoder that cannot be trained further.

    torchrun --nproc-per-node 2 recipes/teach_encoder.py MODEL audio-44k/3-joint runs/audio-44k/taught \
        data.root=FOLDER budget.minutes=13 train.learning_rate=0.003

The encoder of music-44k 0.5 carries a constant that is a thousand times the sound, so its last norm multiplies what
is left by 2000, and a step of the optimizer that changes its weights by 1 % destroys its latents. A new encoder of the
same description learns these latents by regression: the error in what each stage of the quantizer rounds, relative to
the spread there, early stages counted more. Data, learning rate and budget are those of the recipe. Quantizer and
decoder stay as they are; encoder and decoder are to be trained together then.
"""

from __future__ import annotations

import logging
import math
import time
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import cast

import click
import torch
from torch import Tensor, nn

from audiocodec._util.terminal import errors_in_one_sentence
from audiocodec.errors import ConfigError
from audiocodec.model import CodecModel, ranks
from audiocodec.model.bundle import load_bundle, save_bundle
from audiocodec.model.quantize import ResidualFSQ
from audiocodec.train.config import find_recipe, load_config
from audiocodec.train.launch import agree, choose_device, mean_gradients, process_group
from audiocodec.train.optimizers import build_optimizers
from audiocodec.train.recipe import build_trainer
from audiocodec.train.trainer import Trainer

logger = logging.getLogger(__name__)

SHOWN = 50  # steps between two lines
CLIP = 10.0  # largest norm of the gradient


def stage_errors(quantizer: ResidualFSQ, error: Tensor) -> Tensor:
    """Mean square of an error "b d t" of the latents in what each stage rounds, relative to the variance there, "q"."""
    projected = torch.einsum("qld,bdt->qlbt", quantizer.project_in, error)
    return (projected / quantizer.statistics()[1][:, :, None, None]).square().mean((1, 2, 3))


def teach(trainer: Trainer, teacher: CodecModel) -> None:
    """Train the encoder of a trainer's model until its budget is spent."""
    encoder, quantizer = trainer.model.encoder, cast(ResidualFSQ, teacher.quantizer)
    trained = list(encoder.parameters())
    optimizers = build_optimizers(trainer.config.optimizer, trained, trainer.config.learning_rate).values()
    weights = torch.arange(1, quantizer.num_codebooks + 1) ** -0.5
    begin, means = time.monotonic(), torch.zeros(len(weights))
    for step, batch in enumerate(trainer.data(0)):
        trainer.step = step
        trainer.seconds, _ = agree(time.monotonic() - begin, False, trainer.device)
        if trainer.share >= 1:
            return
        with torch.no_grad():
            target, _ = teacher.encoder(batch)
        errors = stage_errors(quantizer, encoder(batch)[0] - target)
        (errors * weights).sum().backward()  # type: ignore[no-untyped-call]
        mean_gradients(trained)
        nn.utils.clip_grad_norm_(trained, CLIP)
        for optimizer in optimizers:
            for group in optimizer.param_groups:
                group["lr"] = trainer.learning_rate()
            optimizer.step()
            optimizer.zero_grad()
        means.lerp_(errors.detach(), max(1 / SHOWN, 1 / (step + 1)))
        if step % SHOWN == 0:
            decibels = " ".join(f"{-10 * math.log10(value):.1f}" for value in means.tolist())
            said = step, trainer.seconds / 60, decibels
            logger.info("step %d, %.1f minutes: signal to error of the stages, dB: %s", *said)


@click.command(help=__doc__)
@click.argument("model")
@click.argument("recipe")
@click.argument("folder", type=click.Path(path_type=Path))
@click.argument("overrides", nargs=-1)
@errors_in_one_sentence()
def main(model: str, recipe: str, folder: Path, overrides: tuple[str, ...]) -> None:
    """Load, teach, write."""
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(message)s")
    bundle = load_bundle(model)
    teacher = bundle.build_model().requires_grad_(False)
    config = load_config(find_recipe(recipe), ["start_from=null", *overrides])
    if not isinstance(teacher.quantizer, ResidualFSQ):
        raise ConfigError(f"{model}: its quantizer is not a ResidualFSQ")
    with process_group(choose_device(config.train.device)):
        with TemporaryDirectory() as run_dir:  # a trainer wants one
            trainer = build_trainer(config, Path(run_dir), resume=False)
            teach(trainer, teacher)
        if ranks.rank() == 0:
            teacher.encoder.load_state_dict(trainer.model.encoder.state_dict())
            path = save_bundle(folder, bundle.info.name, "0", bundle.description["model"], teacher, overwrite=True)
            print(f"{model}, its encoder taught anew: {path}")


if __name__ == "__main__":
    main()
