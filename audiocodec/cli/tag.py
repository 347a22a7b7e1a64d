"""`audiocodec tag`."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import click

from audiocodec._util.terminal import printable
from audiocodec.cli import options
from audiocodec.cli.batch import Done, run_all
from audiocodec.cli.paths import PIPE, Plan, expand, opened_target, source_path


@click.command()
@click.argument("files", nargs=-1, required=True)
@click.option("--set", "changes", multiple=True, metavar="NAME=TEXT", help="Tag to set; may be repeated.")
@click.option("--remove", "removed", multiple=True, metavar="NAME", help="Tag to remove; may be repeated.")
@click.option("--clear", is_flag=True, help="Remove all tags before any is set.")
@options.output_file
@options.force
@options.quiet
def tag(
    files: tuple[str, ...],
    changes: tuple[str, ...],
    removed: tuple[str, ...],
    clear: bool,
    output: Path | None,
    force: bool,
    quiet: bool,
) -> None:
    """Show or edit the tags of token files, without recoding. Needs no model.

    Without --set, --remove or --clear the tags are shown. Each file is replaced atomically;
    with --output the result goes to another file. FILES may be folders.

    \b
    Examples:
        audiocodec tag speech.fsq --set title="A talk" --set artist=Anna --remove comment
        audiocodec tag speech.fsq
    """
    from audiocodec.tokens.tokens import list_token_files

    names = expand(files, list_token_files)
    settings = options.metadata_of(changes, "--set")
    if not settings and not removed and not clear:
        for name in names:
            _show(name, len(names) > 1)
        return
    if output is None and PIPE in names:
        raise click.UsageError("With '-' (a pipe), name the target with --output.")
    if output is not None and len(names) != 1:
        raise click.UsageError("--output goes with a single file; without it, each file is edited in place.")
    pairs = [(name, name if output is None else str(output)) for name in names]
    run_all(Plan(pairs, []), Retag(settings, removed, clear, force or output is None), quiet=quiet)


def _read(path: Path) -> dict[str, str]:
    from audiocodec.tokens import open_tokens

    with open_tokens(path) as reader:
        return dict(reader.header.metadata)


def _show(name: str, named: bool) -> None:
    with source_path(name) as path:
        for key, text in sorted(_read(path).items()):
            click.echo(printable(f"{name}: {key}={text}" if named else f"{key}={text}"))


@dataclass(frozen=True)
class Retag:
    """Attributes: settings, removed, clear: what to change; force: allow targets to exist."""

    settings: dict[str, str]
    removed: tuple[str, ...]
    clear: bool
    force: bool

    def __call__(self, source: str, target: str, advance: Callable[[float], None]) -> Done:
        """Edit one file; see `run_all`."""
        from audiocodec.errors import ConfigError
        from audiocodec.tokens.retag import retag_file

        with source_path(source) as path:
            before = _read(path)
            missing = [name for name in self.removed if name not in before]
            if missing:
                known = ", ".join(sorted(before)) or "none"
                raise ConfigError(f"{source}: has no tag {missing[0]!r} (its tags: {known})")
            kept = {} if self.clear else {k: v for k, v in before.items() if k not in self.removed}
            with opened_target(target, self.force) as file:
                retag_file(path, file, kept | self.settings)
        names = ", ".join(sorted(kept | self.settings)) or "no tags"
        return Done(f"{target}: {names}" if source == target else f"{source} -> {target}: {names}")
