"""What two channels keep, beside Opus of the same size: music, a silent channel, two speakers.

    python benchmarks/stereo.py audio-44k data/music/test data/speech/test --csv a.csv

`music`: ViSQOL-audio of each channel against its own original, mean of both, clips of one channel left out. `silent`:
speech in the left channel only, and the level of the right one against it afterwards. `speakers`: one left, one right,
the mean ESTOI of both channels.
"""

from __future__ import annotations

import csv
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import click
import numpy as np

from audiocodec import audio
from audiocodec._util.terminal import errors_in_one_sentence
from audiocodec.evaluate.run import code_clip
from audiocodec.evaluate.scores import check_metrics, score
from audiocodec.evaluate.systems import parse_system

RATE = 44_100
FLOOR = 1e-5  # of the root mean square of a channel
KINDS = {"music": "visqol_audio", "silent": "dB", "speakers": "estoi"}

Sound = tuple[str, str, np.ndarray, int]  # kind, name, "2 t", sample rate


def sounds(music: Path, speech: Path, pairs: int) -> Iterator[Sound]:
    """Everything that is to be coded."""
    for path in audio.list_audio_files(music):
        wav, rate = audio.read(path)
        if len(wav) == 2:
            yield "music", path.stem, wav, rate
    voices = audio.list_audio_files(speech)
    for i in np.linspace(0, len(voices) // 2 - 1, min(pairs, len(voices) // 2)).round().astype(int):
        left, right = (audio.read(voices[at], RATE)[0][0] for at in (i, i + len(voices) // 2))
        both = np.stack([wav[: min(len(left), len(right))] for wav in (left, right)])
        yield "silent", voices[i].stem, both * [[1], [0]], RATE
        yield "speakers", voices[i].stem, both, RATE


def value(kind: str, wav: np.ndarray, decoded: np.ndarray, rate: int) -> float:
    """What a kind of sound "2 t" is judged by."""
    if kind == "silent":
        left, right = np.sqrt(np.square(decoded).mean(1)) + FLOOR
        return float(20 * np.log10(right / left))
    metric = KINDS[kind]
    return float(np.mean([score(wav[c : c + 1], decoded[c : c + 1], rate, [metric])[metric] for c in range(2)]))


@click.command(help=__doc__)
@click.argument("model")
@click.argument("music", type=click.Path(exists=True, file_okay=False, path_type=Path))
@click.argument("speech", type=click.Path(exists=True, file_okay=False, path_type=Path))
@click.option("--bitrate", default="16k", show_default=True, help="Of both channels together, at the most.")
@click.option("--pairs", type=click.IntRange(1), default=6, show_default=True, help="Of speakers.")
@click.option("--csv", "csv_path", type=click.Path(path_type=Path), help="Write every clip there.")
@errors_in_one_sentence()
def main(model: str, music: Path, speech: Path, bitrate: str, pairs: int, csv_path: Path | None) -> None:
    """Code, judge, print the means."""
    check_metrics(["visqol_audio", "estoi"])
    systems = [f"{model}@{bitrate}", f"opus@{model}@{bitrate}"]
    rows: list[dict[str, Any]] = []
    for kind, name, wav, rate in sounds(music, speech, pairs):
        for text in systems:
            decoded, coded = code_clip(parse_system(text), wav, rate)
            size = 8 * (coded.size or 0) * rate / wav.shape[1] / 1000
            found = value(kind, wav, decoded, rate)
            rows.append({"kind": kind, "clip": name, "system": text, "kbit_s": size, "value": found})
    print("| sound | clips | system | kbit/s | mean | lowest | highest |\n|---|---|---|---|---|---|---|")
    for kind, unit in KINDS.items():
        for text in systems:
            own = [row for row in rows if (row["kind"], row["system"]) == (kind, text)]
            if own:
                sizes, values = (np.array([row[column] for row in own]) for column in ("kbit_s", "value"))
                numbers = f"{sizes.mean():.2f} | {values.mean():.3f} | {values.min():.3f} | {values.max():.3f}"
                print(f"| {kind}, {unit} | {len(own)} | {text} | {numbers} |")
    if csv_path:
        with csv_path.open("w", newline="") as file:
            writer = csv.DictWriter(file, ["kind", "clip", "system", "kbit_s", "value"])
            writer.writeheader()
            writer.writerows(rows)


if __name__ == "__main__":
    main()
