"""A plot that compares a sound with its decode."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np

from audiocodec._util.extras import require
from audiocodec._util.files import replacing
from audiocodec.errors import AudioError, OutputError
from audiocodec.evaluate.spectrogram import FLOOR_DB, level_db

FORMATS = (".png", ".svg", ".pdf")
COLUMNS = 1500  # at most, of a spectrogram or waveform: more are not visible


def write_picture(
    reference: np.ndarray, estimate: np.ndarray, rate: int, names: tuple[str, str], path: Path, overwrite: bool = False
) -> None:
    """Waveforms, both spectrograms, and their difference, one above the other.

    Args:
        reference: "c t"; channels are averaged.
        estimate: "c t", aligned with it; the longer one is truncated.
        rate: Hz, of both.
        names: what to call them.
        path: .png, .svg or .pdf.
        overwrite: allow it to exist.

    Raises:
        MissingExtraError: matplotlib or librosa is not installed.
        AudioError: one of them holds no samples.
        OutputError: the suffix is unknown, the file exists, or it cannot be written.
    """
    if path.suffix.lower() not in FORMATS:
        raise OutputError(f"{path}: pictures end in {', '.join(FORMATS)}")
    samples = min(reference.shape[1], estimate.shape[1])
    if samples == 0:
        raise AudioError(f"{names[0] if reference.shape[1] == 0 else names[1]}: holds no samples")
    figure = require("matplotlib.figure", "eval").Figure(figsize=(9, 8), layout="constrained")
    shown = [x[:, :samples].mean(axis=0, keepdims=True) for x in (reference, estimate)]
    levels = [level_db(x, rate) for x in shown]
    axes = figure.subplots(4, 1, sharex=True)
    _waveforms(axes[0], shown, rate, names)
    extent = (0, shown[0].shape[1] / rate, 0, rate / 2000)
    for axis, level, name in zip(axes[1:3], levels, names, strict=True):
        _spectrogram(figure, axis, level, extent, "magma", (FLOOR_DB, 0), name)
    title = f"{names[1]} against {names[0]}: blue is lost, red is added"
    _spectrogram(figure, axes[3], levels[1] - levels[0], extent, "RdBu_r", (-40, 40), title)
    axes[3].set_xlabel("time in s")
    with replacing(path, overwrite) as temporary:
        kind = path.suffix[1:].lower()
        metadata = {"svg": {"Date": None}, "pdf": {"CreationDate": None}}.get(kind)
        figure.savefig(temporary, format=kind, dpi=110, metadata=metadata)


def _waveforms(axis: Any, sounds: list[np.ndarray], rate: int, names: tuple[str, str]) -> None:
    """Both waveforms over each other, as the range that each column covers."""
    step = -(-sounds[0].shape[1] // COLUMNS)
    for sound, name, color in zip(sounds, names, ("#888888", "#d62728"), strict=True):
        columns = np.pad(sound[0], (0, -sound.shape[1] % step)).reshape(-1, step)
        times = np.arange(len(columns)) * step / rate
        axis.fill_between(times, columns.min(1), columns.max(1), label=name, color=color, alpha=0.6, linewidth=0.3)
    axis.set_ylabel("amplitude")
    axis.legend(loc="upper right", fontsize=8)


def _spectrogram(
    figure: Any, axis: Any, level: np.ndarray, extent: Any, colors: str, bounds: tuple[float, float], title: str
) -> None:
    picture = axis.imshow(
        level[:, :: -(-level.shape[1] // COLUMNS)],
        origin="lower",
        aspect="auto",
        extent=extent,
        cmap=colors,
        vmin=bounds[0],
        vmax=bounds[1],
    )
    axis.set_title(title, fontsize=9)
    axis.set_ylabel("kHz")
    figure.colorbar(picture, ax=axis, label="dB", pad=0.01)
