"""The tables of the runs that studies/fsq_vs_vq/study.py made, as Markdown.

python studies/fsq_vs_vq/tables.py docs/fsq_vs_vq/large.csv
"""

from __future__ import annotations

import math
from collections import defaultdict
from pathlib import Path

import click
import numpy as np
from study import TARGETS, read_rows

Row = dict[str, str]
Cell = tuple[str, int, int, str, str]  # part, codes, codebooks, learning rate, quantizer
BASELINE = "vq_ema"
FLAT = "fsq"  # what hierarchical codebooks are compared with
T_95 = {8: 2.365, 16: 2.131}  # of Student's t, by the number of pairs


def cells(rows: list[Row]) -> dict[Cell, list[Row]]:
    """Runs that differ in their seeds alone."""
    found = defaultdict(list)
    for row in rows:
        if row["failed"] == "0":
            size, depth = int(row["codebook_size"]), int(row["num_codebooks"])
            found[row["part"], size, depth, row["learning_rate"], row["quantizer"]].append(row)
    return dict(found)


def spread(rows: list[Row], column: str) -> str:
    """Mean, and the lowest and highest run."""
    values = [float(row[column]) for row in rows]
    mean = f"{np.mean(values):.3f}"
    return mean if len(values) == 1 else f"{mean} ({min(values):.3f} to {max(values):.3f})"


def percent(rows: list[Row], column: str) -> str:
    """Mean as a percentage."""
    return f"{100 * np.mean([float(row[column]) for row in rows]):.1f} %"


def steps(rows: list[Row], target: float) -> str:
    """Mean steps to a validation mel loss, of the runs that reached it."""
    reached = [int(row[f"steps_to_{target}"]) for row in rows if row[f"steps_to_{target}"]]
    return f"{np.mean(reached):.0f} ({len(reached)} of {len(rows)})" if reached else "–"


def difference(rows: list[Row], others: list[Row], column: str) -> str:
    """Mean of `rows` less `others`, clip by clip over the seeds that both have, and its 95 % interval over clips."""
    clips = [{row["seed"]: np.array(row[f"{column}_clips"].split(), float) for row in side} for side in (rows, others)]
    seeds = sorted(clips[0].keys() & clips[1].keys())
    if not seeds:
        return "–"
    pairs = np.mean([clips[0][seed] - clips[1][seed] for seed in seeds], axis=0)
    half = T_95.get(len(pairs), 1.96) * pairs.std(ddof=1) / math.sqrt(len(pairs))
    return f"{pairs.mean():+.3f} ± {half:.3f}"


def baseline(known: dict[Cell, list[Row]], cell: Cell) -> list[Row]:
    """The runs that a cell is compared with."""
    part, size, depth, rate, name = cell
    if part in ("hierarchy", "variant"):
        return known.get(("residual", size, depth, rate, FLAT), [])
    return [] if name == BASELINE else known.get((part, size, depth, rate, BASELINE), [])


def main_table(rows: list[Row]) -> str:
    """All cells, each beside VQ-EMA of the same bits (hierarchical and variant ones beside flat FSQ)."""
    heads = [
        "part",
        "codes",
        "quantizer",
        "runs",
        "mel ↓",
        "difference",
        "ESTOI ↑",
        "difference",
        "used",
        "perplexity / size",
    ]
    heads += [f"steps to mel {target}" for target in TARGETS]
    heads += ["mel, 1 % of bits flipped", "codes changed by bf16", "s/step", "gradient spread"]
    lines, known = [], cells(rows)
    for cell, mine in sorted(known.items()):
        part, size, depth, rate, name = cell
        other = baseline(known, cell)
        line = [part if part != "rate" else f"rate {rate}", f"{depth} x {size}", name, str(len(mine))]
        for column in ("mel", "estoi"):
            line += [spread(mine, column), difference(mine, other, column)]
        line += [percent(mine, "usage"), percent(mine, "perplexity"), *(steps(mine, target) for target in TARGETS)]
        line += [spread(mine, "mel_flipped_0.01"), percent(mine, "codes_changed_bf16")]
        lines.append([*line, spread(mine, "cpu_seconds_per_step"), spread(mine, "grad_spread")])
    return "\n".join("| " + " | ".join(line) + " |" for line in [heads, ["---"] * len(heads), *lines])


@click.command(help=__doc__)
@click.argument("rows", type=click.Path(path_type=Path, exists=True))
def main(rows: Path) -> None:
    """Print them."""
    print(main_table(read_rows(rows)))


if __name__ == "__main__":
    main()
