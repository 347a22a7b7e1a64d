"""A progress bar on a terminal, nothing in a pipe."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager

from audiocodec._util.terminal import on_terminal


@contextmanager
def progress(label: str, total: float, quiet: bool = False) -> Iterator[Callable[[float], None]]:
    """Yields a function to report further progress; text printed meanwhile appears above the bar.

    Args:
        label: of the bar.
        total: amount of work; 0: unknown.
        quiet: show nothing.
    """
    if quiet or not on_terminal():
        yield lambda amount: None
        return
    from rich.console import Console
    from rich.progress import Progress

    with Progress(console=Console(stderr=True), transient=True) as bar:
        task = bar.add_task(label.replace("[", r"\["), total=total or None)
        yield lambda amount: bar.update(task, advance=amount)
