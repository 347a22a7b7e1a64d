"""Mean scores of a model on a folder of speech, at several numbers of codebooks.

    python benchmarks/score_model.py speech-16k data/speech/test --csv docs/measurements/scores_speech-16k.csv

Each clip is coded as a user would code it, at its own rate, and compared at 16 kHz. Languages are read from a
`manifest.csv` (columns path, language_or_genre) two folders above the clips, if there is one.
"""

from __future__ import annotations

import csv
from collections import defaultdict
from collections.abc import Iterator
from pathlib import Path

import click
import numpy as np

import audiocodec
from audiocodec import audio
from audiocodec.train.validate import scores


def languages(folder: Path) -> dict[str, str]:
    """File name -> language, as far as a manifest tells."""
    manifest = folder.parents[1] / "manifest.csv"
    if not manifest.exists():
        return {}
    with manifest.open(newline="") as file:
        return {Path(row["path"]).name: row["language_or_genre"] for row in csv.DictReader(file)}


def score_clips(codec: audiocodec.Codec, folder: Path, depths: list[int]) -> Iterator[dict[str, str | int | float]]:
    """A row for each clip and number of codebooks."""
    spoken = languages(folder)
    for path in audio.list_audio_files(folder):
        wav, rate = audio.read(path)
        reference = audio.resample(wav, rate, 16_000)[0]
        tokens = codec.encode(wav[:1], rate)
        for depth in depths:
            estimate = audio.resample(codec.decode(tokens, depth), rate, 16_000)[0]
            row: dict[str, str | int | float] = {
                "clip": path.name,
                "language": spoken.get(path.name, ""),
                "num_codebooks": depth,
            }
            yield {**row, **scores(reference, estimate, 16_000)}


def means(rows: list[dict[str, str | int | float]], key: str) -> Iterator[list[object]]:
    """Means of each score for each value of `key` and number of codebooks."""
    groups = defaultdict(list)
    for row in rows:
        groups[row[key], row["num_codebooks"]].append(row)
    for (value, depth), members in sorted(groups.items(), key=lambda item: (str(item[0][0]), int(item[0][1]))):
        columns = [np.nanmean([float(m[name]) for m in members]) for name in ("estoi", "pesq", "si_sdr", "mel")]
        yield [value, depth, len(members), *columns]


@click.command(help=__doc__)
@click.argument("model")
@click.argument("folder", type=click.Path(path_type=Path))
@click.option("--depths", default="1,3,6,12", show_default=True, help="Numbers of codebooks.")
@click.option("--csv", "csv_path", type=click.Path(path_type=Path), help="Write the score of every clip here.")
def main(model: str, folder: Path, depths: str, csv_path: Path | None) -> None:
    """Score and print."""
    codec = audiocodec.load(model)
    rows = list(score_clips(codec, folder, [int(k) for k in depths.split(",")]))
    print("| group | codebooks | kbit/s | clips | ESTOI | PESQ-WB | SI-SDR | mel |\n|---|---|---|---|---|---|---|---|")
    for row in rows:
        row["all"] = "all"
    for key in ("all", "language"):
        for value, depth, clips, estoi, pesq, si_sdr, mel in means(rows, key):
            kbits = int(str(depth)) * codec.info.codebook_bitrate / 1000
            print(
                f"| {value} | {depth} | {kbits:.2f} | {clips} | {estoi:.3f} | {pesq:.2f} | {si_sdr:.1f} | {mel:.3f} |"
            )
    if csv_path:
        with csv_path.open("w", newline="") as file:
            writer = csv.DictWriter(file, [name for name in rows[0] if name != "all"], extrasaction="ignore")
            writer.writeheader()
            writer.writerows({k: round(v, 4) if isinstance(v, float) else v for k, v in r.items()} for r in rows)


if __name__ == "__main__":
    main()
