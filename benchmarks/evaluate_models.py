"""Scores of docs/evaluation.md: a shipped model beside other codecs.

    python benchmarks/evaluate_models.py speech-16k data/speech/test
    python benchmarks/evaluate_models.py audio-44k-music data/music/test --workers 2
    python benchmarks/evaluate_models.py audio-44k-speech data/speech/test --workers 2
    python benchmarks/evaluate_models.py audio-44k-sound data/sound/test --workers 2

Writes docs/evaluation/NAME.csv and NAME.md, its table into docs/evaluation.md, and a report to hear and see into WORK.
A run that was stopped is resumed; other weights of the same name are scored again, the other codecs are not.
Needs `audiocodec[metrics]` and the Debian packages opus-tools, codec2 and liblc3-tools.
"""

from __future__ import annotations

import hashlib
import math
import re
import sys
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import NamedTuple

import click
import numpy as np

import audiocodec
from audiocodec._util.files import replacing
from audiocodec._util.terminal import errors_in_one_sentence
from audiocodec.evaluate import (
    METRICS,
    Settings,
    Summary,
    check_metrics,
    check_report,
    evaluate,
    markdown,
    summarize,
    write_csv,
    write_report,
)

DOCUMENT = Path(__file__).parents[1] / "docs" / "evaluation.md"
ORIGINAL = "original=cp {in} {out}"  # how natural the clips themselves are
SPEECH = (ORIGINAL, "opus@6k", "opus@8k", "opus@12k", "opus@16k", "codec2@1.2k", "codec2@3.2k", "lc3@16k")
MUSIC = ("opus@8k", "opus@12k", "opus@16k", "opus@24k")
FULL_BAND_SPEECH = (ORIGINAL, "opus@8k", "opus@12k", "opus@16k", "speech-16k@6k")


class Comparison(NamedTuple):
    """A model beside others."""

    model: str
    bitrates: tuple[str, ...]  # 3k+20: with 20 steps of `encode --refine`
    others: tuple[str, ...]
    metrics: tuple[str, ...]


COMPARISONS = {
    "speech-16k": Comparison(
        "speech-16k",
        ("1.5k", "3k", "6k", "3k+20", "6k+20"),
        SPEECH,
        (
            "distillmos",
            "visqol_speech",
            "zimtohrli",
            "pesq",
            "estoi",
            "speaker_similarity",
            "fluctuation",
            "repetition",
            "si_sdr",
            "mel",
        ),
    ),
    "audio-44k-music": Comparison(
        "audio-44k",
        ("4k", "8k", "12k", "15.5k", "4k+20", "8k+20", "12k+20"),
        MUSIC,
        ("visqol_audio", "zimtohrli", "si_sdr", "mel", "stft"),
    ),
    "audio-44k-speech": Comparison(
        "audio-44k",
        ("4k", "8k", "12k", "15.5k"),
        FULL_BAND_SPEECH,
        ("distillmos", "visqol_speech", "visqol_audio", "zimtohrli", "pesq", "estoi", "mel"),
    ),
    "audio-44k-sound": Comparison(
        "audio-44k", ("4k", "8k", "12k", "15.5k"), MUSIC, ("visqol_audio", "zimtohrli", "si_sdr", "mel", "stft")
    ),
}


def table(summaries: Sequence[Summary]) -> str:
    """Means, and half of their 95 % intervals."""
    metrics = list(summaries[0].means)
    heads = [f"{name} {'↑' if METRICS[name].higher_is_better else '↓'}" for name in metrics]
    lines = [["system", "kbit/s", *heads], ["---"] * (2 + len(heads))]
    for s in summaries:
        cells = [f"{mean:.2f} ± {(high - low) / 2:.2f}" for mean, low, high in s.means.values()]
        lines.append([s.system, "" if math.isnan(s.kbit_s) else f"{s.kbit_s:.2f}", *cells])
    return "".join(f"| {' | '.join(line)} |\n" for line in lines)


def filled(document: Path, name: str, said: str) -> str:
    """The text of the document with `said` between the marker of a comparison and the next end.

    Raises:
        click.ClickException: there is no such marker.
    """
    place = rf"(?<=<!-- {name} -->\n).*?(?=<!-- end -->)"
    text, count = re.subn(place, lambda _: f"\n{said}\n", document.read_text("utf-8"), flags=re.DOTALL)
    if not count:
        raise click.ClickException(
            f"{document}: has no lines <!-- {name} --> and <!-- end -->, where the table belongs"
        )
    return text


def fill(document: Path, name: str, said: str) -> None:
    """Write what `filled` gives: at once, as another run may fill another place of the document meanwhile."""
    with replacing(document, overwrite=True) as temporary:
        temporary.write_text(filled(document, name, said), "utf-8")


def _digest(tensors: Mapping[str, np.ndarray]) -> str:
    """Tells weights apart, those of decoders too, which the model hash leaves out."""
    digest = hashlib.sha256()
    for name in sorted(tensors):
        digest.update(name.encode() + np.ascontiguousarray(tensors[name]).tobytes())
    return digest.hexdigest()[:8]


@click.command(help=__doc__)
@click.argument("name", type=click.Choice(list(COMPARISONS)))
@click.argument("clips", type=click.Path(exists=True, file_okay=False))
@click.option("--work", type=click.Path(path_type=Path), default="runs/evaluation", show_default=True)
@click.option("--workers", default=1, show_default=True)
@errors_in_one_sentence()
def main(name: str, clips: str, work: Path, workers: int) -> None:
    """Score what is missing, and write it down."""
    model, bitrates, others, metrics = COMPARISONS[name]
    ours = tuple(f"{model}@{bitrate}" for bitrate in bitrates)
    filled(DOCUMENT, name, "")  # a marker that is missing is told before anything is scored
    missing = check_metrics(metrics)[1]
    if missing:
        raise click.ClickException(missing[0])
    check_report()
    codec = audiocodec.load(model)
    version = f"{name}-{_digest(codec.bundle.tensors)}"
    both = Settings(clips, ours + others, metrics, mono=True)  # no metric hears stereo
    rows = evaluate(replace(both, systems=ours), work / version, workers)
    rows += evaluate(replace(both, systems=others), work / f"{name}-others", workers)
    summaries = summarize(rows, metrics)
    write_report(rows, summaries, both, work / f"{version}.html", 4, overwrite=True)
    write_csv(rows, DOCUMENT.parent / "evaluation" / f"{name}.csv")
    (DOCUMENT.parent / "evaluation" / f"{name}.md").write_text(markdown(summaries), "utf-8")
    said = f"{model} {codec.info.version}, {summaries[0].clips} clips, means ± half of the 95 % interval:\n\n"
    fill(DOCUMENT, name, said + table(summaries))
    if any("error" in row for row in rows):
        sys.exit("some clips could not be scored; see docs/evaluation/")


if __name__ == "__main__":
    main()
