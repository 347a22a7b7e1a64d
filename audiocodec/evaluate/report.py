"""A report with audio and pictures in one self-contained HTML file, which works offline."""

from __future__ import annotations

import base64
import io
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import soundfile

from audiocodec import audio
from audiocodec._util.extras import require
from audiocodec._util.files import replacing
from audiocodec.errors import AudioCodecError
from audiocodec.evaluate.run import Settings, code_clip
from audiocodec.evaluate.scores import METRICS
from audiocodec.evaluate.spectrogram import FLOOR_DB, level_db
from audiocodec.evaluate.systems import parse_system
from audiocodec.evaluate.tables import Summary
from audiocodec.evaluate.template import page_template
from audiocodec.evaluate.usage import family, histograms, totals

FLAC_CHANNELS = 8
PICTURE = (256, 600)  # rows and columns of a spectrogram: more are not visible


@dataclass(frozen=True)
class Track:
    """One version of a clip.

    Attributes:
        name: original, or the system's.
        sound: data URL of a FLAC.
        picture: data URL of a PNG, its spectrogram.
        difference: the same of the level difference to the original; None for the original.
        scores: metric -> value, as text.
        seconds: marks of the time axis of both, evenly spaced.
        kilohertz: of the frequency axis, from the bottom.
    """

    name: str
    sound: str
    picture: str
    difference: str | None
    scores: dict[str, str]
    seconds: tuple[str, ...]
    kilohertz: tuple[str, ...]


def marks(end: float) -> tuple[str, ...]:
    """Five numbers from 0 to an end, as text.

    Example:
        >>> marks(8.0), marks(22.05)
        (('0', '2', '4', '6', '8'), ('0', '5.5', '11', '16.5', '22.1'))
    """
    return tuple(f"{round(end * i / 4, 1):g}" for i in range(5))


def check_report() -> None:
    """Check before scoring that the report can be written.

    Raises:
        MissingExtraError: what it needs is not installed.
    """
    for module in ("jinja2", "matplotlib", "PIL"):
        require(module, "eval")


def write_report(
    rows: Sequence[dict[str, Any]],
    summaries: Sequence[Summary],
    settings: Settings,
    path: Path,
    listen: int,
    overwrite: bool = False,
) -> None:
    """Write the report.

    Args:
        rows: of `evaluate`.
        summaries: of `summarize`.
        settings: of the evaluation.
        path: of the HTML file.
        listen: number of clips with audio and pictures, spaced evenly.
        overwrite: allow it to exist.

    Raises:
        MissingExtraError: matplotlib or Jinja2 is not installed.
        OutputError: it exists or cannot be written.
    """
    template = page_template("report.html")
    broken = {row["clip"] for row in rows if "error" in row} - {row["clip"] for row in rows if "error" not in row}
    every = audio.list_audio_files(Path(settings.clips))
    clips = [clip for clip in every if clip.relative_to(settings.clips).as_posix() not in broken]
    picked = [clips[i * len(clips) // listen] for i in range(listen)] if listen < len(clips) else clips
    page = template.render(
        summaries=summaries,
        metrics=[(name, METRICS[name].higher_is_better) for name in settings.metrics],
        usages=[(system, histograms(counts)) for system, counts in totals(rows).items()],
        plots=[plot(summaries, name) for name in settings.metrics],
        clips=[(clip.relative_to(settings.clips).as_posix(), tracks(clip, settings, rows)) for clip in picked],
        count=len(every),
    )
    with replacing(path, overwrite) as temporary:
        temporary.write_text(page, encoding="utf-8")


def tracks(clip: Path, settings: Settings, rows: Sequence[dict[str, Any]]) -> list[Track]:
    """The original and its decode by each system; a system that fails is skipped."""
    wav, rate = settings.read(clip)
    reference = level_db(wav, rate)
    axes = marks(wav.shape[1] / rate), marks(rate / 2000)
    found = [Track("original", flac_url(wav, rate), _image(reference, "magma", FLOOR_DB, 0), None, {}, *axes)]
    name = clip.relative_to(settings.clips).as_posix()
    for text in settings.systems:
        try:
            system = parse_system(text)
            estimate, _ = code_clip(system, wav, rate)
        except AudioCodecError:
            continue
        row = next((r for r in rows if r["clip"] == name and r["system"] == system.name), {})
        scores = {m: f"{row[m]:.3g}" for m in settings.metrics if row.get(m) is not None}
        if row.get("kbit_s") is not None:
            scores = {"kbit/s": f"{row['kbit_s']:.2f}"} | scores
        levels = level_db(estimate, rate)
        pictures = _image(levels, "magma", FLOOR_DB, 0), _image(levels - reference, "RdBu_r", -40, 40)
        found.append(Track(system.name, flac_url(estimate, rate), *pictures, scores, *axes))
    return found


def plot(summaries: Sequence[Summary], metric: str) -> str:
    """A rate-quality plot as SVG text; systems that differ only in bitrate are joined by a line."""
    figure = require("matplotlib.figure", "eval").Figure(figsize=(4.6, 3.2), layout="constrained")
    axes = figure.subplots()
    families: dict[str, list[Summary]] = {}
    for summary in summaries:
        if np.isfinite(summary.kbit_s) and np.isfinite(summary.means[metric][0]):
            families.setdefault(family(summary.system), []).append(summary)
    for name, members in families.items():
        members.sort(key=lambda s: s.kbit_s)
        mean, low, high = np.array([s.means[metric] for s in members]).T
        rates = [s.kbit_s for s in members]
        axes.errorbar(rates, mean, yerr=[mean - low, high - mean], marker="o", capsize=2, label=name)
    axes.set_xlabel("kbit/s")
    axes.set_ylabel(metric)
    axes.grid(alpha=0.3)
    if families:
        axes.legend(fontsize=8)
    text = io.StringIO()
    figure.savefig(text, format="svg", metadata={"Date": None})
    return text.getvalue()[text.getvalue().index("<svg") :]


def _image(levels: np.ndarray, colors: str, low: float, high: float) -> str:
    """A picture with 256 colours, low frequencies at the bottom, as a data URL."""
    f, t = (max(1, have // most) for have, most in zip(levels.shape, PICTURE, strict=True))
    rows, columns = levels.shape[0] // f, levels.shape[1] // t
    shown = levels[: rows * f, : columns * t].reshape(rows, f, columns, t).mean((1, 3))[::-1]
    picture = require("PIL.Image", "eval").fromarray(
        (255 * np.clip((shown - low) / (high - low), 0, 1)).astype(np.uint8)
    )
    palette = require("matplotlib", "eval").colormaps[colors](np.arange(256))[:, :3]
    picture.putpalette((255 * palette).astype(np.uint8).tobytes())
    file = io.BytesIO()
    picture.save(file, "png")
    return _url("image/png", file.getvalue())


def flac_url(wav: np.ndarray, rate: int) -> str:
    """Sound "c t" as a data URL of a FLAC; of more than its eight channels, their mean."""
    wav = wav.mean(axis=0, keepdims=True) if len(wav) > FLAC_CHANNELS else wav
    with tempfile.SpooledTemporaryFile() as file:
        soundfile.write(file, np.clip(wav.T, -1, 1), rate, format="FLAC", subtype="PCM_16")
        file.seek(0)
        return _url("audio/flac", file.read())


def _url(kind: str, data: bytes) -> str:
    return f"data:{kind};base64,{base64.b64encode(data).decode()}"
