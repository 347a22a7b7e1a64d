"""How fast encoding and decoding are, beside EnCodec-24k and DAC-16k in the same run.

    python benchmarks/speed.py --csv docs/measurements/benchmark_speed.csv
    python benchmarks/speed.py --memory

Figures are seconds of work per second of sound (all its channels): lower is better. The machine may be busy with
other things, so the systems take turns and the best of several turns counts. The peers have random weights, which
hardly changes their speed; they come with pip install 'audiocodec[peers]'.
"""

from __future__ import annotations

import csv
import subprocess
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
from audiocodec._util.extras import require
from audiocodec._util.terminal import errors_in_one_sentence
from audiocodec.errors import MissingExtraError

OURS = "speech-16k"
THREADS = (1, 2)
COLUMNS = ("system", "channels", "threads", "audio_s", "encode", "decode")

COMMAND = "from audiocodec.cli import main; main()"
# A process starts with the peak of the one that starts it, and this one holds torch: so a small one stands between.
PEAK = (
    "import resource, subprocess, sys; code = subprocess.call([sys.executable, *sys.argv[1:]], stdout=sys.stderr); "
    "print(resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss); sys.exit(code)"
)


@dataclass(frozen=True)
class System:
    """One row of the table: `encode` gives what `decode` takes."""

    name: str
    channels: int
    threads: int
    duration_s: float
    encode: Callable[[], Any]
    decode: Callable[[Any], Any]


def noise(sample_rate: int, duration_s: float, channels: int = 1) -> np.ndarray:
    """Seeded noise "c t": the speed does not depend on what is heard."""
    shape = (channels, int(sample_rate * duration_s))
    return 0.1 * np.random.default_rng(0).standard_normal(shape, dtype=np.float32)


def ours(short_s: float, long_s: float) -> Iterator[System]:
    """The shipped model at both lengths, mono and stereo; `threads` work on channels in parallel."""
    for threads in THREADS:
        codec = audiocodec.load(OURS, threads)
        for duration_s in (short_s, long_s):
            for channels in (1, 2):
                wav = noise(16_000, duration_s, channels)

                def encode(codec: audiocodec.Codec = codec, wav: np.ndarray = wav) -> audiocodec.Tokens:
                    return codec.encode(wav, 16_000)

                yield System(OURS, channels, threads, duration_s, encode, codec.decode)


def encodec_24k(duration_s: float) -> tuple[Callable[[], Any], Callable[[Any], Any]]:
    """Encode and decode of EnCodec at 24 kHz and 6 kbit/s: 8 codebooks."""
    transformers = require("transformers", "peers")
    model = transformers.EncodecModel(transformers.EncodecConfig()).eval()
    for layer in model.quantizer.layers:
        layer.codebook.embed.normal_()  # new ones are all zero
    wav = torch.from_numpy(noise(24_000, duration_s))[None]
    return lambda: model.encode(wav, bandwidth=6.0), lambda made: model.decode(made.audio_codes, made.audio_scales)


def dac_16k(duration_s: float) -> tuple[Callable[[], Any], Callable[[Any], Any]]:
    """Encode and decode of DAC at 16 kHz and 6 kbit/s: 12 codebooks."""
    transformers = require("transformers", "peers")
    config = transformers.DacConfig(
        sampling_rate=16_000,
        downsampling_ratios=[2, 4, 5, 8],  # upsampling: the same, reversed
        encoder_hidden_size=64,
        decoder_hidden_size=1536,
        n_codebooks=12,
        codebook_size=1024,
        codebook_dim=8,
    )
    model = transformers.DacModel(config).eval()
    wav = torch.from_numpy(noise(16_000, duration_s))[None]
    return lambda: model.encode(wav), lambda made: model.decode(audio_codes=made.audio_codes)


def peers(duration_s: float) -> Iterator[System]:
    """EnCodec-24k and DAC-16k, both at 6 kbit/s, with random weights: nothing is fetched.

    Raises:
        MissingExtraError: transformers is not installed.
    """
    torch.manual_seed(0)
    for name, build in (("EnCodec-24k", encodec_24k), ("DAC-16k", dac_16k)):
        encode, decode = build(duration_s)
        for threads in THREADS:
            yield System(name, 1, threads, duration_s, encode, decode)


def all_systems(short_s: float, long_s: float, peer_s: float) -> list[System]:
    """Ours, and the peers if they are installed."""
    systems = list(ours(short_s, long_s))
    try:
        systems += peers(peer_s)
    except MissingExtraError as error:
        print(f"without peers: {error}")
    return systems


def time_once(system: System) -> tuple[float, float]:
    """Seconds of work per second of sound, of encode and decode."""
    before = torch.get_num_threads()
    torch.set_num_threads(system.threads)
    try:
        with torch.inference_mode():
            begin = time.perf_counter()
            made = system.encode()
            middle = time.perf_counter()
            system.decode(made)
            end = time.perf_counter()
    finally:
        torch.set_num_threads(before)
    return (middle - begin) / system.duration_s, (end - middle) / system.duration_s


def measure(systems: list[System], repeats: int) -> list[dict[str, Any]]:
    """The best of `repeats` turns, which the systems take one after the other; the shortest sounds warm up."""
    shortest = {system.name: min(s.duration_s for s in systems if s.name == system.name) for system in systems}
    for system in systems:
        if system.duration_s == shortest[system.name]:
            time_once(system)
    turns = [[time_once(system) for system in systems] for _ in range(repeats)]
    rows = []
    for system, times in zip(systems, zip(*turns, strict=True), strict=True):
        best = [round(min(each), 5) for each in zip(*times, strict=True)]
        values = (system.name, system.channels, system.threads, system.duration_s, *best)
        rows.append(dict(zip(COLUMNS, values, strict=True)))
    return rows


def print_table(rows: list[dict[str, Any]]) -> None:
    """The rows, and how many times as fast as each peer ours is: mono, one thread, the short sound."""
    print(("{:12s} {:>8s} {:>7s} {:>7s} {:>8s} {:>8s}").format(*COLUMNS))
    for row in rows:
        print("{:12s} {:8d} {:7d} {:7g} {:8.4f} {:8.4f}".format(*row.values()))
    mine, *others = [row for row in rows if row["channels"] == row["threads"] == 1]
    rivals = [row for row in others if row["system"] != OURS]
    for way in ("encode", "decode") if rivals else ():
        ratios = (f"{row[way] / mine[way]:.1f} times as fast as {row['system']}" for row in rivals)
        lengths = " and ".join(f"{s:g} s" for s in sorted({row["audio_s"] for row in (mine, *rivals)}))
        print(f"{way}: ours is {', '.join(ratios)} (mono, 1 thread, {lengths})")


def write_csv(path: Path, rows: list[dict[str, Any]]) -> None:
    """The rows with a header."""
    with path.open("w", newline="") as file:
        writer = csv.DictWriter(file, COLUMNS)
        writer.writeheader()
        writer.writerows(rows)


def peak_mb(*arguments: str | Path) -> float:
    """Peak resident memory of a run of the command `audiocodec`, MB."""
    command = [sys.executable, "-c", PEAK, "-c", COMMAND, *map(str, arguments)]
    result = subprocess.run(command, capture_output=True, text=True)
    if result.returncode:
        sys.exit(f"error: audiocodec {arguments[0]} failed: {result.stderr.strip()}")
    return int(result.stdout) / (2**20 if sys.platform == "darwin" else 2**10)


def write_noise(path: Path, duration_s: float) -> None:
    """48 kHz stereo, written second by second."""
    rng = np.random.default_rng(0)
    with soundfile.SoundFile(path, "w", samplerate=48_000, channels=2, format="WAV") as file:
        for _ in range(round(duration_s)):
            file.write(0.1 * rng.standard_normal((48_000, 2), dtype=np.float32))


def memory(hours: float) -> None:
    """Print the peak memory of a long file beside that of ten seconds."""
    peaks: dict[str, list[float]] = {"encode": [], "decode": []}
    with tempfile.TemporaryDirectory() as folder:
        wav, tokens, back = (Path(folder) / name for name in ("in.wav", "a.fsq", "out.wav"))
        for duration_s in (10, 3600 * hours):
            write_noise(wav, duration_s)
            peaks["encode"].append(peak_mb("encode", wav, tokens, "--force"))
            peaks["decode"].append(peak_mb("decode", tokens, back, "--force"))
    print("peak memory, 48 kHz stereo")
    for way, (short, long) in peaks.items():
        print(f"{way}: 10 s {short:.0f} MB, {hours:g} h {long:.0f} MB, difference {long - short:+.0f} MB")


@click.command(help=__doc__)
@click.option("--csv", "csv_path", type=click.Path(path_type=Path), help="Write the table here too.")
@click.option("--short-s", type=click.FloatRange(0.1), default=10.0, show_default=True, help="Short sound, seconds.")
@click.option("--long-s", type=click.FloatRange(0.1), default=600.0, show_default=True, help="Long sound, seconds.")
@click.option("--peer-s", type=click.FloatRange(0.1), default=10.0, show_default=True, help="Sound of the peers.")
@click.option("--repeats", type=click.IntRange(1), default=3, show_default=True, help="Turns; the best counts.")
@click.option("--memory", "memory_only", is_flag=True, help="Measure peak memory instead.")
@click.option("--hours", type=click.FloatRange(0.001), default=1.0, show_default=True, help="Long file of --memory.")
@errors_in_one_sentence()
def main(
    csv_path: Path | None,
    short_s: float,
    long_s: float,
    peer_s: float,
    repeats: int,
    memory_only: bool,
    hours: float,
) -> None:
    """Measure and print."""
    if memory_only:
        memory(hours)
        return
    rows = measure(all_systems(short_s, long_s, peer_s), repeats)
    print_table(rows)
    if csv_path:
        write_csv(csv_path, rows)


if __name__ == "__main__":
    main()
