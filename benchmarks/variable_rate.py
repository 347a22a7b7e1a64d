"""Scores at constant and at variable rate, by bytes on disk, and of recordings with pauses over noise.

    python benchmarks/variable_rate.py speech-16k ../shared/data/speech/test --csv docs/measurements/variable_rate.csv

Clips with pauses are made by rule: nine clips, silences of 1 to 3 s between three parts of each, white noise 20, 30 and
40 dB below all of it. For them the last column is the mean difference of level between decoded and original over the
half seconds that lie in pauses, in dB, at the sample rate of the model.
"""

from __future__ import annotations

import csv
import tempfile
from collections.abc import Iterator, Mapping
from pathlib import Path

import click
import numpy as np
import soundfile

import audiocodec
from audiocodec import audio
from audiocodec.codec import Codec
from audiocodec.evaluate.scores import check_metrics, score

SPEECH = "visqol_speech", "estoi", "pesq", "distillmos"
MUSIC = "visqol_audio", "zimtohrli", "mel", "si_sdr"
NOISE_DB = (20, 30, 40)


def with_pauses(wav: np.ndarray, sample_rate: int, below_db: float, seed: int) -> tuple[np.ndarray, np.ndarray]:
    """A sound "t" in three parts with pauses between them, over noise, and where the pauses are, "t"."""
    generator = np.random.default_rng(seed)
    parts, quiet = [], []
    for part in np.array_split(wav, 3):
        pause = int(generator.uniform(1, 3) * sample_rate)
        parts += [part, np.zeros(pause, np.float32)]
        quiet += [np.zeros(len(part), bool), np.ones(pause, bool)]
    joined = np.concatenate(parts)
    level = np.sqrt(np.mean(np.square(wav))) * 10 ** (-below_db / 20)
    return (joined + level * generator.standard_normal(len(joined))).astype(np.float32), np.concatenate(quiet)


def unsteadiness(wav: np.ndarray, decoded: np.ndarray, quiet: np.ndarray, sample_rate: int, model_rate: int) -> float:
    """Mean difference of the levels in half seconds of pause, in dB, of what the model can keep."""
    wav, decoded = (audio.resample(x[None], sample_rate, model_rate)[0] for x in (wav, decoded))
    quiet = quiet[np.minimum(np.arange(len(wav)) * sample_rate // model_rate, len(quiet) - 1)]
    size, found = model_rate // 2, []
    for start in range(0, len(wav) - size, size):
        if quiet[start : start + size].all():
            levels = [10 * np.log10(np.mean(np.square(x[start : start + size])) + 1e-12) for x in (wav, decoded)]
            found.append(abs(levels[1] - levels[0]))
    return float(np.mean(found)) if found else float("nan")


def coded(codec: Codec, wav: np.ndarray, sample_rate: int, codebooks: int, vbr: bool) -> tuple[np.ndarray, float]:
    """What a sound "t" becomes, and its kbit/s on disk."""
    with tempfile.TemporaryDirectory() as folder:
        source, target = Path(folder) / "a.wav", Path(folder) / "a.fsq"
        soundfile.write(source, wav, sample_rate, subtype="FLOAT")
        report = codec.encode_file(source, target, num_codebooks=codebooks, vbr=vbr)
        decoded = codec.decode(audiocodec.Tokens.load(target, codec.entropy))
    return decoded[0], report.bitrate / 1000


def rows_of(
    codec: Codec, clips: Mapping[str, tuple[np.ndarray, int, np.ndarray | None]], codebooks: int, vbr: bool
) -> Iterator[dict[str, float]]:
    """Scores of each clip."""
    names, _ = check_metrics(SPEECH if codec.sample_rate <= 24_000 else MUSIC)
    for wav, sample_rate, quiet in clips.values():
        decoded, rate = coded(codec, wav, sample_rate, codebooks, vbr)
        row = {"kbit/s": rate} | score(wav[None], decoded[None], sample_rate, names)
        yield (
            row
            if quiet is None
            else row | {"noise dB": unsteadiness(wav, decoded, quiet, sample_rate, codec.sample_rate)}
        )


@click.command(help=__doc__)
@click.argument("model")
@click.argument("folder", type=click.Path(exists=True, path_type=Path))
@click.option("--codebooks", default="3,4,6,9,12", show_default=True, help="Numbers of codebooks.")
@click.option("--every", default=1, show_default=True, help="Take every N-th clip.")
@click.option("--csv", "path", type=click.Path(path_type=Path), help="Write the table there.")
def main(model: str, folder: Path, codebooks: str, every: int, path: Path | None) -> None:
    """Print a table and write it."""
    codec = audiocodec.load(model)
    sounds = {}
    for file in audio.list_audio_files(folder)[::every]:
        wav, rate = audiocodec.read(file)
        sounds[file.stem] = (wav.mean(0), rate)
    sets: dict[str, dict[str, tuple[np.ndarray, int, np.ndarray | None]]] = {
        "clips": {name: (wav, rate, None) for name, (wav, rate) in sounds.items()}
    }
    for below in NOISE_DB:
        made = {n: (with_pauses(wav, r, below, i), r) for i, (n, (wav, r)) in enumerate([*sounds.items()][:9])}
        sets[f"pauses, noise -{below} dB"] = {name: (wav, r, quiet) for name, ((wav, quiet), r) in made.items()}
    table = []
    for kind, clips in sets.items():
        for count in map(int, codebooks.split(",")):
            for vbr in (False, True):
                rows = list(rows_of(codec, clips, count, vbr))
                mean = {name: round(float(np.nanmean([row[name] for row in rows])), 3) for name in rows[0]}
                way = "variable" if vbr else "constant"
                table.append({"model": model, "set": kind, "codebooks": count, "rate": way} | mean)
                print(*table[-1].values(), flush=True)
    if path is not None:
        columns = list(dict.fromkeys(name for row in table for name in row))
        with path.open("w", newline="") as output:
            writer = csv.DictWriter(output, columns, lineterminator="\n")
            writer.writeheader()
            writer.writerows(table)


if __name__ == "__main__":
    main()
