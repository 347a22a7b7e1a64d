"""How fast `audiocodec tokenize` is, and where its time goes.

    python benchmarks/tokenizing.py FOLDER --csv docs/measurements/benchmark_tokenize.csv

Each number of workers makes the corpus anew in a temporary folder (0: in this process, without Ray). "Running" counts
from the first finished shard to the last, so without the start of Ray and of the workers. Processor time is that of
the workers' threads in the four stages; other work on the machine hardly touches it.
"""

from __future__ import annotations

import csv
import tempfile
import time
from pathlib import Path
from typing import Any

import click

from audiocodec.corpus import Progress, tokenize
from audiocodec.corpus.stopwatch import fractions

Row = dict[str, Any]


def measure(source: str, format: str, model: str, workers: int) -> Row:
    """One run."""
    seen: list[tuple[float, float]] = []

    def on_shard(progress: Progress) -> None:
        if progress.hours:
            seen.append((time.monotonic(), progress.hours))

    with tempfile.TemporaryDirectory() as folder:
        done = tokenize(source, folder, format, model, workers=workers, on_shard=on_shard)
    (first_s, first_hours), (last_s, last_hours) = seen[0], seen[-1]
    processor_s = sum(done.watch.processor.values())
    running_s = last_s - first_s
    return {
        "workers": workers,
        "format": format,
        "hours": done.hours,
        "wall s": done.elapsed_s,
        "hours/hour": 3600 * done.hours / done.elapsed_s,
        "hours/hour running": 3600 * (last_hours - first_hours) / running_s if running_s else 0.0,
        "processor s": processor_s,
        "hours/processor hour": 3600 * done.hours / processor_s,
        **{f"{stage} share": share for stage, share in fractions(done.watch.processor).items()},
    }


@click.command()
@click.argument("source")
@click.option("--workers", default="0,1,2", show_default=True, help="Numbers to try, with commas.")
@click.option("--format", default="parquet", show_default=True, help="Of the shards.")
@click.option("--model", default="speech-16k", show_default=True)
@click.option("--csv", "csv_path", type=click.Path(path_type=Path), help="Write the table here as well.")
def main(source: str, workers: str, format: str, model: str, csv_path: Path | None) -> None:
    """Print a table with a column for each number of workers; SOURCE is what --input of tokenize takes."""
    rows = [measure(source, format, model, int(number)) for number in workers.split(",")]
    for name in rows[0]:
        cells = (f"{row[name]:12.3f}" if isinstance(row[name], float) else f"{row[name]:>12}" for row in rows)
        print(f"{name:22s}" + "".join(cells))
    if csv_path:
        with csv_path.open("w", newline="") as file:
            writer = csv.DictWriter(file, rows[0], lineterminator="\n")
            writer.writeheader()
            writer.writerows({k: f"{v:.4f}" if isinstance(v, float) else v for k, v in row.items()} for row in rows)


if __name__ == "__main__":
    main()
