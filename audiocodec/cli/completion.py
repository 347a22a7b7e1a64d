"""Shell completion of names of models and recipes. `main` does commands and options."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

import click
from click.shell_completion import CompletionItem


def _starting(names: Iterable[str], incomplete: str) -> list[CompletionItem]:
    return [CompletionItem(name) for name in names if name.startswith(incomplete)]


def models(ctx: click.Context, param: click.Parameter, incomplete: str) -> list[CompletionItem]:
    """Models of the package; if none matches, files, because a model may be a folder."""
    from audiocodec.model.bundle import list_models

    return _starting(list_models(), incomplete) or [CompletionItem(incomplete, type="file")]


def models_or_auto(ctx: click.Context, param: click.Parameter, incomplete: str) -> list[CompletionItem]:
    """As `models`, and `auto`."""
    return _starting(["auto"], incomplete) + models(ctx, param, incomplete)


def recipes(ctx: click.Context, param: click.Parameter, incomplete: str) -> list[CompletionItem]:
    """Recipes of the package, found without importing the training code; else files."""
    import audiocodec

    folder = Path(audiocodec.__file__).parent / "configs"
    folder = folder if folder.is_dir() else folder.parent.with_name("configs")  # in a checkout
    names = sorted(path.relative_to(folder).with_suffix("").as_posix() for path in folder.glob("*/*.yaml"))
    return _starting(names, incomplete) or [CompletionItem(incomplete, type="file")]


def systems(ctx: click.Context, param: click.Parameter, incomplete: str) -> list[CompletionItem]:
    """Prefixes of systems for `evaluate`: a bitrate follows the @."""
    from audiocodec.model.bundle import list_models

    return _starting([f"{name}@" for name in [*list_models(), "opus", "lc3", "codec2"]], incomplete)
