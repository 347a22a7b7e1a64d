"""`audiocodec ratings`."""

from __future__ import annotations

from pathlib import Path

import click


@click.command()
@click.argument("files", nargs=-1, required=True, type=click.Path(path_type=Path))
def ratings(files: tuple[Path, ...]) -> None:
    """Summarize listening-test results: means and 95 % intervals, or p-values.

    FILES are the JSON files that listeners of a page of 'listening-test' returned.

    Listeners who rate the hidden reference below 90 in more than 15 % of the trials are excluded and named, as
    ITU-R BS.1534-3 recommends.

    \b
    Example:
        audiocodec ratings listening-mushra-*.json
    """
    from audiocodec.evaluate.ratings import read_ratings, summarize_ratings

    click.echo(summarize_ratings([read_ratings(path) for path in files]), nl=False)
