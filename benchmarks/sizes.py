"""Bytes that the codes of a folder take: raw, packed, in our files, and packed codes squeezed by xz and zstd.

    python benchmarks/sizes.py speech-16k data/speech/test --csv docs/measurements/sizes_speech-16k.csv

`packed` is every code in as few bits as its size takes, the codes of a clip end to end, with no header; `xz` and `zstd`
(a command that must be there) compress that. `.fsq packed` and `.fsq` are whole files with pages, checksums and seek
table. The last columns are what writing and reading cost, in seconds of processor time per second of sound.
"""

from __future__ import annotations

import csv
import io
import lzma
import subprocess
import time
from dataclasses import replace
from pathlib import Path

import click
import numpy as np

import audiocodec
from audiocodec import audio
from audiocodec.tokens import TokenReader, Tokens, radix
from audiocodec.tokens.header import NO_ENTROPY


def packed_bytes(tokens: Tokens) -> bytes:
    """All codes, codebook after codebook, each in log2 of the codebook size."""
    parts = [radix.pack(row, tokens.header.codebook_size) for row in tokens.codes[0]]
    bits = radix.packed_bits(tokens.codes.shape[2], tokens.header.codebook_size)
    number = sum(part << (i * bits) for i, part in enumerate(parts))
    return number.to_bytes(-(-bits * len(parts) // 8), "little")


def zstd(data: bytes) -> int:
    """Bytes after zstd -19."""
    return len(subprocess.run(["zstd", "-19", "-c", "-q"], input=data, capture_output=True, check=True).stdout)


def measure(tokens: Tokens) -> dict[str, float]:
    """Sizes of one clip, and the coder's times."""
    packed = packed_bytes(tokens)
    begin = time.process_time()
    coded = tokens.to_bytes()
    written = time.process_time()
    codes = np.concatenate(list(TokenReader(io.BytesIO(coded), "coded", tokens.entropy)), axis=2)
    read = time.process_time()
    assert np.array_equal(codes, tokens.codes)
    return {
        "raw int16": 2 * tokens.codes.size,
        "packed": len(packed),
        "xz -9": len(lzma.compress(packed, preset=9)),
        "zstd -19": zstd(packed),
        ".fsq packed": len(replace(tokens, header=replace(tokens.header, entropy=NO_ENTROPY)).to_bytes()),
        ".fsq": len(coded),
        "write_s": written - begin,
        "read_s": read - written,
    }


@click.command(help=__doc__)
@click.argument("model")
@click.argument("folder", type=click.Path(path_type=Path, exists=True))
@click.option("--depths", default="12,6,3,1", show_default=True, help="Numbers of codebooks.")
@click.option("--csv", "csv_path", type=click.Path(path_type=Path), help="Write the table here.")
def main(model: str, folder: Path, depths: str, csv_path: Path | None) -> None:
    """Encode, measure, print."""
    codec = audiocodec.load(model)
    clips = []
    for path in audio.list_audio_files(folder):
        wav, rate = audio.read(path)
        clips.append(codec.encode(wav[:1], rate))
    seconds = sum(tokens.duration_s for tokens in clips)
    table = []
    for depth in map(int, depths.split(",")):
        measured = [measure(tokens.truncate(depth)) for tokens in clips]
        sums = {name: sum(m[name] for m in measured) for name in measured[0]}
        row: dict[str, float] = {"codebooks": depth, "clips": len(clips), "seconds": round(seconds, 2)}
        row |= {name: value for name, value in sums.items() if not name.endswith("_s")}
        row["saved_%"] = round(100 * (1 - row[".fsq"] / row[".fsq packed"]), 2)
        row["kbit/s"] = round(8 * row[".fsq"] / seconds / 1000, 3)
        row["worst_clip_%"] = round(max(100 * (m[".fsq"] / m[".fsq packed"] - 1) for m in measured), 2)
        row |= {name.replace("_s", "_s_per_s"): round(sums[name] / seconds, 5) for name in ("write_s", "read_s")}
        table.append(row)
    print("| " + " | ".join(table[0]) + " |\n|" + "---|" * len(table[0]))
    for row in table:
        print("| " + " | ".join(str(value) for value in row.values()) + " |")
    if csv_path:
        with csv_path.open("w", newline="") as file:
            writer = csv.DictWriter(file, list(table[0]))
            writer.writeheader()
            writer.writerows(table)


if __name__ == "__main__":
    main()
