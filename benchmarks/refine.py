"""What `encode --refine` gains and costs: scores and speed of a model on a folder of clips, by steps of the search.

    python benchmarks/refine.py speech-16k data/speech/valid --bitrate 3k --csv a.csv

One thread, channels averaged; `x real time` is encoding alone, models loaded. ViSQOL needs `audiocodec[metrics]`.
"""

from __future__ import annotations

import csv
import time
from pathlib import Path

import click
import numpy as np

import audiocodec
from audiocodec import audio
from audiocodec._util.terminal import errors_in_one_sentence
from audiocodec.evaluate import check_metrics
from audiocodec.evaluate.scores import score


def measure(codec: audiocodec.Codec, paths: list[Path], bitrate: str, steps: int, names: list[str]) -> dict[str, float]:
    """Means of the scores over clips, kbit/s on disk, and the speed."""
    scores, spent, seconds, size = [], 0.0, 0.0, 0
    for path in paths:
        wav, rate = audio.read(path)
        wav = wav.mean(axis=0, keepdims=True)
        begin = time.monotonic()
        tokens = codec.encode(wav, rate, bitrate=bitrate, refine=steps)
        spent += time.monotonic() - begin
        seconds += wav.shape[1] / rate
        size += len(tokens.to_bytes())
        scores.append(score(wav, codec.decode(tokens), rate, names))
    means = {name: float(np.nanmean([row[name] for row in scores])) for name in names}
    return {"steps": steps, "kbit/s": 8 * size / seconds / 1000, "x real time": seconds / spent} | means


@click.command(help=__doc__)
@click.argument("model")
@click.argument("folder", type=click.Path(exists=True, path_type=Path))
@click.option("--bitrate", required=True)
@click.option("--steps", type=int, multiple=True, default=(0, 5, 10, 20, 40, 80), show_default=True)
@click.option("--metrics", default="pesq,estoi,visqol_speech,distillmos,si_sdr,mel", show_default=True)
@click.option("--csv", "csv_path", type=click.Path(path_type=Path), help="Write a row for each number of steps.")
@errors_in_one_sentence()
def main(model: str, folder: Path, bitrate: str, steps: tuple[int, ...], metrics: str, csv_path: Path | None) -> None:
    """Measure and print."""
    rows: list[dict[str, float | str]] = []
    names, missing = check_metrics(metrics.split(","))
    if missing:
        raise click.ClickException(missing[0])
    codec, paths = audiocodec.load(model), audio.list_audio_files(folder)
    codec.encode(np.zeros((1, codec.sample_rate), np.float32), codec.sample_rate, refine=1)  # load everything
    for count in steps:
        measured = measure(codec, paths, bitrate, count, names)
        if not rows:
            print("| " + " | ".join(measured) + " |\n" + "|---" * len(measured) + "|")
        print("| " + " | ".join(f"{value:.4g}" for value in measured.values()) + " |", flush=True)
        rows.append({"model": f"{model} {codec.info.version}", "clips": folder.name, "bitrate": bitrate, **measured})
    if csv_path:
        with csv_path.open("w", newline="") as file:
            writer = csv.DictWriter(file, list(rows[0]))
            writer.writeheader()
            writer.writerows(rows)


if __name__ == "__main__":
    main()
