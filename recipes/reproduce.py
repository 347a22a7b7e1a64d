"""Train a model again, all its stages one after the other, and package it.

    python recipes/reproduce.py speech-16k data/speech runs
    python recipes/reproduce.py tiny tests/sounds runs budget.minutes=0.5

Stopped and started again, it resumes where it was.
"""

from __future__ import annotations

import logging
import re
from pathlib import Path

import click

from audiocodec._util.terminal import errors_in_one_sentence
from audiocodec.errors import ConfigError
from audiocodec.train.config import find_recipe, load_config, recipes
from audiocodec.train.package import package_run
from audiocodec.train.recipe import run


def stages(recipe: str) -> list[str]:
    """Names of the stages that make a model, in order: `speech-16k/1-spectral`, `speech-16k/2-joint`, ..."""
    return [name for name in recipes() if re.match(rf"{re.escape(recipe)}/[0-9]+-", name)]


@click.command(help=__doc__)
@click.argument("recipe")
@click.argument("root")
@click.argument("folder", type=click.Path(path_type=Path))
@click.argument("overrides", nargs=-1)
@errors_in_one_sentence()
def main(recipe: str, root: str, folder: Path, overrides: tuple[str, ...]) -> None:
    """Each stage begins with the averaged weights of the one before."""
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(message)s")
    names, before = stages(recipe), None
    find_recipe(recipe)
    for name in names:
        start = load_config(find_recipe(name), [f"data.root={root}"]).start_from
        if start != (before and f"runs/{before}"):
            raise ConfigError(f"{name}: starts from {start}, which no stage makes; see the comments of its recipe")
        before = name
    for before, name in zip([None, *names], names, strict=False):
        begin = [f"start_from={folder / before}"] if before else []
        run(load_config(find_recipe(name), [f"data.root={root}", *begin, *overrides]), folder / name)
    bundle = package_run(folder / names[-1], folder / recipe / "model", recipe, "1", overwrite=True)
    print(f"{folder / recipe / 'model'}: hash {bundle.info.hash.hex()[:8]}")


if __name__ == "__main__":
    main()
