"""A token file of hours: opened, read in a thousand places, verified.

    python benchmarks/long_file.py --hours 10 --csv docs/measurements/long_file.csv

The codes are synthetic: pages of a few seconds, over and over. `random` ones cannot be shrunk, so their pages are
packed; `real` ones are those of tests/sounds/speech.flac, coded as speech is. A seek takes one frame from a random
place: its page is found, checked and decoded. Milliseconds by the clock, and of `processor` time, which other programs
do not lengthen.
"""

from __future__ import annotations

import csv
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import click
import numpy as np

import audiocodec
from audiocodec.tokens import Header, TokenFile, verify
from audiocodec.tokens.page import PageCodec, seal
from audiocodec.tokens.trailer import Trailer


def timed(work: Callable[[], object]) -> np.ndarray:
    """Seconds by the clock and of the processor."""
    wall, processor = time.perf_counter(), time.process_time()
    work()
    return np.array([time.perf_counter() - wall, time.process_time() - processor])


def write(path: Path, header: Header, codes: np.ndarray, count: int) -> None:
    """A file of `count` pages, those of `codes` in turn: coded once, sealed for each place."""
    pages = PageCodec(header, (), str(path))
    built = [pages.build(0, codes[:, :, i : i + 50]) for i in range(0, codes.shape[2], 50)]
    with path.open("wb") as file:
        file.write(header.to_bytes())
        sizes = [file.write(seal(i, built[i % len(built)][2], 50, built[i % len(built)][9:-4])) for i in range(count)]
        file.write(Trailer(header.samples or 0, 50 * count, np.array(sizes)).to_bytes())


def measure(path: Path) -> dict[str, float]:
    """Milliseconds of everything."""
    table: dict[str, float] = {}

    def note(name: str, seconds: np.ndarray) -> None:
        table[f"{name}_ms"], table[f"{name}_processor_ms"] = (1000 * seconds).round(3).tolist()

    note("open", timed(lambda: TokenFile(path).close()))
    with TokenFile(path) as file:
        places = np.random.default_rng(1).integers(0, len(file), 1000)
        seeks = np.array([timed(lambda at=at: file[at : at + 1]) for at in places])  # type: ignore[misc]
    note("seek_median", np.median(seeks, axis=0))
    note("seek_worst", seeks.max(axis=0))
    problems: list[str] = []
    note("verify", timed(lambda: problems.extend(verify(path))))
    assert not problems
    return table


@click.command(help=__doc__)
@click.option("--hours", default=10.0, show_default=True)
@click.option("--csv", "csv_path", type=click.Path(path_type=Path), help="Write the table here.")
def main(hours: float, csv_path: Path | None) -> None:
    """Write, seek, verify, print."""
    codec = audiocodec.load("speech-16k")
    real = codec.encode(audiocodec.read("tests/sounds/speech.flac", 16_000)[0], 16_000).codes[:, :, :250]
    count, rows = round(hours * 3600), []
    samples = count * 50 * codec.hop_length - codec.delay_samples
    header = codec.info.header(16_000, 1, samples, codec.num_codebooks)
    kinds = {"random": np.random.default_rng(0).integers(0, codec.codebook_size, real.shape), "real": real}
    with tempfile.TemporaryDirectory() as folder:
        for kind, codes in kinds.items():
            path = Path(folder) / f"{kind}.fsq"
            write(path, header, codes, count)
            rows.append({"codes": kind, "hours": hours, "bytes": path.stat().st_size, **measure(path)})
            print(rows[-1], flush=True)
    if csv_path:
        with csv_path.open("w", newline="") as file:
            writer = csv.DictWriter(file, list(rows[0]))
            writer.writeheader()
            writer.writerows(rows)


if __name__ == "__main__":
    main()
