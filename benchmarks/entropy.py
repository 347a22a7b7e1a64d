r"""How far the codes of a model can be shrunk: bits per frame by several ways to guess the next digit.

    python benchmarks/entropy.py speech-16k --fit data/speech/train \
        --report data/speech/test --report data/music/test \
        --csv docs/measurements/entropy_speech-16k.csv

A digit is one level index of a code. Every way uses digits of the same or of coarser codebooks only, so files may be
cut to fewer codebooks. `static` tables are counted once on the --fit folder, `adaptive` ones start each page (about
a second) from nothing. Each gives the mean cost of coding the --report folder: its cross-entropy. The network is the
entropy model that the package ships with the model; its past, too, ends where the page starts.
"""

from __future__ import annotations

import csv
import math
from collections.abc import Callable, Iterator
from itertools import pairwise
from pathlib import Path

import click
import numpy as np

import audiocodec
from audiocodec.tokens.entropy.model import EntropyModel
from audiocodec.tokens.entropy.range_coder import SHARE_BITS
from audiocodec.tokens.levels import to_level_indices
from audiocodec.train.entropy import folder_codes

Context = Callable[[np.ndarray, int, int], np.ndarray]  # digits "p t q d", q, d -> numbers below 4096, "p t"


def _before(x: np.ndarray, q: int, d: int, frames: int) -> np.ndarray:
    """The same digit `frames` ago, counted from 1; 0 where the page has none."""
    out = np.zeros(x.shape[:2], np.int64)
    out[:, frames:] = x[:, :-frames, q, d] + 1
    return out


def _nothing(x: np.ndarray, q: int, d: int) -> np.ndarray:
    return np.zeros(x.shape[:2], np.int64)


def _previous(x: np.ndarray, q: int, d: int) -> np.ndarray:
    return _before(x, q, d, 1)


def _two_previous(x: np.ndarray, q: int, d: int) -> np.ndarray:
    return _before(x, q, d, 1) * 16 + _before(x, q, d, 2)


def _coarser(x: np.ndarray, q: int, d: int) -> np.ndarray:
    return x[:, :, q - 1, d] if q else _nothing(x, q, d)


def _mixed(x: np.ndarray, q: int, d: int) -> np.ndarray:
    return _previous(x, q, d) * 16 + _coarser(x, q, d)


CONTEXTS: dict[str, Context] = {
    "order 0": _nothing,
    "order 1 (same digit, previous frame)": _previous,
    "order 2 (same digit, two previous frames)": _two_previous,
    "cross-codebook (same digit, coarser codebook)": _coarser,
    "mixed (order 1 and cross-codebook)": _mixed,
}


def pages_of(codes: list[np.ndarray], levels: tuple[int, ...], frames: int) -> np.ndarray:
    """Whole pages of level indices, "p t q d"."""
    cut = [c[:, i : i + frames] for c in codes for i in range(0, c.shape[1] - frames + 1, frames)]
    return np.moveaxis(to_level_indices(np.stack(cut), levels), 1, 2)


def static_bits(context: Context, fit: np.ndarray, report: np.ndarray, levels: tuple[int, ...]) -> np.ndarray:
    """Bits per frame of each codebook."""
    bits = np.zeros(report.shape[2])
    for q in range(report.shape[2]):
        for d, level in enumerate(levels):
            counts = np.full((4096, level), 0.3)
            np.add.at(counts, (context(fit, q, d), fit[:, :, q, d]), 1)
            shares = counts / counts.sum(1, keepdims=True)
            bits[q] -= np.log2(shares[context(report, q, d), report[:, :, q, d]]).mean()
    return bits


def adaptive_bits(context: Context, report: np.ndarray, levels: tuple[int, ...]) -> np.ndarray:
    """Bits per frame of each codebook, counting from 1/2 (Krichevsky and Trofimov) in every page."""
    bits = np.zeros(report.shape[2])
    pages = np.arange(len(report))
    for q in range(report.shape[2]):
        for d, level in enumerate(levels):
            counts = np.full((len(report), 4096, level), 0.5, np.float32)
            seen = context(report, q, d)
            for t in range(report.shape[1]):
                row = counts[pages, seen[:, t]]
                digit = report[:, t, q, d]
                bits[q] -= np.log2(row[pages, digit] / row.sum(1)).sum() / report.shape[0] / report.shape[1]
                counts[pages, seen[:, t], digit] += 1
    return bits


def network_bits(model: EntropyModel, report: np.ndarray) -> np.ndarray:
    """Bits per frame of each codebook, by the very integers that the coder uses."""
    past = np.pad(model.scaled(report.astype(np.int32)), ((0, 0), (model.past, 0), (0, 0), (0, 0)))
    frames, bits = report.shape[1], np.zeros(report.shape[2])
    for first, behind in pairwise([*range(0, len(report), 16), len(report)]):
        seen = np.stack([past[first:behind, model.past - k :][:, :frames] for k in range(model.past + 1)], 2)
        rows = seen.reshape(-1, 1, seen[0, 0].size)
        sums = model.sums(np.broadcast_to(rows, (len(rows), report.shape[2], rows.shape[2])), 0)
        digits = report[first:behind].reshape(-1, *report.shape[2:], 1)
        shares = np.diff(np.take_along_axis(sums, digits + np.arange(2), -1))
        bits += (SHARE_BITS - np.log2(shares)).sum((0, 2, 3))
    return bits / report.shape[0] / frames


def rows_of(
    bits: dict[str, np.ndarray], packed: float, name: str, depths: list[int]
) -> Iterator[dict[str, str | int | float]]:
    """A row for each way and number of codebooks."""
    for way, by_codebook in bits.items():
        for depth in depths:
            total = float(by_codebook[:depth].sum())
            saved = 100 * (1 - total / (depth * packed))
            yield {
                "codes": name,
                "way": way,
                "codebooks": depth,
                "bits_a_frame": round(total, 2),
                "saved_%": round(saved, 2),
            }


@click.command(help=__doc__)
@click.argument("model")
@click.option("--fit", type=click.Path(path_type=Path, exists=True), required=True, help="Folder to count on.")
@click.option("--report", "folders", type=click.Path(path_type=Path, exists=True), required=True, multiple=True)
@click.option("--csv", "csv_path", type=click.Path(path_type=Path), help="Write the table here.")
def main(model: str, fit: Path, folders: tuple[Path, ...], csv_path: Path | None) -> None:
    """Count, and print a table."""
    codec = audiocodec.load(model)
    bundle, levels, frames = codec.bundle, codec.info.levels, codec.info.page_frames
    known = pages_of(list(folder_codes(codec, fit)), levels, frames)
    packed = math.log2(math.prod(levels))
    depths = sorted({1, 3, 6, known.shape[2]}, reverse=True)
    table: list[dict[str, str | int | float]] = []
    for folder in folders:
        report = pages_of(list(folder_codes(codec, folder)), levels, frames)
        bits = {"packed": np.full(report.shape[2], packed)}
        bits |= {f"static {way}": static_bits(context, known, report, levels) for way, context in CONTEXTS.items()}
        bits |= {f"adaptive {way}": adaptive_bits(context, report, levels) for way, context in CONTEXTS.items()}
        if bundle.entropy is not None:
            bits["network (shipped)"] = network_bits(bundle.entropy, report)
        table += rows_of(bits, packed, f"{folder.parent.name}/{folder.name}", depths)
    print("| codes | way | " + " | ".join(f"{d} codebooks" for d in depths) + " |\n|---|---|" + "---|" * len(depths))
    for first in table[:: len(depths)]:
        cells = [r for r in table if (r["codes"], r["way"]) == (first["codes"], first["way"])]
        texts = [f"{r['bits_a_frame']:.2f} ({r['saved_%']:.1f} %)" for r in cells]
        print(f"| {first['codes']} | {first['way']} | " + " | ".join(texts) + " |")
    if csv_path:
        with csv_path.open("w", newline="") as file:
            writer = csv.DictWriter(file, list(table[0]))
            writer.writeheader()
            writer.writerows(table)


if __name__ == "__main__":
    main()
