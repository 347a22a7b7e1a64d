"""Tables and figures of the first study, of small networks, from its rows; `tables.py` is for those of study.py.

python studies/fsq_vs_vq/figures.py                      # figures in docs/fsq_vs_vq/, tables in docs/fsq_vs_vq.md
"""

from __future__ import annotations

import csv
import re
from pathlib import Path

import click
import matplotlib
import numpy as np

Row = dict[str, str]
NAMES = {"fsq": "FSQ", "vq_ema": "VQ-EMA", "vq_factorized": "factorized VQ", "vq_plain": "plain VQ"}
COLORS = {"fsq": "#d62728", "vq_ema": "#2a6fdb", "vq_factorized": "#2ca02c", "vq_plain": "#888888"}
RESIDUAL = {
    "projected": "FSQ, projection a stage",
    "nested": "FSQ, nested",
    "scaled_levels": "FSQ, L^-i",
    "scaled_levels_less_one": "FSQ, (L-1)^-i",
    "scaled_learned": "FSQ, learned scale",
    "scaled_naive": "FSQ, naive scale",
    "vq_ema": "VQ-EMA",
    "vq_factorized": "factorized VQ",
}
TARGET = 0.55  # validation mel loss that counts the steps


def read(path: Path) -> list[Row]:
    """Rows of a CSV.

    Raises:
        ClickException: it does not exist.
    """
    if not path.exists():
        raise click.ClickException(f"{path}: no such file; run studies/fsq_vs_vq/study.py first")
    with path.open(newline="") as file:
        return list(csv.DictReader(file))


def select(rows: list[Row], part: str, quantizer: str, **where: int) -> list[Row]:
    """Rows of a part and quantizer, with these integers in their columns."""
    found = [r for r in rows if r["part"] == part and r["quantizer"] == quantizer and r["failed"] == "0"]
    return [r for r in found if all(int(r[key]) == value for key, value in where.items())]


def steps_to(curves: Path, rows: list[Row], target: float = TARGET) -> str:
    """Mean step at which validation mel first falls below the target, and how many runs got there."""
    reached = []
    for row in rows:
        steps = [int(c["step"]) for c in read(curves / f"{row['run']}.csv") if float(c["valid_mel"]) < target]
        reached += steps[:1]
    mean = f"{np.mean(reached):.0f}" if reached else "–"
    return f"{mean} ({len(reached)} of {len(rows)})"


def spread(rows: list[Row], column: str, digits: int = 3) -> str:
    """Mean, and the lowest and highest run."""
    values = [float(row[column]) for row in rows]
    if not values:
        return "–"
    mean, low, high = (f"{value:.{digits}f}" for value in (np.mean(values), min(values), max(values)))
    return mean if len(values) == 1 else f"{mean} ({low} to {high})"


def mean(rows: list[Row], column: str, digits: int = 3) -> str:
    """Mean alone."""
    return f"{np.mean([float(row[column]) for row in rows]):.{digits}f}" if rows else "–"


def percent(rows: list[Row], column: str) -> str:
    """Mean as a percentage."""
    return f"{100 * np.mean([float(row[column]) for row in rows]):.1f} %" if rows else "–"


def table(heads: list[str], lines: list[list[str]]) -> str:
    """A Markdown table."""
    return "\n".join(["| " + " | ".join(line) + " |" for line in [heads, ["---"] * len(heads), *lines]]) + "\n"


def size_table(rows: list[Row], curves: Path) -> str:
    """One codebook of each size."""
    heads = ["codes", "quantizer", "runs", "mel ↓", "ESTOI ↑", "SI-SDR", "used", "perplexity / size"]
    heads += [f"steps to mel {TARGET}", "s/step", "gradient spread"]
    lines = []
    for size in sorted({int(r["codebook_size"]) for r in rows if r["part"] == "size"}):
        for key, name in NAMES.items():
            mine = select(rows, "size", key, codebook_size=size)
            line = [
                str(size),
                name,
                str(len(mine)),
                spread(mine, "mel"),
                spread(mine, "estoi"),
                mean(mine, "si_sdr", 0),
            ]
            line += [percent(mine, "usage"), percent(mine, "perplexity"), steps_to(curves, mine)]
            lines.append([*line, mean(mine, "cpu_seconds_per_step"), mean(mine, "grad_spread", 2)])
    return table(heads, lines)


ROBUST = ["mel", "0.1 % flipped", "1 % flipped", "5 % flipped", "ESTOI", "ESTOI, 1 % flipped", "ESTOI, 5 %"]
ROBUST += ["codes changed by bf16", "mel in bf16"]


def robust_cells(rows: list[Row]) -> list[str]:
    """Flipped bits and networks in bfloat16, on half of the clips."""
    columns = ["mel_half", *(f"mel_flipped_{share}" for share in ("0.001", "0.01", "0.05"))]
    columns += ["estoi_half", "estoi_flipped_0.01", "estoi_flipped_0.05"]
    return [*(mean(rows, column) for column in columns), percent(rows, "codes_changed_bf16"), mean(rows, "mel_bf16")]


def robust_table(rows: list[Row]) -> str:
    """Flipped bits and bfloat16, at one codebook of some sizes."""
    cases = [(size, key) for size in (16, 64, 1024, 16384) for key in NAMES]
    found = {case: select(rows, "size", case[1], codebook_size=case[0]) for case in cases}
    lines = [[str(size), NAMES[key], *robust_cells(mine)] for (size, key), mine in found.items()]
    return table(["codes", "quantizer", *ROBUST], lines)


def stacked(rows: list[Row], key: str, depth: int) -> list[Row]:
    """Runs with `depth` codebooks of 1024; one codebook of a VQ stands in the other part."""
    if depth == 1 and key.startswith("vq"):
        return select(rows, "size", key, codebook_size=1024)
    return select(rows, "residual", key, num_codebooks=depth)


def residual_table(rows: list[Row]) -> str:
    """Mel and use, by depth."""
    depths = sorted({int(r["num_codebooks"]) for r in rows if r["part"] == "residual"})
    heads = ["quantizer", *(f"mel, {d} x 1024" for d in depths), *(f"perplexity, {d}" for d in depths)]
    lines = []
    for key, name in RESIDUAL.items():
        by_depth = [stacked(rows, key, d) for d in depths]
        cells = [spread(mine, "mel") for mine in by_depth] + [percent(mine, "perplexity") for mine in by_depth]
        lines.append([name, *cells])
    return table(heads, lines)


def stack_table(rows: list[Row]) -> str:
    """More of the deepest stacks."""
    deepest = max((int(r["num_codebooks"]) for r in rows if r["part"] == "residual"), default=1)
    heads = ["quantizer", "ESTOI", "mel, half of the clips", "the first codebook alone", "1 % of bits flipped"]
    heads += ["codes changed by bf16", "s/step", "gradient spread"]
    lines = []
    for key, name in RESIDUAL.items():
        mine = stacked(rows, key, deepest)
        cells = [spread(mine, "estoi"), *(mean(mine, c) for c in ("mel_half", "mel_first", "mel_flipped_0.01"))]
        cells += [percent(mine, "codes_changed_bf16"), mean(mine, "cpu_seconds_per_step"), mean(mine, "grad_spread", 2)]
        lines.append([name, *cells])
    return table(heads, lines)


def change_table(rows: list[Row]) -> str:
    """Other learning rates, and training in bfloat16, at 1024 codes."""
    heads = ["quantizer", "rate 0.001", "rate 0.002", "rate 0.004", "rate 0.002, trained in bf16"]
    lines = []
    for key, name in NAMES.items():
        rates = {r["learning_rate"]: [r] for r in select(rows, "rate", key)}
        plain = select(rows, "size", key, codebook_size=1024, seed=0)
        groups = rates.get("0.001", []), plain, rates.get("0.004", []), select(rows, "bf16", key)
        lines.append([name, *(f"{mean(g, 'mel')}, used {percent(g, 'usage')}" for g in groups)])
    return table(heads, lines)


def long_table(rows: list[Row]) -> str:
    """Single runs of eight times as many steps."""
    heads = ["codes", "codebooks", "quantizer", "mel ↓", "ESTOI ↑", "SI-SDR", "used", "perplexity / size"]
    lines = []
    for row in by_size(rows):
        scores = [mean([row], "mel"), mean([row], "estoi"), mean([row], "si_sdr", 1)]
        lines.append([*row_name(row), *scores, percent([row], "usage"), percent([row], "perplexity")])
    return table(heads, lines)


def long_robust_table(rows: list[Row]) -> str:
    """What the same runs bear."""
    heads = ["codes", "codebooks", "quantizer", *ROBUST, "first codebook alone"]
    return table(heads, [[*row_name(r), *robust_cells([r]), mean([r], "mel_first")] for r in by_size(rows)])


def by_size(rows: list[Row]) -> list[Row]:
    """Fewer codebooks first, then fewer codes, then the better."""
    return sorted(rows, key=lambda r: (int(r["num_codebooks"]), int(r["codebook_size"]), float(r["mel"])))


def row_name(row: Row) -> list[str]:
    """Size, depth and name of one run."""
    return [row["codebook_size"], row["num_codebooks"], (NAMES | RESIDUAL)[row["quantizer"]]]


def tables(folder: Path) -> dict[str, str]:
    """All tables by name."""
    rows = read(folder / "runs.csv")
    found = {
        "size": size_table(rows, folder / "curves"),
        "robust": robust_table(rows),
        "residual": residual_table(rows),
        "stack": stack_table(rows),
        "change": change_table(rows),
    }
    if (folder / "long" / "runs.csv").exists():
        long = read(folder / "long" / "runs.csv")
        found |= {"long": long_table(long), "long_robust": long_robust_table(long)}
    return found


def lines_figure(rows: list[Row], path: Path, columns: list[tuple[str, str]]) -> None:
    """Panels of columns over codebook size, every seed a dot."""
    from matplotlib.figure import Figure

    figure = Figure(figsize=(4.2 * len(columns), 3.4), layout="constrained")
    for axis, (column, label) in zip(figure.subplots(1, len(columns), squeeze=False)[0], columns, strict=True):
        for key, name in NAMES.items():
            points = [(int(r["codebook_size"]), float(r[column])) for r in select(rows, "size", key)]
            sizes = sorted({x for x, _ in points})
            axis.plot(sizes, [np.mean([y for x, y in points if x == s]) for s in sizes], color=COLORS[key], label=name)
            axis.plot(*zip(*points, strict=True), ".", color=COLORS[key], alpha=0.5)
        axis.set_xscale("log", base=2)
        axis.set_xlabel("codebook size")
        axis.set_ylabel(label)
        axis.grid(alpha=0.3)
    figure.axes[0].legend(fontsize=8)
    figure.savefig(path, metadata={"Date": None})


def curves_figure(rows: list[Row], curves: Path, path: Path) -> None:
    """Validation mel over steps at the smallest, a middle and the largest codebook."""
    from matplotlib.figure import Figure

    sizes = sorted({int(r["codebook_size"]) for r in rows if r["part"] == "size"})
    picked = list(dict.fromkeys([sizes[0], sizes[len(sizes) // 2], sizes[-1]]))
    figure = Figure(figsize=(4.2 * len(picked), 3.4), layout="constrained")
    for axis, size in zip(figure.subplots(1, len(picked), squeeze=False)[0], picked, strict=True):
        for key, name in NAMES.items():
            for i, row in enumerate(select(rows, "size", key, codebook_size=size)):
                curve = read(curves / f"{row['run']}.csv")
                x, y = [int(c["step"]) for c in curve], [float(c["valid_mel"]) for c in curve]
                axis.plot(x, y, color=COLORS[key], alpha=0.8, linewidth=1, label=name if i == 0 else None)
        axis.set_title(f"{size} codes", fontsize=9)
        axis.set_xlabel("step")
        axis.grid(alpha=0.3)
    figure.axes[0].set_ylabel("validation mel loss")
    figure.axes[0].legend(fontsize=8)
    figure.savefig(path, metadata={"Date": None})


def residual_figure(rows: list[Row], path: Path) -> None:
    """Mel over the number of codebooks."""
    from matplotlib.figure import Figure

    figure = Figure(figsize=(6.4, 3.8), layout="constrained")
    axis = figure.subplots()
    for key, name in RESIDUAL.items():
        mine = select(rows, "residual", key)
        depths = sorted({int(r["num_codebooks"]) for r in mine} | ({1} if key.startswith("vq") else set()))
        means = [np.mean([float(r["mel"]) for r in stacked(rows, key, d)]) for d in depths]
        axis.plot(depths, means, "o-" if key.startswith("vq") else "s--", label=name, markersize=4)
    axis.set_xscale("log", base=2)
    axis.set_xlabel("codebooks of 1024")
    axis.set_ylabel("mel")
    axis.grid(alpha=0.3)
    axis.legend(fontsize=7, loc="center left", bbox_to_anchor=(1, 0.5))
    figure.savefig(path, metadata={"Date": None})


@click.command(help=__doc__)
@click.option("--folder", type=click.Path(path_type=Path), default="docs/fsq_vs_vq", show_default=True)
def main(folder: Path) -> None:
    """Write the figures, and the tables into the document or print them."""
    matplotlib.rcParams["svg.hashsalt"] = "fsq_vs_vq"  # the same file for the same rows
    rows, curves, document = read(folder / "runs.csv"), folder / "curves", folder.with_suffix(".md")
    for name, text in tables(folder).items():
        if document.exists():
            whole = re.sub(rf"(<!-- {name} -->\n)(\|.*\n)*", rf"\g<1>{text}", document.read_text("utf-8"))
            document.write_text(whole, "utf-8")
        else:
            print(f"<!-- {name} -->\n{text}")
    failed, bad = sum(r["failed"] == "1" for r in rows), sum(int(r["bad_steps"]) for r in rows)
    print(f"{len(rows)} runs, {failed} failed, {bad} steps with NaN")
    if any(r["part"] == "size" for r in rows):
        lines_figure(rows, folder / "size.svg", [("mel", "mel"), ("usage", "share of codes used")])
        shares = ("0.001", "0.01", "0.05")
        panels = [(f"mel_flipped_{share}", f"mel, {100 * float(share):g} % of bits flipped") for share in shares]
        lines_figure(rows, folder / "robust.svg", panels)
        curves_figure(rows, curves, folder / "curves.svg")
    if any(r["part"] == "residual" for r in rows):
        residual_figure(rows, folder / "residual.svg")
    if (folder / "long" / "runs.csv").exists():
        long = read(folder / "long" / "runs.csv")
        curves_figure(long, folder / "long" / "curves", folder / "long" / "curves.svg")


if __name__ == "__main__":
    main()
