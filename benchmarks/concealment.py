r"""How speech sounds when frames are lost: concealment beside silence, repeating, and Opus.

    python benchmarks/concealment.py speech-16k data/speech/test \
        --csv docs/measurements/benchmark_concealment.csv

Bursts of 1 to 5 frames of 20 ms are lost, the same ones for every method but Opus, whose packets `opusdec` drops one by
one at random. Scores are means over all clips against the original at 16 kHz.

    none      nothing was lost
    silence   zeros in the place of lost frames
    repeat    the codes of the last frame that came, again
    conceal   `StreamDecoder.conceal`
    repair    conceal, with the first --repeat codebooks of each frame sent again 5 frames later
    opus      Debian's opus-tools, whose rate is printed; without them this row is left out
"""

from __future__ import annotations

import csv
import re
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import click
import numpy as np
import soundfile
import torch

import audiocodec
from audiocodec import audio
from audiocodec._util.terminal import errors_in_one_sentence
from audiocodec.quality import metrics

RATE = 16_000
BURST = 5  # frames, at most; redundancy comes as much later
METHODS = ("none", "silence", "repeat", "conceal", "repair")
COLUMNS = ("method", "loss", "kbit_s", "clips", "pesq", "estoi")


def bursts(frames: int, loss: float, rng: np.random.Generator) -> np.ndarray:
    """Which frames are lost: bursts of 1 to 5, each as likely, the gaps drawn so that a share `loss` is lost."""
    lost, position = np.zeros(frames, bool), 0
    mean_gap = (1 + BURST) / 2 * (1 - loss) / loss
    while position < frames:
        position += 1 + rng.poisson(mean_gap - 1)
        length = int(rng.integers(1, BURST + 1))
        lost[position : position + length] = True
        position += length
    return lost


def decode(codec: audiocodec.Codec, method: str, codes: np.ndarray, lost: np.ndarray, repeat: int) -> np.ndarray:
    """What is heard, "t", aligned with the original."""
    decoder = codec.stream_decoder()
    last, parts = codes[:, :1], []
    for t, gone in enumerate(lost):
        column = codes[:, t : t + 1]
        if not gone or method == "none":
            last = column
            parts.append(decoder.push(column))
        elif method == "silence":
            parts.append(np.zeros_like(decoder.push(last)))
        elif method == "repeat":
            parts.append(decoder.push(last))
        elif method == "repair" and t + BURST < len(lost) and not lost[t + BURST]:
            parts.append(decoder.push(column[:repeat]))
        else:
            parts.append(decoder.conceal(1))
    return np.concatenate(parts)[codec.delay_samples :]


def opus(wav: np.ndarray, bitrate: float, loss: float) -> tuple[np.ndarray, float]:
    """The sound through Opus with lost packets, and its rate in kbit/s with all headers of the file."""
    with tempfile.TemporaryDirectory() as folder:
        source, coded, back = (Path(folder) / name for name in ("in.wav", "a.opus", "out.wav"))
        soundfile.write(source, wav, RATE, subtype="PCM_16")
        rates = ["--bitrate", f"{bitrate / 1000:g}", "--speech", "--framesize", "20"]
        expect = ["--expect-loss", f"{100 * loss:g}"]
        subprocess.run(["opusenc", "--quiet", *rates, *expect, source, coded], check=True, capture_output=True)
        drop = ["--packet-loss", f"{100 * loss:g}", "--rate", str(RATE)]
        subprocess.run(["opusdec", "--quiet", *drop, coded, back], check=True, capture_output=True)
        return soundfile.read(back, dtype="float32")[0][: len(wav)], 8 * coded.stat().st_size / len(wav) * RATE / 1000


def scores(reference: np.ndarray, estimate: np.ndarray) -> tuple[float, float]:
    """PESQ-WB and ESTOI of equally long sounds."""
    estimate = np.pad(estimate[: len(reference)], (0, max(0, len(reference) - len(estimate))))
    return metrics.pesq_wb(reference, estimate, RATE), metrics.estoi(reference, estimate, RATE)


def rows_for(
    codec: audiocodec.Codec, clips: list[np.ndarray], loss: float, depth: int, repeat: int, opus_bitrate: float
) -> Iterator[dict[str, Any]]:
    """A row for each method at one rate of loss."""
    kbits = depth * codec.info.codebook_bitrate / 1000
    methods = METHODS[1:] if loss else METHODS[:1]
    for method in methods:
        results = []
        for i, wav in enumerate(clips):
            codes = codec.encode(wav, RATE, depth).codes[0]
            lost = bursts(codes.shape[1], loss, np.random.default_rng(i)) if loss else np.zeros(codes.shape[1], bool)
            results.append(scores(wav, decode(codec, method, codes, lost, repeat)))
        extra = repeat * codec.info.codebook_bitrate / 1000 if method == "repair" else 0
        yield row(method, loss, kbits + extra, results)
    if shutil.which("opusenc") and shutil.which("opusdec"):
        coded = [opus(wav, opus_bitrate, loss) for wav in clips]
        results = [scores(wav, heard) for wav, (heard, _) in zip(clips, coded, strict=True)]
        yield row("opus", loss, float(np.mean([rate for _, rate in coded])), results)


def row(method: str, loss: float, kbits: float, results: list[tuple[float, float]]) -> dict[str, Any]:
    """Means of PESQ and ESTOI."""
    pesq, estoi = np.nanmean(np.array(results), axis=0)
    values = (method, loss, round(kbits, 2), len(results), round(float(pesq), 3), round(float(estoi), 4))
    return dict(zip(COLUMNS, values, strict=True))


def opus_version() -> str:
    """The program that was measured, or why none was."""
    if not shutil.which("opusenc"):
        return "without Opus: opusenc and opusdec are not here (Debian: opus-tools)"
    text = subprocess.run(["opusenc", "--version"], capture_output=True, text=True).stdout
    return "Opus: " + ", ".join(re.findall(r"(opus-tools [\d.]+|libopus [\w.]+)", text))


@click.command(help=__doc__)
@click.argument("model")
@click.argument("folder", type=click.Path(path_type=Path))
@click.option("--csv", "csv_path", type=click.Path(path_type=Path), help="Write the table here too.")
@click.option("--losses", default="0,0.05,0.1,0.2", show_default=True, help="Shares of frames lost.")
@click.option("--num-codebooks", "-n", type=click.IntRange(1), default=12, show_default=True)
@click.option("--repeat", type=click.IntRange(1), default=3, show_default=True, help="Codebooks sent again.")
@click.option("--opus-bitrate", type=click.FloatRange(500), default=6000.0, show_default=True)
@click.option("--clips", "limit", type=click.IntRange(1), help="Only this many, evenly chosen.")
@errors_in_one_sentence()
def main(
    model: str,
    folder: Path,
    csv_path: Path | None,
    losses: str,
    num_codebooks: int,
    repeat: int,
    opus_bitrate: float,
    limit: int | None,
) -> None:
    """Measure and print."""
    torch.set_num_threads(1)
    codec = audiocodec.load(model)
    paths = audio.list_audio_files(folder)
    chosen = np.linspace(0, len(paths) - 1, min(limit or len(paths), len(paths))).round().astype(int)
    clips = [audio.read(paths[i], RATE)[0][0] for i in chosen]
    depth = min(num_codebooks, codec.num_codebooks)
    rows = []
    print(opus_version())
    print("| method | lost | kbit/s | clips | PESQ-WB | ESTOI |\n|---|---|---|---|---|---|")
    for loss in map(float, losses.split(",")):
        for made in rows_for(codec, clips, loss, depth, repeat, opus_bitrate):
            rows.append(made)
            print("| {} | {:.0%} | {} | {} | {:.3f} | {:.4f} |".format(*made.values()), flush=True)
    if csv_path:
        with csv_path.open("w", newline="") as file:
            writer = csv.DictWriter(file, COLUMNS)
            writer.writeheader()
            writer.writerows(rows)


if __name__ == "__main__":
    main()
