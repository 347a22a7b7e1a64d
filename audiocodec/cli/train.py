"""`audiocodec train`."""

from __future__ import annotations

import logging
import sys
from pathlib import Path

import click

from audiocodec.cli import completion


def _require_extra() -> None:
    from audiocodec._util.extras import require

    for module in ("omegaconf", "torchaudio", "auraloss", "pystoi", "pesq"):
        require(module, "train")


def _list_everything() -> None:
    from audiocodec.model import build
    from audiocodec.quality import losses
    from audiocodec.train import config, discriminators, recipe

    click.echo("recipes")
    for name, path in config.recipes().items():
        click.echo(f"  {name:18s} {path.read_text().splitlines()[0].lstrip('# ')}")
    lists = {kind: sorted(parts) for kind, parts in build.PARTS.items()}
    lists |= {"losses": list(losses.LOSSES), "discriminators": discriminators.__all__}
    lists |= {"adversarial losses": list(recipe.CRITERIA), "phases": list(config.PHASES)}
    for kind, names in lists.items():
        click.echo(f"{kind}\n  {' '.join(names)}")


@click.command()
@click.argument("recipe", required=False, shell_complete=completion.recipes)
@click.argument("overrides", nargs=-1)
@click.option(
    "--run-dir", type=click.Path(path_type=Path), help="Folder for checkpoints and the curve (default: runs/RECIPE)."
)
@click.option("--dry-run", is_flag=True, help="Print the resolved configuration and the model it trains, and exit.")
@click.option("--list", "list_", is_flag=True, help="List the recipes and the parts they are made of, and exit.")
@click.pass_context
def train(
    ctx: click.Context, recipe: str | None, overrides: tuple[str, ...], run_dir: Path | None, dry_run: bool, list_: bool
) -> None:
    """Train a codec on a folder of audio. RECIPE is a name from --list or a YAML file.

    Started again with the same folder, it resumes. Start it with torchrun for several processes or
    machines.

    \b
    Example:
        audiocodec train tiny data.root=my-sounds budget.minutes=2
        audiocodec train speech-16k data.root=my-sounds --dry-run
        torchrun --nproc-per-node 2 -m audiocodec train speech-16k data.root=my-sounds
    """
    if list_:
        _require_extra()
        return _list_everything()
    if recipe is None:
        raise click.UsageError("Name a recipe (--list shows them).", ctx)
    _require_extra()
    from audiocodec.model.build import build_model
    from audiocodec.train.config import dump_config, find_recipe, load_config
    from audiocodec.train.recipe import run
    from audiocodec.train.summary import summary

    path = find_recipe(recipe)
    config = load_config(path, overrides)
    if dry_run:
        click.echo(dump_config(config))
        click.echo(summary(build_model(config.model)))
        return None
    folder = run_dir or Path("runs") / path.parent.name / path.stem
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(message)s", stream=sys.stderr)
    trainer = run(config, folder)
    if trainer.monitor is not None:
        click.echo(f"{folder}: {trainer.step} steps in {trainer.seconds / 60:.1f} minutes", err=True)
        click.echo(f"next: audiocodec package {folder} --name my-codec", err=True)
    return None
