"""How fast the backends are on one thread: live frames, and whole sound.

    python benchmarks/backends.py --compiled --csv docs/measurements/benchmark_backends.csv

Live: frames of the model pushed one by one through `stream_encoder` and `stream_decoder`. Offline: 10 s encoded and
decoded, the best of three. Besides wall time it takes the processor time of the process, which other work on the
machine hardly touches. `--compiled` adds torch.compile of encoder and decoder (the quantizer as it is), on blocks of
48 frames; that takes minutes.
"""

from __future__ import annotations

import csv
import os
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

os.environ.setdefault("OMP_NUM_THREADS", "1")

import click
import numpy as np

from audiocodec import audio
from audiocodec.codec import Codec, load

SPEECH = Path(__file__).parents[1] / "tests" / "sounds" / "speech.flac"
BLOCK = 48  # frames

Row = dict[str, Any]


def timed(work: Callable[[], object]) -> tuple[float, float]:
    """Wall and processor seconds."""
    wall, cpu = time.perf_counter(), time.process_time()
    work()
    return time.perf_counter() - wall, time.process_time() - cpu


def live(codec: Codec, wav: np.ndarray, frames: int) -> Row:
    """Milliseconds per frame: medians, and the 99th percentile of the sum."""
    encoder, decoder, hop = codec.stream_encoder(), codec.stream_decoder(), codec.hop_length
    times = []
    for start in range(0, min(frames * hop, len(wav) - hop), hop):
        codes: list[np.ndarray] = []
        piece = wav[start : start + hop]
        encode = timed(lambda piece=piece, codes=codes: codes.append(encoder.push(piece)))  # type: ignore[misc]
        decode = timed(lambda codes=codes: decoder.push(codes[0]))  # type: ignore[misc]
        times.append((*encode, *decode))
    ms = 1000 * np.array(times[20:])
    return {
        "live encode wall ms": np.median(ms[:, 0]),
        "live decode wall ms": np.median(ms[:, 2]),
        "live both wall ms": np.median(ms[:, 0] + ms[:, 2]),
        "live both cpu ms": np.median(ms[:, 1] + ms[:, 3]),
        "live both wall ms p99": np.percentile(ms[:, 0] + ms[:, 2], 99),
    }


def offline(encode: Callable[[], Any], decode: Callable[[Any], Any], seconds: float) -> Row:
    """Seconds of work per second of sound."""
    result = encode()
    decode(result)
    encoded, decoded = (min(timed(work) for _ in range(3)) for work in (encode, lambda: decode(result)))
    names = ("offline encode", "offline decode")
    return {
        f"{name} {kind} s/s": value / seconds
        for name, pair in zip(names, (encoded, decoded), strict=True)
        for kind, value in zip(("wall", "cpu"), pair, strict=True)
    }


def compiled(codec: Codec, wav: np.ndarray, seconds: float) -> Row:
    """torch.compile of the two networks."""
    import torch

    model = codec.bundle.build_model()
    encoder, decoder = torch.compile(model.encoder), torch.compile(model.decoder)
    step = BLOCK * codec.hop_length
    blocks = [torch.from_numpy(wav[None, None, i : i + step]) for i in range(0, len(wav) - step + 1, step)]
    coder = model.quantizer.coder()

    def encode() -> list[torch.Tensor]:
        with torch.inference_mode():
            state, codes = None, []
            for block in blocks:
                latents, state = encoder(block, state)
                codes.append(coder.encode(latents))
            return codes

    def decode(codes: list[torch.Tensor]) -> None:
        with torch.inference_mode():
            state = None
            for block in codes:
                _, state = decoder(coder.decode(block), state)

    return offline(encode, decode, seconds * len(blocks) * step / len(wav))


@click.command()
@click.option("--model", default="speech-16k", show_default=True)
@click.option("--frames", type=click.IntRange(50), default=480, show_default=True, help="Live frames.")
@click.option("--compiled", "with_compiled", is_flag=True, help="torch.compile, too.")
@click.option("--csv", "csv_path", type=click.Path(path_type=Path), help="Write the table here as well.")
def main(model: str, frames: int, with_compiled: bool, csv_path: Path | None) -> None:
    """Print a table of all backends."""
    rows: dict[str, Row] = {}
    for backend in ("onnx", "torch"):
        codec = load(model, backend=backend)
        short = audio.read(SPEECH, codec.sample_rate)[0][0]
        wav = np.resize(short, 10 * codec.sample_rate)
        rows[backend] = live(codec, wav, frames) | offline(
            lambda codec=codec, wav=wav: codec.encode(wav, codec.sample_rate),  # type: ignore[misc]
            codec.decode,
            10.0,
        )
    if with_compiled:
        rows["torch.compile"] = compiled(codec, wav, 10.0)
    print(f"{'measure':26s}" + "".join(f"{name:>15s}" for name in rows))
    for measure in rows["onnx"]:
        cells = (f"{row[measure]:15.4f}" if measure in row else f"{'-':>15s}" for row in rows.values())
        print(f"{measure:26s}" + "".join(cells))
    if csv_path:
        with csv_path.open("w", newline="") as file:
            writer = csv.writer(file, lineterminator="\n")
            writer.writerow(["backend", "measure", "value"])
            writer.writerows((name, key, f"{value:.5f}") for name, row in rows.items() for key, value in row.items())


if __name__ == "__main__":
    main()
