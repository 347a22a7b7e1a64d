"""Tables of what `variable_rate.py` has measured: means, differences from a constant rate, and bits saved.

    python benchmarks/variable_rate_table.py docs/measurements/variable_rate_speech-16k.csv

Each score of a variable rate stands with its difference from the constant rate of the nearest mean size, clip by clip,
the 95 % interval of that (bootstrap over clips), and the bits saved: how much less the mean size is than that at which
constant rate, interpolated between its settings, has the same mean score; "--": no setting has it.
"""

from __future__ import annotations

import csv
from collections import defaultdict
from pathlib import Path

import click
import numpy as np

from audiocodec.evaluate.scores import METRICS

DRAWS = 2000
Table = dict[tuple[str, float], np.ndarray]  # way and setting -> "clip column", of which the first is kbit/s


def tables_of(path: Path) -> tuple[list[str], dict[tuple[str, str], Table]]:
    """Names of the scores, and by set and steps of refining their values."""
    with path.open(newline="") as file:
        rows = list(csv.DictReader(file))
    names = [name for name in rows[0] if name in METRICS or name == "noise dB"]
    found: dict[tuple[str, str], dict[tuple[str, float], list[list[float]]]] = defaultdict(lambda: defaultdict(list))
    for row in rows:
        values = [float(row[name] or "nan") for name in ("kbit/s", *names)]
        found[row["set"], row["refine"]][row["rate"], float(row["setting"])].append(values)
    tables = {}
    for kind, ways in found.items():
        whole = min(map(len, ways.values()))  # of a run that broke off, the clips that have all settings
        tables[kind] = {way: np.array(values[:whole]) for way, values in ways.items()}
    return names, tables


def saved(curve: np.ndarray, found: np.ndarray, sign: float) -> float:
    """Share of the bits saved; curve: mean kbit/s and score of constant rates, "n 2"; found: kbit/s and score."""
    order = np.argsort(sign * curve[:, 1])
    scores, rates = sign * curve[order, 1], curve[order, 0]
    rate = np.interp(sign * found[1], scores, rates, left=np.nan, right=np.nan)
    return float(1 - found[0] / rate)


def cell(values: np.ndarray, nearest: np.ndarray, name: str, share: float) -> str:
    """Mean of a score, difference from a constant rate clip by clip with its interval, and share of the bits saved."""
    digits = max(0, 2 - int(np.floor(np.log10(abs(np.nanmean(values)) + 1e-9))))
    apart = values - nearest
    draws = np.random.default_rng(0).integers(0, len(apart), (DRAWS, len(apart)))
    low, high = np.percentile(np.nanmean(apart[draws], axis=1), [2.5, 97.5])
    text = f"{np.nanmean(values):.{digits}f}, {np.nanmean(apart):+.{digits}f} ({low:+.{digits}f} to {high:+.{digits}f})"
    if name not in METRICS:
        return text
    return f"{text}, " + ("--" if np.isnan(share) else f"{100 * share:+.0f} %")


def lines_of(names: list[str], table: Table) -> list[list[str]]:
    """Cells: way, setting, kbit/s, and the `cell` of each score, sorted by size."""
    constants = [values for (way, _), values in table.items() if way == "constant"]
    lines = []
    for (way, setting), values in sorted(table.items(), key=lambda item: item[1][:, 0].mean()):
        mean = np.nanmean(values, axis=0)
        nearest = min(constants, key=lambda other: abs(other[:, 0].mean() - mean[0]))
        line = [f"{way} {setting:g}", f"{mean[0]:.2f}"]
        for column, name in enumerate(names, 1):
            if way == "constant":
                line.append(f"{mean[column]:.3g}")
                continue
            sign = 1.0 if name not in METRICS or METRICS[name].higher_is_better else -1.0
            curve = np.array([np.nanmean(other, 0)[[0, column]] for other in constants])
            line.append(cell(values[:, column], nearest[:, column], name, saved(curve, mean[[0, column]], sign)))
        lines.append(line)
    return lines


@click.command(help=__doc__)
@click.argument("paths", nargs=-1, required=True, type=click.Path(exists=True, path_type=Path))
def main(paths: tuple[Path, ...]) -> None:
    """Print the tables."""
    for path in paths:
        names, tables = tables_of(path)
        for (kind, steps), table in tables.items():
            print(f"\n{path.name}: {kind}, refine {steps}, {len(next(iter(table.values())))} clips")
            print("| | kbit/s | " + " | ".join(names) + " |\n" + "|---" * (len(names) + 2) + "|")
            for line in lines_of(names, table):
                print("| " + " | ".join(line) + " |")


if __name__ == "__main__":
    main()
