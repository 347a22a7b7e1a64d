"""The figures of docs/fsq_vs_vq.md, and its tables in place, from the rows that study.py made.

python studies/fsq_vs_vq/figures.py docs/fsq_vs_vq/runs.csv docs/fsq_vs_vq.md
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from pathlib import Path

import click
import matplotlib
import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from study import read_rows
from tables import BASELINE, BEST, CLIPS, COMPARED, NAMES, Row, depths, select, sizes, tables

STYLES = {BEST: ("#d62728", "s"), "fsq_pinned": ("#e8a33d", "^"), BASELINE: ("#2a6fdb", "o")}


def over(axis: Axes, found: Callable[[str, int], list[Row]], values: Sequence[int], part: str, column: str) -> None:
    """Means of a column over values of the horizontal axis; every seed a dot."""
    for name in COMPARED[part]:
        color, marker = STYLES[name]
        points = {value: [float(row[column]) for row in found(name, value)] for value in values}
        points = {value: scores for value, scores in points.items() if scores}
        axis.plot(list(points), [np.mean(s) for s in points.values()], marker + "-", color=color, label=NAMES[name])
        every = [(value, score) for value, scores in points.items() for score in scores]
        axis.plot(*zip(*every, strict=True), ".", color=color, alpha=0.4)
    axis.set_xscale("log", base=2)
    axis.grid(alpha=0.3)


def panels(count: int) -> tuple[Figure, Sequence[Axes]]:
    """A figure of panels side by side."""
    figure = Figure(figsize=(4.2 * count, 3.4), layout="constrained")
    return figure, figure.subplots(1, count, squeeze=False)[0]


def save(figure: Figure, path: Path) -> None:
    """The same file for the same rows."""
    figure.axes[-1].legend(fontsize=8)
    figure.savefig(path, metadata={"Date": None})


def size_figure(rows: list[Row], path: Path) -> None:
    """Scores and use over the size of one codebook."""
    columns = {
        "mel": "mel distance",
        "estoi": "ESTOI",
        "usage": "share of codes used",
        "perplexity": "perplexity / size",
    }
    figure, axes = panels(len(columns))
    for axis, (column, label) in zip(axes, columns.items(), strict=True):
        over(axis, lambda name, size: select(rows, "size", name, size), sizes(rows), "size", column)
        axis.set(xlabel="codebook size", ylabel=label)
    save(figure, path)


def stack_figure(rows: list[Row], path: Path) -> None:
    """Scores over the number of codebooks."""
    columns = {"mel": "mel distance", "estoi": "ESTOI", "mel_flipped_0.01": "mel, 1 % of bits flipped"}
    figure, axes = panels(len(columns))
    for axis, (column, label) in zip(axes, columns.items(), strict=True):
        over(axis, lambda name, depth: select(rows, "residual", name, depth=depth), depths(rows), "residual", column)
        axis.set(xlabel="codebooks of 1024", ylabel=label)
    save(figure, path)


def curve_figure(rows: list[Row], path: Path) -> None:
    """Validation mel loss over steps."""
    kinds = {"1024 codes": ("size", 1024, 1), "16384 codes": ("size", 16384, 1), "8 x 1024": ("residual", 1024, 8)}
    figure, axes = panels(len(kinds))
    for axis, (title, (part, size, depth)) in zip(axes, kinds.items(), strict=True):
        for name in COMPARED[part]:
            for i, row in enumerate(select(rows, part, name, size, depth)):
                points = [point.split(":") for point in row["curve"].split()]
                x, y = [int(step) for step, _ in points], [float(loss) for _, loss in points]
                axis.plot(x, y, color=STYLES[name][0], alpha=0.8, linewidth=1, label=NAMES[name] if i == 0 else None)
        axis.set_title(title, fontsize=9)
        axis.set(xlabel="step", ylabel="validation mel loss")
        axis.grid(alpha=0.3)
    save(figure, path)


@click.command(help=__doc__)
@click.argument("path", type=click.Path(path_type=Path, exists=True), metavar="ROWS")
@click.argument("document", type=click.Path(path_type=Path, exists=True))
def main(path: Path, document: Path) -> None:
    """Write the figures beside the rows, and the tables into the document."""
    matplotlib.rcParams["svg.hashsalt"] = "fsq_vs_vq"
    rows, text = read_rows(path), document.read_text("utf-8")
    for name, table in tables(rows, read_rows(path.with_name(CLIPS))).items():
        begin, _, rest = text.partition(f"<!-- {name} -->\n")
        text = f"{begin}<!-- {name} -->\n{table}" + re.sub(r"\A(\|.*\n)*", "", rest)
    document.write_text(text, "utf-8")
    for name, figure in {"size": size_figure, "stack": stack_figure, "curve": curve_figure}.items():
        figure(rows, path.with_name(f"{name}.svg"))
    failed, bad = sum(row["failed"] == "1" for row in rows), sum(int(row["bad_steps"]) for row in rows)
    print(f"{len(rows)} runs, {failed} failed, {bad} steps with NaN")


if __name__ == "__main__":
    main()
