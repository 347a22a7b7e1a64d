"""The picture of README: naturalness and ViSQOL against bitrate, from the rows of docs/evaluation/speech-16k.csv.

python benchmarks/rate_figure.py docs/evaluation/speech-16k.csv docs/evaluation/rates.svg
"""

from __future__ import annotations

import csv
from collections import defaultdict
from pathlib import Path

import click
import matplotlib
import numpy as np

matplotlib.use("svg")
from matplotlib import pyplot

SCORES = {"distillmos": "naturalness (DistillMOS)", "visqol_speech": "likeness (ViSQOL)"}
FAMILIES = {"speech-16k": "#c0392b", "opus": "#2471a3", "codec2": "#7d8a2e", "lc3": "#8e6bb0"}


def means(path: Path) -> dict[str, list[tuple[float, ...]]]:
    """Of each codec: (kbit/s, score, ...) by bitrate, means over all clips; "original" among them."""
    rows: dict[str, list[list[float]]] = defaultdict(list)
    for row in csv.DictReader(path.open()):
        rows[row["system"]].append([float(row[name] or "nan") for name in ("kbit_s", *SCORES)])
    points: dict[str, list[tuple[float, ...]]] = defaultdict(list)
    for system, values in rows.items():
        family = system.split("@")[0] + (" --refine 20" if "+20" in system else "")
        points[family].append(tuple(np.mean(values, axis=0)))
    return {family: sorted(found) for family, found in points.items()}


@click.command(help=__doc__)
@click.argument("rows", type=click.Path(path_type=Path, exists=True))
@click.argument("target", type=click.Path(path_type=Path))
def main(rows: Path, target: Path) -> None:
    """Draw."""
    found = means(rows)
    matplotlib.rcParams |= {"svg.hashsalt": "audiocodec", "font.size": 10}
    figure, axes = pyplot.subplots(1, 2, figsize=(9, 3.4), layout="constrained")
    for column, (axis, label) in enumerate(zip(axes, SCORES.values(), strict=True), start=1):
        for family, points in found.items():
            if family == "original":
                continue
            name, *refined = family.split(" ", 1)
            x, y = [p[0] for p in points], [p[column] for p in points]
            axis.plot(x, y, "o--" if refined else "o-", color=FAMILIES[name], label=family, markersize=4)
        if column == 1 and "original" in found:
            axis.axhline(found["original"][0][1], color="#777", linewidth=1, linestyle=":", label="the recordings")
        axis.set(xlabel="kbit/s on disk", ylabel=label, xlim=(0, 18))
        axis.grid(alpha=0.3)
    axes[0].legend(fontsize=8)
    figure.savefig(target, metadata={"Date": None})


if __name__ == "__main__":
    main()
