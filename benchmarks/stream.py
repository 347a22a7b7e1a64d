"""How fast and how steady streaming is, beside Mimi in the same run.

    python benchmarks/stream.py --csv docs/measurements/benchmark_stream.csv

Sound is encoded and decoded as in a live stream, on one thread, a frame of 20 ms at a time, and 80 ms at a time as
Mimi takes it, by both backends. `wall` is what the clock says, `cpu` what this process computed: on a machine that is
busy with other things the first tells more of them. Then: how many streams two threads carry in real time;
memory of a long stream; and Mimi (`transformers`, random weights, which hardly changes its speed), streaming with the
caches that it has: pip install 'audiocodec[peers]'.
"""

from __future__ import annotations

import csv
import os
import resource
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import click
import numpy as np
import torch

import audiocodec
from audiocodec._util.extras import require
from audiocodec._util.terminal import errors_in_one_sentence
from audiocodec.errors import MissingExtraError

COLUMNS = ("system", "streams", "threads", "measure", "value")
PERCENTILES = (50, 90, 99, 99.9, 100)
MIMI_FRAME = 1920  # samples at 24 kHz: 80 ms

Row = tuple[str, int, int, str, float]


def noise(samples: int) -> np.ndarray:
    """Seeded noise "t": the speed does not depend on what is heard."""
    return 0.1 * np.random.default_rng(0).standard_normal(samples, dtype=np.float32)


def timed(step: Callable[[int], None], steps: int) -> np.ndarray:
    """Wall and CPU milliseconds of each step, "2 steps", after 20 to warm up."""
    for i in range(20):
        step(i)
    times = np.empty((2, steps))
    for i in range(steps):
        wall, cpu = time.perf_counter(), time.process_time()
        step(i)
        times[:, i] = time.perf_counter() - wall, time.process_time() - cpu
    return 1000 * times


def latency(codec: audiocodec.Codec, name: str, minutes: float, num_codebooks: int, frames: int) -> list[Row]:
    """Percentiles of encoding and decoding that many frames, the real-time factor and the delay."""
    encoder, decoder = codec.stream_encoder(num_codebooks), codec.stream_decoder()
    size = frames * codec.hop_length
    chunk_ms = 1000 * size / codec.sample_rate
    wav = noise(1000 * size)

    def step(i: int) -> None:
        decoder.push(encoder.push(wav[i % 1000 * size :][:size]))

    times = timed(step, round(minutes * 60_000 / chunk_ms))
    samples = size - codec.hop_length + encoder.delay_samples + decoder.delay_samples
    label = f"{name}, {num_codebooks} codebooks, {chunk_ms:g} ms"
    return summary(label, times, chunk_ms, 1000 * samples / codec.sample_rate)


def summary(label: str, times: np.ndarray, chunk_ms: float, delay_ms: float) -> list[Row]:
    """times: wall and CPU milliseconds of each chunk, "2 steps" -> rows."""
    rows: list[Row] = []
    for kind, values in zip(("wall", "cpu"), times, strict=True):
        rows += [(label, 1, 1, f"{kind} ms/chunk p{p:g}", float(np.percentile(values, p))) for p in PERCENTILES]
        rows.append((label, 1, 1, f"{kind} s per s of audio", float(values.mean() / chunk_ms)))
    return [*rows, (label, 1, 1, "delay ms", delay_ms)]


def concurrent(name: str, streams: int, threads: int, steps: int) -> list[Row]:
    """One frame of each of many streams, together."""
    codec = audiocodec.load(name, threads)
    encoders, decoders = (
        [codec.stream_encoder() for _ in range(streams)],
        [codec.stream_decoder() for _ in range(streams)],
    )
    wavs = noise(streams * codec.hop_length).reshape(streams, -1)

    def step(_: int) -> None:
        codec.decode_together(decoders, codec.encode_together(encoders, list(wavs)))

    wall = timed(step, steps)[0]
    frame_ms = 1000 * codec.hop_length / codec.sample_rate
    measures = {f"wall ms/step p{p:g}": float(np.percentile(wall, p)) for p in PERCENTILES}
    measures["wall s per s of audio of all"] = float(wall.mean() / frame_ms)
    return [(name, streams, threads, measure, value) for measure, value in measures.items()]


def most_streams(name: str, threads: int, steps: int) -> Row:
    """The most streams whose frames are done in time on average, by doubling and halving."""

    def in_time(streams: int) -> bool:
        return concurrent(name, streams, threads, steps)[-1][-1] < 1

    low = 1
    while in_time(2 * low):
        low *= 2
    high = 2 * low
    while high - low > 1:
        middle = (low + high) // 2
        low, high = (middle, high) if in_time(middle) else (low, middle)
    return name, low, threads, "streams in real time", float(low)


def resident_mb() -> float:
    """Memory of this process now; where the system does not tell, its peak."""
    statm = Path("/proc/self/statm")
    if statm.exists():
        return int(statm.read_text().split()[1]) * os.sysconf("SC_PAGE_SIZE") / 1e6
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / (1e6 if sys.platform == "darwin" else 1e3)


def memory(codec: audiocodec.Codec, name: str, hours: float) -> list[Row]:
    """Growth of memory over a stream of that many hours, with losses, run faster than real time."""
    encoder, decoder = codec.stream_encoder(), codec.stream_decoder()
    hop = codec.hop_length
    wav = noise(1000 * hop)
    frames = round(hours * 3600 * codec.frame_rate)
    before = peak = 0.0
    for i in range(frames + 3000):
        codes = encoder.push(wav[i % 1000 * hop :][:hop])
        if i % 20 == 0:
            decoder.conceal(1)
        else:
            decoder.push(codes)
        if i == 3000:  # a minute to warm up
            before = peak = resident_mb()
        elif i % 500 == 0:
            peak = max(peak, resident_mb())
    grown = resident_mb() - before
    return [
        (name, 1, 1, f"memory MB grown in {hours:g} h", grown),
        (name, 1, 1, f"memory MB above the start, at most, in {hours:g} h", peak - before),
    ]


def mimi(steps: int) -> list[Row]:
    """Mimi as `transformers` has it, frame by frame.

    The encoder keeps keys, values and the past of its convolutions; the decoder keeps keys and values only, which is
    all that is offered: its sound has seams, its speed is what counts here.

    Raises:
        MissingExtraError: transformers is not installed.
    """
    transformers = require("transformers", "peers")
    torch.manual_seed(0)
    model = transformers.MimiModel(transformers.MimiConfig(num_quantizers=8)).eval()
    frame = torch.from_numpy(noise(MIMI_FRAME))[None, None]
    caches: dict[str, Any] = {}

    def step(_: int) -> None:
        made = model.encode(
            frame,
            encoder_cache=caches.get("encoder"),
            padding_cache=caches.get("padding"),
            use_streaming=True,
        )
        caches["encoder"], caches["padding"] = made.encoder_cache, made.padding_cache
        heard = model.decode(made.audio_codes, decoder_cache=caches.get("decoder"))
        caches["decoder"] = heard.decoder_cache

    with torch.inference_mode():
        times = timed(step, steps)
    return summary("Mimi, 8 codebooks, 80 ms", times, MIMI_FRAME / 24, MIMI_FRAME / 24)


def ratios(rows: list[Row]) -> list[str]:
    """How many times as fast as Mimi ours is."""
    lines = []
    for kind in ("wall", "cpu"):
        found = {row[0]: row[4] for row in rows if row[3] == f"{kind} s per s of audio"}
        theirs = [value for system, value in found.items() if system.startswith("Mimi")]
        for system, value in found.items():
            if theirs and not system.startswith("Mimi"):
                lines.append(f"{kind}: {system} is {theirs[0] / value:.1f} times as fast as Mimi per second of audio")
    return lines


def measurements(model: str, minutes: float, hours: float, streams: int, steps: int) -> Iterator[Row]:
    """All rows, one part after the other."""
    for backend in ("onnx", "torch"):
        codec = audiocodec.load(model, backend=backend)
        most = codec.num_codebooks
        for depth, frames in ((max(1, most // 2), 1), (most, 1), (most, 4)):
            yield from latency(codec, f"{model} {backend}", minutes, depth, frames)
    try:
        yield from mimi(max(1, steps // 5))
    except MissingExtraError as error:
        print(f"without Mimi: {error}")
    yield from concurrent(model, streams, 2, steps)
    yield most_streams(model, 2, max(1, steps // 5))
    if hours:
        for backend in ("onnx", "torch"):
            yield from memory(audiocodec.load(model, backend=backend), f"{model} {backend}", hours)


@click.command(help=__doc__)
@click.option("--model", default="speech-16k", show_default=True)
@click.option("--csv", "csv_path", type=click.Path(path_type=Path), help="Write the table here too.")
@click.option("--minutes", type=click.FloatRange(0, min_open=True), default=10.0, show_default=True, help="Of latency.")
@click.option("--hours", type=click.FloatRange(0), default=1.0, show_default=True, help="Of memory; 0: leave it out.")
@click.option("--streams", type=click.IntRange(1), default=8, show_default=True, help="At once, for the table.")
@click.option("--steps", type=click.IntRange(1), default=500, show_default=True, help="Of many streams, and of Mimi.")
@errors_in_one_sentence()
def main(model: str, csv_path: Path | None, minutes: float, hours: float, streams: int, steps: int) -> None:
    """Measure and print."""
    torch.set_num_threads(1)
    rows: list[Row] = []
    for row in measurements(model, minutes, hours, streams, steps):
        rows.append(row)
        print("{:40s} {:3d} streams {:2d} threads  {:45s} {:9.3f}".format(*row), flush=True)
    print("\n".join(ratios(rows)))
    if csv_path:
        with csv_path.open("w", newline="") as file:
            writer = csv.writer(file)
            writer.writerow(COLUMNS)
            writer.writerows((*row[:4], round(row[4], 4)) for row in rows)


if __name__ == "__main__":
    main()
