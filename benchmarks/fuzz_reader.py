"""Mutate token files and read them in every way there is: nothing but our errors may come, in little memory and time.

    python benchmarks/fuzz_reader.py --files 1000000 --csv docs/measurements/fuzz_reader.csv

Each file starts as one of a few small ones (packed, coded, both, several channels, version 1) and gets one to four
mutations: bits, bytes, extreme numbers, cuts, insertions, moved, doubled or foreign stretches. In half of the cases its
checksums are made right again, so that what lies after them is reached. Then it is read from its start, verified,
salvaged, repaired, and read in the middle. A file whose reading raises anything else or takes over --limit-s is a
failure and kept in the folder --keep; a run in which the process grows by more than 64 MiB has failed as well. The same
--seed makes the same files. Run it from the root of the repository.
"""

from __future__ import annotations

import csv
import io
import resource
import tempfile
import time
import zlib
from collections import Counter
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import click
import numpy as np

from audiocodec.errors import AudioCodecError
from audiocodec.tokens import EntropyModel, Header, TokenFile, TokenReader, Tokens, load_entropy, verify
from audiocodec.tokens.recovery import repair, salvage

MEMORY = 64 * 2**20
EXTREMES = [0, 1, 127, 128, 255, 2**16 - 1, 2**31 - 1, 2**31, 2**32 - 1, 2**62, 2**63, 2**64 - 1]


def seeds(model: EntropyModel) -> list[bytes]:
    """Small token files of several kinds."""
    levels, generator = tuple(model.levels.tolist()), np.random.default_rng(0)
    files = []
    for channels, codebooks, frames, coded in [(1, 1, 5, True), (2, 3, 10, True), (1, 3, 8, False), (3, 2, 4, True)]:
        header = Header("m", b"h" * 16, 16_000, channels, 320 * frames, 16_000, 320, 0, codebooks, levels, 4)
        header = replace(header, entropy=model.hash if coded else bytes(16), metadata={"title": "t"} if coded else {})
        codes = generator.integers(0, 5, (channels, codebooks, frames))
        codes[:, :, 4:8] = generator.integers(0, header.codebook_size, codes[:, :, 4:8].shape)  # a packed page
        files.append(Tokens(codes, header, [model]).to_bytes())
    return [*files, *(path.read_bytes() for path in Path("tests/golden").glob("v[14].fsq"))]


def mutate(data: bytearray, other: bytes, generator: np.random.Generator) -> bytearray:
    """One mutation."""
    at, behind = sorted(int(i) for i in generator.integers(0, len(data) + 1, 2))
    short = data[at : min(behind, at + 64)]
    kind = generator.integers(10)
    if kind == 0 and data:
        data[at % len(data)] ^= 1 << int(generator.integers(8))
    elif kind == 1 and data:
        data[at % len(data)] = int(generator.integers(256))
    elif kind == 2:
        width = int(generator.choice([1, 2, 4, 8]))
        data[at : at + width] = (EXTREMES[generator.integers(len(EXTREMES))] % 256**width).to_bytes(width, "little")
    elif kind == 3:
        del data[at:]
    elif kind == 4:
        del data[at : at + len(short)]
    elif kind == 5:
        data[at:at] = generator.bytes(int(generator.integers(1, 64)))
    elif kind == 6:
        data[at:at] = short
    elif kind == 7:
        del data[at : at + len(short)]
        data[behind - len(short) : behind - len(short)] = short
    elif kind == 8:
        data[at : at + 64] = other[at : at + 64]
    else:
        data[at : at + len(short)] = bytes([int(generator.choice([0, 255]))]) * len(short)
    return data


def reseal(data: bytearray) -> bytearray:
    """Right checksums for header, pages and seek table, as far as they can be followed."""
    if len(data) < 16:
        return data
    at = 12 + int.from_bytes(data[10:12], "little")
    data[at : at + 4] = zlib.crc32(data[:at]).to_bytes(4, "little")
    at, index = at + 4, 0
    while data[at : at + 2] == b"PG":
        end = at + 9 + int.from_bytes(data[at + 5 : at + 9], "little")
        if end + 4 > len(data):
            return data
        data[end : end + 4] = zlib.crc32(data[at:end], zlib.crc32(index.to_bytes(4, "little"))).to_bytes(4, "little")
        at, index = end + 4, index + 1
    if data[at : at + 2] == b"SK" and len(data) >= at + 12:
        data[-12:-8] = zlib.crc32(data[at:-12]).to_bytes(4, "little")
        data[-8:-4] = (len(data) - 8 - at).to_bytes(4, "little")
    return data


def readings(path: Path, model: EntropyModel) -> dict[str, Callable[[], str]]:
    """All ways to read a file; each tells what it found."""

    def read() -> str:
        reader = TokenReader(io.BytesIO(path.read_bytes()), "f", [model])
        for codes in reader:
            assert reader.header.least_code <= codes.min() <= codes.max() < 1000
        assert verify(path) == []
        return "whole"

    def salvaged() -> str:
        pages = list(salvage(path, [model]))
        return "some lost" if any(page.codes is None for page in pages) else "all saved"

    def repaired() -> str:
        output = io.BytesIO()
        repair(path, output)
        mended = path.with_name("mended.fsq")
        mended.write_bytes(output.getvalue())
        problems = verify(mended)
        assert not any("seek table" in problem for problem in problems)
        return "damaged pages kept" if problems else "whole"

    def part() -> str:
        with TokenFile(path, [model]) as file:
            assert file[3:7].shape[2] == max(0, min(7, len(file)) - 3)
        return "read"

    verified = {True: "damage named", False: "whole"}
    return {
        "read": read,
        "verify": lambda: verified[bool(verify(path))],
        "salvage": salvaged,
        "repair": repaired,
        "part": part,
    }


def outcome(reading: Callable[[], str]) -> str:
    """What a reading found, or the name of our error; other errors go up."""
    try:
        return reading()
    except AudioCodecError as error:
        return type(error).__name__


@click.command(help=__doc__)
@click.option("--files", default=10_000, show_default=True, help="How many files.")
@click.option("--seed", default=0, show_default=True)
@click.option("--limit-s", default=2.0, show_default=True, help="Most processor time for reading a file in one way.")
@click.option("--keep", type=click.Path(path_type=Path), default=Path("fuzz-failures"), show_default=True)
@click.option("--csv", "csv_path", type=click.Path(path_type=Path), help="Write the counts here.")
def main(files: int, seed: int, limit_s: float, keep: Path, csv_path: Path | None) -> None:
    """Mutate, read, count."""
    model, generator = load_entropy(Path("tests/golden/v2.entropy.npz")), np.random.default_rng(seed)
    originals = seeds(model)
    counts: Counter[tuple[str, str]] = Counter()
    slowest, failures, begin = 0.0, 0, time.monotonic()
    with tempfile.TemporaryDirectory(dir="/dev/shm" if Path("/dev/shm").is_dir() else None) as folder:
        path = Path(folder) / "mutated.fsq"
        baseline = 0
        for number in range(files):
            data = bytearray(originals[generator.integers(len(originals))])
            for _ in range(generator.integers(1, 5)):
                data = mutate(data, originals[generator.integers(len(originals))], generator)
            path.write_bytes(reseal(data) if generator.integers(2) else data)
            for way, reading in readings(path, model).items():
                start = time.process_time()
                try:
                    counts[way, outcome(reading)] += 1
                    failed = time.process_time() - start > limit_s
                except Exception as error:
                    counts[way, f"FAILURE {type(error).__name__}"] += 1
                    failed = True
                slowest = max(slowest, time.process_time() - start)
                if failed:
                    failures += 1
                    keep.mkdir(exist_ok=True)
                    (keep / f"{seed}-{number}-{way}.fsq").write_bytes(data)
            if number == 200:  # all is loaded
                baseline = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    grown = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - baseline
    minutes = (time.monotonic() - begin) / 60
    print(f"{files} files, seed {seed}, {minutes:.1f} minutes; slowest reading {slowest:.2f} s; grown by {grown} KiB")
    rows = [{"way": way, "outcome": result, "files": n} for (way, result), n in sorted(counts.items())]
    for row in rows:
        print(f"{row['way']:8s} {row['outcome']:20s} {row['files']}")
    if csv_path:
        with csv_path.open("w", newline="") as file:
            writer = csv.DictWriter(file, ["way", "outcome", "files"])
            writer.writeheader()
            writer.writerows(rows)
    if failures or grown * 1024 > MEMORY:
        raise SystemExit(f"{failures} failures, kept in {keep}")


if __name__ == "__main__":
    main()
