"""The tables of docs/fsq_vs_vq.md, from the rows that studies/fsq_vs_vq/study.py made.

python studies/fsq_vs_vq/tables.py docs/fsq_vs_vq/runs.csv
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from pathlib import Path

import click
import numpy as np
from study import read_rows

Row = dict[str, str]
Line = list[str]
NAMES = {
    "fsq": "FSQ, filled, with noise",
    "fsq_normal": "the same, normal bound",
    "fsq_32x2": "the same, levels 32 32",
    "fsq_4x5": "the same, levels 4 4 4 4 4",
    "fsq_2x10": "the same, ten levels of 2",
    "fsq_filled": "FSQ, filled",
    "fsq_noisy": "FSQ, with noise",
    "fsq_pinned": "FSQ, pinned",
    "fsq_free": "FSQ",
    "vq_ema": "VQ-EMA",
    "vq_sim": "SimVQ",
    "vq_factorized": "factorized VQ, restarts",
    "vq_factorized_dac": "factorized VQ",
    "vq_plain": "plain VQ",
    "fsq_tall": "hierarchical FSQ",
    "nested": "nested FSQ",
    "scaled_levels_less_one": "FSQ, (L-1)^-i",
    "scaled_levels": "FSQ, L^-i",
    "scaled_learned": "FSQ, learned scale",
}
CLIPS = "recipes.csv"  # beside the rows: scores of the models that the recipes train
BEST, BASELINE = "fsq", "vq_ema"
COMPARED = {"size": (BEST, BASELINE), "residual": (BEST, "fsq_pinned", BASELINE)}  # part: kinds with several seeds
STEPS_TO = 0.35  # validation mel loss, one of the `TARGETS` of study.py
OTHERS = {"vq-baseline-fsq": "vq-baseline-vq", "hierarchical-tall": "hierarchical-flat"}  # model: less which other
T_95 = {4: 3.182, 8: 2.365, 16: 2.131, 40: 2.023}  # of Student's t, by the number of pairs
SCORES = ["mel ↓", "less that of VQ-EMA", "ESTOI ↑", "less that of VQ-EMA", "used", "perplexity / size"]
BORNE = ["mel, half of the clips", "0.1 % flipped", "1 % flipped", "5 % flipped", "ESTOI", "1 % flipped", "5 % flipped"]
BORNE += ["codes changed by bf16", "mel in bf16"]


def select(rows: list[Row], part: str, quantizer: str, size: int = 1024, depth: int = 1, **also: str) -> list[Row]:
    """The seeds of one kind of run, without those that failed."""
    where = {"part": part, "quantizer": quantizer, "codebook_size": str(size), "num_codebooks": str(depth)}
    where |= {"failed": "0"} | also
    return [row for row in rows if all(row[key] == value for key, value in where.items())]


def mean(rows: list[Row], column: str, digits: int = 3) -> str:
    """Over seeds."""
    return f"{np.mean([float(row[column]) for row in rows]):.{digits}f}" if rows else "–"


def percent(rows: list[Row], column: str) -> str:
    """Mean over seeds, as a percentage."""
    return f"{100 * np.mean([float(row[column]) for row in rows]):.1f} %" if rows else "–"


def spread(rows: list[Row], column: str) -> str:
    """Mean over seeds, the lowest and the highest."""
    values = [float(row[column]) for row in rows]
    return mean(rows, column) + (f" ({min(values):.3f} to {max(values):.3f})" if len(values) > 1 else "")


def steps(rows: list[Row]) -> str:
    """Mean steps to a validation mel loss of `STEPS_TO`, of the runs that reached it."""
    reached = [int(row[f"steps_to_{STEPS_TO}"]) for row in rows if row[f"steps_to_{STEPS_TO}"]]
    return f"{np.mean(reached):.0f} ({len(reached)} of {len(rows)})" if reached else "–"


def difference(rows: list[Row], others: list[Row], column: str) -> str:
    """Mean of `rows` less `others`, clip by clip over the seeds that both have, and its 95 % interval over clips."""
    clips = [{row["seed"]: np.array(row[f"{column}_clips"].split(), float) for row in side} for side in (rows, others)]
    seeds = sorted(clips[0].keys() & clips[1].keys())
    if not seeds:
        return "–"
    return interval(np.mean([clips[0][seed] - clips[1][seed] for seed in seeds], axis=0))


def interval(pairs: np.ndarray) -> str:
    """Mean of differences, and its 95 % interval."""
    half = T_95.get(len(pairs), 1.96) * pairs.std(ddof=1) / math.sqrt(len(pairs))
    return f"{pairs.mean():+.3f} ± {half:.3f}"


def scores(mine: list[Row], other: list[Row]) -> Line:
    """The cells of `SCORES`."""
    found = []
    for column in ("mel", "estoi"):
        found += [spread(mine, column), "–" if mine == other else difference(mine, other, column)]
    return [*found, percent(mine, "usage"), percent(mine, "perplexity")]


def borne(mine: list[Row]) -> Line:
    """The cells of `BORNE`."""
    columns = ["mel_half", *(f"mel_flipped_{share}" for share in ("0.001", "0.01", "0.05"))]
    columns += ["estoi_half", "estoi_flipped_0.01", "estoi_flipped_0.05"]
    return [*(mean(mine, column) for column in columns), percent(mine, "codes_changed_bf16"), mean(mine, "mel_bf16")]


def markdown(heads: Line, lines: list[Line]) -> str:
    """A table; empty without lines."""
    if not lines:
        return ""
    return "\n".join("| " + " | ".join(line) + " |" for line in [heads, ["---"] * len(heads), *lines]) + "\n"


def sizes(rows: list[Row]) -> list[int]:
    """Of the single codebooks."""
    return sorted({int(row["codebook_size"]) for row in rows if row["part"] == "size"})


def depths(rows: list[Row]) -> list[int]:
    """Of the stacks."""
    return sorted({int(row["num_codebooks"]) for row in rows if row["part"] == "residual"})


def compared(rows: list[Row], cells: list[tuple[str, int, int]]) -> Iterator[tuple[Line, list[Row], list[Row]]]:
    """The best kinds for each part, size and depth: size, depth and name, its rows, and those of VQ."""
    for part, size, depth in cells:
        other = select(rows, part, BASELINE, size, depth)
        for name in COMPARED[part]:
            if mine := select(rows, part, name, size, depth):
                yield [str(size), str(depth), NAMES[name]], mine, other


def size_table(rows: list[Row]) -> str:
    """One codebook of each size."""
    heads, lines = ["codes", "quantizer", "seeds", *SCORES, f"steps to mel {STEPS_TO}", "s/step", "gradient spread"], []
    for (size, _, name), mine, other in compared(rows, [("size", size, 1) for size in sizes(rows)]):
        cost = [steps(mine), mean(mine, "cpu_seconds_per_step"), mean(mine, "grad_spread", 2)]
        lines.append([size, name, str(len(mine)), *scores(mine, other), *cost])
    return markdown(heads, lines)


def stack_table(rows: list[Row]) -> str:
    """Several codebooks."""
    heads = ["codebooks", "quantizer", "seeds", *SCORES, "mel, first codebook alone", "s/step", "gradient spread"]
    lines = []
    for (_, depth, name), mine, other in compared(rows, [("residual", 1024, depth) for depth in depths(rows)]):
        cost = [mean(mine, "mel_first"), mean(mine, "cpu_seconds_per_step"), mean(mine, "grad_spread", 2)]
        lines.append([depth, name, str(len(mine)), *scores(mine, other), *cost])
    return markdown(heads, lines)


def kind_table(rows: list[Row]) -> str:
    """Every kind of quantizer, of the first seed."""
    first, lines = [row for row in rows if row["seed"] == "0"], []
    for part, size, depth in [("size", 1024, 1), ("size", 16384, 1), *(("residual", 1024, d) for d in depths(rows))]:
        other = select(first, part, BASELINE, size, depth)
        found = {name: select(first, part, name, size, depth) for name in NAMES}
        if sum(map(bool, found.values())) > 2:
            for name, mine in found.items():
                if mine:
                    cost = mean(mine, "cpu_seconds_per_step")
                    lines.append([f"{depth} x {size}", NAMES[name], *scores(mine, other), cost])
    return markdown(["codes", "quantizer", *SCORES, "s/step"], lines)


def hierarchy_table(rows: list[Row]) -> str:
    """Hierarchical FSQ, and residual forms of FSQ that share their projections, against FSQ with as many bits."""
    flat, lines = select(rows, "residual", BEST, depth=4), []
    parts = {"residual": [BEST], "hierarchy": ["fsq_tall"]}
    parts["variant"] = list(dict.fromkeys(row["quantizer"] for row in rows if row["part"] == "variant"))
    for part, names in parts.items():
        for name in names:
            if mine := select(rows, part, name, depth=4):
                lines.append([NAMES[name], str(len(mine)), *scores(mine, flat), mean(mine, "mel_flipped_0.01")])
    heads = [head.replace("VQ-EMA", "flat FSQ") for head in SCORES]
    return markdown(["quantizer", "seeds", *heads, "mel, 1 % of bits flipped"], lines)


def robust_table(rows: list[Row]) -> str:
    """Flipped bits, and networks in bfloat16."""
    cells = [("size", size, 1) for size in sizes(rows)] + [("residual", 1024, depth) for depth in depths(rows)]
    lines = [[f"{depth} x {size}", name, *borne(mine)] for (size, depth, name), mine, _ in compared(rows, cells)]
    return markdown(["codes", "quantizer", *BORNE], lines)


def change_table(rows: list[Row]) -> str:
    """Other learning rates, and training in bfloat16, at 1024 codes."""
    heads, lines = ["quantizer", "rate 0.001", "rate 0.002", "rate 0.004", "rate 0.002, trained in bf16"], []
    for name in (BEST, BASELINE):
        plain = select(rows, "size", name, seed="0")
        slow, fast = (select(rows, "rate", name, learning_rate=rate) for rate in ("0.001", "0.004"))
        groups = slow, plain, fast, select(rows, "bf16", name)
        if all(groups):
            lines.append([NAMES[name], *(f"{mean(g, 'mel')}, used {percent(g, 'usage')}" for g in groups)])
    return markdown(heads, lines)


def recipe_table(clips: list[Row]) -> str:
    """The models of the two pairs of recipes: means over clips, and the difference from the other of the pair."""
    lines = []
    for system in dict.fromkeys(row["system"] for row in clips):
        model, _, rate = system.partition("@")
        mine = [row for row in clips if row["system"] == system]
        other = [row for row in clips if row["system"] == f"{OTHERS.get(model)}@{rate}"]
        line = [f"`{'/'.join(model.rsplit('-', 1))}`", f"{rate.removesuffix('k')} kbit/s", mean(mine, "kbit_s", 2)]
        for column in ("visqol_speech", "pesq", "estoi", "distillmos", "mel"):
            values = [np.array([float(row[column]) for row in side]) for side in (mine, other)]
            line.append(mean(mine, column) + (f" ({interval(values[0] - values[1])})" if other else ""))
        lines.append(line)
    heads = ["recipe", "codes", "kbit/s on disk", "ViSQOL ↑", "PESQ-WB ↑", "ESTOI ↑", "DistillMOS ↑", "mel ↓"]
    return markdown(heads, lines)


def tables(rows: list[Row], clips: list[Row]) -> dict[str, str]:
    """All that there are rows for, by name; `clips` are those of `recipe_table`."""
    makers = size_table, stack_table, kind_table, hierarchy_table, robust_table, change_table
    found = {make.__name__.removesuffix("_table"): make(rows) for make in makers} | {"recipe": recipe_table(clips)}
    return {name: table for name, table in found.items() if table}


@click.command(help=__doc__)
@click.argument("rows", type=click.Path(path_type=Path, exists=True))
def main(rows: Path) -> None:
    """Print them."""
    for name, table in tables(read_rows(rows), read_rows(rows.with_name(CLIPS))).items():
        print(f"<!-- {name} -->\n{table}")


if __name__ == "__main__":
    main()
