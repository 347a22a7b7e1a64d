"""How fast encoding and decoding are, beside EnCodec-24k and DAC-16k in the same run.

    python recipes/benchmark_speed.py --csv docs/benchmark_speed.csv
    python recipes/benchmark_speed.py --memory

Figures are seconds of work for a second of sound: lower is better. The peers have random weights,
which changes nothing about their speed; they come with pip install 'audiocodec[peers]'.
"""

from __future__ import annotations

import csv
import os
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import click
import numpy as np
import soundfile
import torch

import audiocodec
from audiocodec.errors import MissingExtraError
from audiocodec.extras import require

REPEATS = 3
PEER_SECONDS = 10


@dataclass(frozen=True)
class System:
    """One row of the table: `encode` gives what `decode` takes."""

    name: str
    threads: int
    duration_s: float
    encode: Callable[[], Any]
    decode: Callable[[Any], Any]


def noise(sample_rate: int, duration_s: float, channels: int = 1) -> np.ndarray:
    """Seeded noise "c t": the speed does not depend on what is heard."""
    shape = (channels, int(sample_rate * duration_s))
    return 0.1 * np.random.default_rng(0).standard_normal(shape, dtype=np.float32)


def ours(threads: int, duration_s: float, channels: int) -> System:
    """speech-16k; `threads` work on channels at once."""
    codec = audiocodec.load("speech-16k", threads)
    wav = noise(16_000, duration_s, channels)
    name = "speech-16k" + (" stereo" if channels == 2 else "")
    return System(name, threads, channels * duration_s, lambda: codec.encode(wav, 16_000), codec.decode)


def peers(threads: int) -> Iterator[System]:
    """EnCodec-24k and DAC-16k, both at 6 kbit/s."""
    transformers = require("transformers", "peers")
    encodec = transformers.EncodecModel(transformers.EncodecConfig()).eval()
    x = torch.from_numpy(noise(24_000, PEER_SECONDS))[None]
    yield System(
        "EnCodec-24k",
        threads,
        PEER_SECONDS,
        lambda: encodec.encode(x, bandwidth=6.0),
        lambda made: encodec.decode(made.audio_codes, made.audio_scales),
    )
    config = transformers.DacConfig(sampling_rate=16_000, downsampling_ratios=[2, 4, 5, 8], n_codebooks=12)
    dac = transformers.DacModel(config).eval()
    y = torch.from_numpy(noise(16_000, PEER_SECONDS))[None]
    yield System(
        "DAC-16k",
        threads,
        PEER_SECONDS,
        lambda: dac.encode(y),
        lambda made: dac.decode(audio_codes=made.audio_codes),
    )


def measure(systems: list[System]) -> list[dict[str, Any]]:
    """Best of `REPEATS` after a warm-up, the systems in turns."""
    best: dict[int, list[float]] = {i: [np.inf, np.inf] for i in range(len(systems))}
    for turn in range(REPEATS + 1):
        for i, system in enumerate(systems):
            torch.set_num_threads(system.threads)
            with torch.inference_mode():
                begin = time.perf_counter()
                made = system.encode()
                middle = time.perf_counter()
                system.decode(made)
                end = time.perf_counter()
            if turn:
                best[i] = [min(best[i][0], middle - begin), min(best[i][1], end - middle)]
    return [
        {
            "system": system.name,
            "threads": system.threads,
            "audio_s": system.duration_s,
            "encode": round(best[i][0] / system.duration_s, 5),
            "decode": round(best[i][1] / system.duration_s, 5),
        }
        for i, system in enumerate(systems)
    ]


def all_systems(long_s: float) -> list[System]:
    """Ours at both lengths, mono and stereo, and the peers if they are installed."""
    systems = [ours(n, s, 1) for n in (1, 2) for s in (10.0, long_s)]
    systems += [ours(n, long_s, 2) for n in (1, 2)]
    try:
        systems += [system for n in (1, 2) for system in peers(n)]
    except MissingExtraError as error:
        print(f"without peers: {error}")
    return systems


def print_table(rows: list[dict[str, Any]]) -> None:
    """The rows, and how many times as fast as each peer ours is on one thread."""
    print(f"{'system':20s} {'threads':>7s} {'audio s':>8s} {'encode':>8s} {'decode':>8s}")
    for row in rows:
        print(f"{row['system']:20s} {row['threads']:7d} {row['audio_s']:8g} {row['encode']:8.4f} {row['decode']:8.4f}")
    mine = rows[0]
    for row in rows:
        if row["threads"] == 1 and not row["system"].startswith("speech"):
            times = [row[way] / mine[way] for way in ("encode", "decode")]
            print(
                f"{row['system']}, 1 thread: encode {times[0]:.1f} times as slow as ours, decode {times[1]:.1f} times"
            )


def peak_mb(arguments: list[str]) -> float:
    """Peak resident memory of a run of the command, MB."""
    command = Path(sys.executable).with_name("audiocodec")
    process = os.spawnv(os.P_NOWAIT, command, [str(command), *arguments])
    _, status, usage = os.wait4(process, 0)
    if status:
        sys.exit(f"audiocodec {' '.join(arguments)} failed")
    return usage.ru_maxrss / 1024


def write_noise(path: Path, duration_s: float) -> None:
    """48 kHz stereo, written second by second."""
    rng = np.random.default_rng(0)
    with soundfile.SoundFile(path, "w", samplerate=48_000, channels=2, format="WAV") as file:
        for _ in range(int(duration_s)):
            file.write(0.1 * rng.standard_normal((48_000, 2), dtype=np.float32))


def memory(hours: float) -> None:
    """Peak memory of a long file beside that of ten seconds."""
    peaks: dict[str, list[float]] = {}
    with tempfile.TemporaryDirectory() as folder:
        wav, tokens, back = (Path(folder) / name for name in ("in.wav", "a.fsq", "out.wav"))
        for duration_s in (10.0, 3600 * hours):
            write_noise(wav, duration_s)
            peaks.setdefault("encode", []).append(peak_mb(["encode", str(wav), str(tokens), "--force"]))
            peaks.setdefault("decode", []).append(peak_mb(["decode", str(tokens), str(back), "--force"]))
    for way, (short, long) in peaks.items():
        print(f"{way}: 10 s {short:.0f} MB, {hours:g} h {long:.0f} MB, {long - short:+.0f} MB")


@click.command(help=__doc__)
@click.option("--csv", "csv_path", type=click.Path(path_type=Path), help="Write the table here too.")
@click.option("--long-s", default=600.0, show_default=True, help="Length of the long sound in seconds.")
@click.option("--memory", "memory_only", is_flag=True, help="Measure peak memory instead.")
@click.option("--hours", default=1.0, show_default=True, help="Length of the long file with --memory.")
def main(csv_path: Path | None, long_s: float, memory_only: bool, hours: float) -> None:
    """Measure and print."""
    if memory_only:
        memory(hours)
        return
    rows = measure(all_systems(long_s))
    print_table(rows)
    if csv_path:
        with csv_path.open("w", newline="") as file:
            writer = csv.DictWriter(file, list(rows[0]))
            writer.writeheader()
            writer.writerows(rows)


if __name__ == "__main__":
    main()
