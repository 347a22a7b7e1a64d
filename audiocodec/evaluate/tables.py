"""Means with confidence intervals, as CSV and Markdown."""

from __future__ import annotations

import csv
import io
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from audiocodec._util.files import replacing
from audiocodec.evaluate.scores import METRICS
from audiocodec.evaluate.usage import COLUMN

RESAMPLES = 2000
INPUTS = "inputs"  # column of `rows.jsonl`: checksums of the clip and the model that a row is of
WORST = 3


@dataclass(frozen=True)
class Summary:
    """One system over all clips.

    Attributes:
        system: its name.
        clips: number scored.
        failed: number that could not be coded.
        kbit_s: coded bits of all clips over their duration; NaN if unknown.
        means: metric -> mean, lower and upper end of its 95 % bootstrap interval.
        worst: metric -> the clips with the worst values, worst first.
    """

    system: str
    clips: int
    failed: int
    kbit_s: float
    means: dict[str, tuple[float, float, float]]
    worst: dict[str, list[str]]


def interval(values: np.ndarray) -> tuple[float, float, float]:
    """Mean and its 95 % percentile bootstrap interval; deterministic. NaN without values."""
    if len(values) == 0:
        return (float("nan"),) * 3
    rng = np.random.default_rng(0)
    means = values[rng.integers(0, len(values), (RESAMPLES, len(values)))].mean(axis=1)
    low, high = np.percentile(means, [2.5, 97.5])
    return float(values.mean()), float(low), float(high)


def summarize(rows: Sequence[dict[str, Any]], metrics: Sequence[str]) -> list[Summary]:
    """One summary per system, in the order of the rows. Undefined values (None) are ignored."""
    summaries = []
    for system in dict.fromkeys(row["system"] for row in rows):
        scored = [row for row in rows if row["system"] == system]
        good = [row for row in scored if "error" not in row]
        rates = [row["kbit_s"] for row in good if row["kbit_s"] is not None]
        means, worst = {}, {}
        for metric in metrics:
            defined = [row for row in good if row[metric] is not None and np.isfinite(row[metric])]
            means[metric] = interval(np.array([row[metric] for row in defined]))
            order = sorted(defined, key=lambda row: row[metric], reverse=not METRICS[metric].higher_is_better)
            worst[metric] = [row["clip"] for row in order[:WORST]]
        rate = float(np.mean(rates)) if rates else float("nan")
        summaries.append(Summary(system, len(good), len(scored) - len(good), rate, means, worst))
    return summaries


def _number(value: float, digits: int) -> str:
    return "–" if np.isnan(value) else f"{value:.{digits}f}"


def markdown(summaries: Sequence[Summary]) -> str:
    """Tables of means with their intervals, and of the worst clips."""
    metrics = list(summaries[0].means)
    arrows = [f"{name} {'↑' if METRICS[name].higher_is_better else '↓'}" for name in metrics]
    lines = [f"| system | kbit/s | clips | {' | '.join(arrows)} |", "|---" * (3 + len(metrics)) + "|"]
    for s in summaries:
        cells = []
        for name in metrics:
            mean, low, high = s.means[name]
            cells.append("–" if np.isnan(mean) else f"{mean:.3f} ({low:.3f} to {high:.3f})")
        lines.append(f"| {s.system} | {_number(s.kbit_s, 2)} | {s.clips} | {' | '.join(cells)} |")
    lines += ["", f"Worst clips by {metrics[0]}:", ""]
    lines += [f"- {s.system}: {', '.join(s.worst[metrics[0]])}" for s in summaries]
    lines += [f"- {s.system}: {s.failed} clips failed" for s in summaries if s.failed]
    return "\n".join(lines) + "\n"


def write_csv(rows: Sequence[dict[str, Any]], path: Path) -> None:
    """Write all rows without code counts and checksums, values rounded to four decimal places.

    Raises:
        OutputError: it cannot be written.
    """
    columns = [key for key in dict.fromkeys(key for row in rows for key in row) if key not in (COLUMN, INPUTS)]
    text = io.StringIO(newline="")
    writer = csv.DictWriter(text, columns, extrasaction="ignore")
    writer.writeheader()
    writer.writerows({k: round(v, 4) if isinstance(v, float) else v for k, v in row.items()} for row in rows)
    with replacing(path, overwrite=True) as temporary:
        temporary.write_text(text.getvalue(), newline="")
