"""Tables of what `variable_rate.py` has measured: means, differences from a constant rate, and bits saved.

    python benchmarks/variable_rate_table.py docs/measurements/variable_rate_speech-16k.csv

Each variable setting is compared with the constant rate of the nearest mean size, clip by clip. Saved is how much less
its mean size is than that at which constant rate, interpolated between its settings, has the same mean score; "--" lies
outside of them. In brackets: 95 % intervals by a bootstrap over clips.
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


def with_interval(whole: float, drawn: list[float], form: str) -> str:
    """A number and its 95 % interval."""
    if np.isnan(whole):
        return "--"
    if np.isnan(drawn).mean() > 0.05:
        return f"{whole:{form}}"
    low, high = np.nanpercentile(drawn, [2.5, 97.5])
    return f"{whole:{form}} ({low:{form}} to {high:{form}})"


def lines_of(names: list[str], table: Table) -> list[list[str]]:
    """Cells: way, setting, kbit/s, and of each score mean, difference and share saved."""
    constants = {setting: values for (way, setting), values in table.items() if way == "constant"}
    generator = np.random.default_rng(0)
    count = len(next(iter(table.values())))
    draws = [np.arange(count), *generator.integers(0, count, (DRAWS, count))]
    lines = []
    for (way, setting), values in table.items():
        mean = np.nanmean(values, axis=0)
        line = [way, f"{setting:g}", f"{mean[0]:.2f}"]
        nearest = min(constants.values(), key=lambda other: abs(np.mean(other[:, 0]) - mean[0]))
        for column, name in enumerate(names, 1):
            line.append(f"{mean[column]:.3f}")
            if way != "constant":
                apart = [float(np.nanmean((values - nearest)[draw, column])) for draw in draws]
                line.append(with_interval(apart[0], apart[1:], "+.3f"))
            if way != "constant" and name in METRICS and len(constants) > 1:
                sign, pick = (1.0 if METRICS[name].higher_is_better else -1.0), [0, column]
                shares = []
                for draw in draws:
                    curve = np.array([np.nanmean(other[draw], 0)[pick] for other in constants.values()])
                    shares.append(100 * saved(curve, np.nanmean(values[draw], 0)[pick], sign))
                line.append(with_interval(shares[0], shares[1:], "+.1f"))
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
            for line in lines_of(names, table):
                print("| " + " | ".join(line) + " |")


if __name__ == "__main__":
    main()
