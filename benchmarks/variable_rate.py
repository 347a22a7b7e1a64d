"""Constant rate, variable rate of a given mean, and constant quality: scores of each clip by bytes on disk.

    python benchmarks/variable_rate.py speech-16k data/speech/test --csv a.csv
    python benchmarks/variable_rate_table.py a.csv

Channels are averaged. A clip is encoded and heard once for all rates; with --refine it is encoded for each. With
--pauses clips are made by rule: nine, silences of 1 to 3 s between three parts of each, white noise 20, 30 and 40 dB
below all of it. For them the last column is the mean difference of level between decoded and original over the half
seconds that lie in pauses, in dB, at the sample rate of the model.
"""

from __future__ import annotations

import csv
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import click
import numpy as np
import soundfile

import audiocodec
from audiocodec import audio
from audiocodec.codec import Codec
from audiocodec.codec.blocks import BlockEncoder, variable_coder
from audiocodec.codec.variable import ChooseDepths, depths_at_price, depths_of_mean, price_of
from audiocodec.evaluate.scores import check_metrics, score
from audiocodec.tokens.depths import NO_CODE, present

SPEECH = "visqol_speech,estoi,pesq,distillmos"
MUSIC = "visqol_audio,mel,zimtohrli"
NOISE_DB = (20, 30, 40)


@dataclass(frozen=True)
class Clip:
    """A sound "t" that is to be coded.

    Attributes:
        kind: of clips.
        name: of its file.
        wav: samples.
        sample_rate: Hz.
        quiet: where there are pauses, "t", if they are made.
    """

    kind: str
    name: str
    wav: np.ndarray
    sample_rate: int
    quiet: np.ndarray | None = None


@dataclass(frozen=True)
class Way:
    """A way to spend bits, and its setting: codebooks of each frame, or in the mean, or a quality."""

    name: str
    setting: float

    @property
    def options(self) -> dict[str, float | bool]:
        """For `Codec.encode_file`."""
        if self.name == "quality":
            return {"quality": self.setting}
        return {"num_codebooks": int(self.setting), "vbr": self.name == "vbr"}

    @property
    def choose(self) -> ChooseDepths:
        """The depths of frames."""
        if self.name == "quality":
            return partial(depths_at_price, price=price_of(self.setting))
        if self.name == "vbr":
            return partial(depths_of_mean, mean=self.setting)
        return lambda errors, bits, page_frames: np.full(errors.shape[1:], int(self.setting))


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


def unsteadiness(clip: Clip, decoded: np.ndarray, model_rate: int) -> float:
    """Mean difference of the levels in half seconds of pause, in dB, of what the model can keep."""
    assert clip.quiet is not None
    wav, decoded = (audio.resample(x[None], clip.sample_rate, model_rate)[0] for x in (clip.wav, decoded))
    quiet = clip.quiet[np.minimum(np.arange(len(wav)) * clip.sample_rate // model_rate, len(clip.quiet) - 1)]
    size, found = model_rate // 2, []
    for start in range(0, len(wav) - size, size):
        if quiet[start : start + size].all():
            levels = [10 * np.log10(np.mean(np.square(x[start : start + size])) + 1e-12) for x in (wav, decoded)]
            found.append(abs(levels[1] - levels[0]))
    return float(np.mean(found)) if found else float("nan")


def coded_once(codec: Codec, clip: Clip, ways: list[Way]) -> Iterator[audiocodec.Tokens]:
    """The tokens of each way, all of one pass."""
    info = codec.info
    heard: list[tuple[np.ndarray, np.ndarray, int]] = []

    def keep(errors: np.ndarray, bits: np.ndarray, page_frames: int) -> np.ndarray:
        heard.append((errors, bits, page_frames))
        return np.full(errors.shape[1:], info.num_codebooks)

    coder = variable_coder(codec, codec.rows(1, info.num_codebooks), keep, 0)
    codes = np.concatenate(list(BlockEncoder(info, coder, clip.sample_rate).encode([clip.wav[None]])), axis=2)
    for way in ways:
        depths = way.choose(*heard[0])
        variable, count = way.name != "constant", int(way.setting) if way.name == "constant" else info.num_codebooks
        header = info.header(clip.sample_rate, 1, len(clip.wav), count, variable=variable)
        there = present(depths, info.num_codebooks)
        yield audiocodec.Tokens(np.where(there, codes, NO_CODE)[:, :count], header)


def refined(codec: Codec, clip: Clip, ways: list[Way], steps: int) -> Iterator[audiocodec.Tokens]:
    """The tokens of each way, searched for."""
    with tempfile.TemporaryDirectory() as folder:
        source, target = Path(folder) / "a.wav", Path(folder) / "a.fsq"
        soundfile.write(source, clip.wav, clip.sample_rate, subtype="FLOAT")
        for way in ways:
            codec.encode_file(source, target, refine=steps, overwrite=True, **way.options)  # type: ignore[arg-type]
            yield audiocodec.Tokens.load(target, codec.entropy)


def rows_of(
    codec: Codec, clip: Clip, ways: list[Way], steps: int, names: list[str]
) -> Iterator[dict[str, str | float]]:
    """Scores of each way."""
    tokens = refined(codec, clip, ways, steps) if steps else coded_once(codec, clip, ways)
    for way, found in zip(ways, tokens, strict=True):
        decoded = codec.decode(found)
        rate = 8 * len(found.to_bytes()) * clip.sample_rate / len(clip.wav) / 1000
        row: dict[str, str | float] = {
            "model": codec.name,
            "set": clip.kind,
            "clip": clip.name,
            "rate": way.name,
            "setting": way.setting,
        }
        row |= {"refine": steps, "kbit/s": rate} | score(clip.wav[None], decoded, clip.sample_rate, names)
        if clip.quiet is not None:
            row["noise dB"] = unsteadiness(clip, decoded[0], codec.sample_rate)
        yield row


def clips_in(folder: Path, every: int, pauses: bool) -> Iterator[Clip]:
    """Every so many clips of a folder, or those made of its first nine."""
    files = audio.list_audio_files(folder)
    for seed, file in enumerate(files[:9] if pauses else files[::every]):
        sound, rate = audiocodec.read(file)
        wav = sound.mean(0)
        if not pauses:
            yield Clip("clips", file.stem, wav, rate)
        for below in NOISE_DB if pauses else ():
            yield noisy(file.stem, wav, rate, below, seed)


def noisy(name: str, wav: np.ndarray, sample_rate: int, below_db: float, seed: int) -> Clip:
    """The clip `with_pauses`."""
    made, quiet = with_pauses(wav, sample_rate, below_db, seed)
    return Clip(f"pauses, noise -{below_db:g} dB", name, made, sample_rate, quiet)


@click.command(help=__doc__)
@click.argument("model")
@click.argument("folder", type=click.Path(exists=True, path_type=Path))
@click.option("--codebooks", default="3,4,6,9,11", show_default=True, help="Of constant rate, and means of --vbr.")
@click.option("--quality", default="3.5,4.7,6.2,7.6,9.1", show_default=True, help="Qualities beside them.")
@click.option("--every", default=1, show_default=True, help="Take every N-th clip.")
@click.option("--pauses", is_flag=True, help="Clips with pauses over noise.")
@click.option("--refine", default=0, show_default=True, help="Steps of the search.")
@click.option("--metrics", help=f"By default {SPEECH} or {MUSIC}.")
@click.option("--csv", "path", type=click.Path(path_type=Path), required=True, help="Rows are written there.")
def main(
    model: str,
    folder: Path,
    codebooks: str,
    quality: str,
    every: int,
    pauses: bool,
    refine: int,
    metrics: str | None,
    path: Path,
) -> None:
    """Write a row for each clip and way."""
    codec = audiocodec.load(model)
    names, _ = check_metrics((metrics or (SPEECH if codec.info.for_speech else MUSIC)).split(","))
    counts = [Way(name, float(count)) for count in codebooks.split(",") for name in ("constant", "vbr")]
    ways = counts + [Way("quality", float(value)) for value in quality.split(",")]
    with path.open("w", newline="") as output:
        writer: csv.DictWriter[str] | None = None
        for clip in clips_in(folder, every, pauses):
            for row in rows_of(codec, clip, ways, refine, names):
                if writer is None:
                    writer = csv.DictWriter(output, list(row), lineterminator="\n")
                    writer.writeheader()
                writer.writerow({name: round(x, 4) if isinstance(x, float) else x for name, x in row.items()})
            output.flush()


if __name__ == "__main__":
    main()
