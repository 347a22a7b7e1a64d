"""All clips through all systems, in several processes; a run that was stopped is resumed."""

from __future__ import annotations

import functools
import json
import math
import tempfile
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor, as_completed
from concurrent.futures.process import BrokenProcessPool
from dataclasses import asdict, dataclass
from multiprocessing import get_context
from pathlib import Path
from typing import Any

import numpy as np
import soundfile

from audiocodec import audio
from audiocodec.errors import AudioCodecError, AudioError, ConfigError, OutputError
from audiocodec.evaluate import usage
from audiocodec.evaluate.scores import score
from audiocodec.evaluate.systems import Coded, System, checksum, checksum_of, parse_system
from audiocodec.evaluate.tables import INPUTS

ROWS = "rows.jsonl"
MAX_SHIFT_S = 0.1

Row = dict[str, Any]


@dataclass(frozen=True)
class Settings:
    """The settings of an evaluation.

    Attributes:
        clips: folder of sound files.
        systems: see `parse_system`.
        metrics: names of `METRICS`, all of which can be computed.
        seconds: longest part of each clip.
        mono: channels are averaged before coding.
    """

    clips: str
    systems: tuple[str, ...]
    metrics: tuple[str, ...]
    seconds: float = 60.0
    mono: bool = False

    def read(self, clip: Path) -> tuple[np.ndarray, int]:
        """A clip as input for the systems, "c t", and its sample rate.

        Raises:
            AudioError: it cannot be read, or holds no samples.
        """
        wav, rate = audio.read(clip)
        wav = wav[:, : int(self.seconds * rate)]
        if not wav.shape[1]:
            raise AudioError(f"{clip}: holds no samples")
        return wav.mean(axis=0, keepdims=True) if self.mono else wav, rate


def align(reference: np.ndarray, estimate: np.ndarray, most: int) -> np.ndarray:
    """Shift an estimate "c t" by up to `most` samples to where it correlates best with the reference "c t"."""
    length = reference.shape[1] + estimate.shape[1]
    spectra = [np.fft.rfft(x.mean(axis=0), length) for x in (estimate, reference)]
    correlation = np.fft.irfft(spectra[0] * spectra[1].conj(), length)
    most = min(most, (length - 1) // 2)
    lags = np.concatenate([np.arange(most + 1), np.arange(-most, 0)])
    lag = int(lags[np.argmax(correlation[lags])])
    return estimate[:, lag:] if lag >= 0 else np.pad(estimate, ((0, 0), (-lag, 0)))


def code_clip(system: System, wav: np.ndarray, rate: int) -> tuple[np.ndarray, Coded]:
    """Code "c t" with a system: returns the decode, of the same shape and aligned, and the coded form.

    Raises:
        AudioCodecError: the system failed.
    """
    with tempfile.TemporaryDirectory() as folder:
        source, code, target = (Path(folder) / name for name in ("in.wav", "code", "out.wav"))
        soundfile.write(source, wav.T, rate, subtype="PCM_16")
        coded = system.run(source, code, target)
        estimate, got = audio.read(target)
    estimate = audio.resample(estimate, got, rate) if got != rate else estimate
    if not system.aligned:
        estimate = align(wav, estimate, int(MAX_SHIFT_S * rate))
    return np.pad(estimate, ((0, 0), (0, max(0, wav.shape[1] - estimate.shape[1]))))[:, : wav.shape[1]], coded


def run_clip(clip: Path, system_text: str, settings: Settings) -> Row:
    """Code one clip with one system and score it; an error is recorded in the row as `error`."""
    row: Row = {"clip": _name(clip, settings), "system": system_text.partition("=")[0]}
    try:
        system = parse_system(system_text)
        row[INPUTS] = _inputs(clip, system)
        wav, rate = settings.read(clip)
        estimate, coded = code_clip(system, wav, rate)
        row["kbit_s"] = None if coded.size is None else 8 * coded.size * rate / wav.shape[1] / 1000
        if coded.counts is not None:
            row[usage.COLUMN] = usage.pack(coded.counts)
        return row | score(wav, estimate, rate, settings.metrics)
    except AudioCodecError as error:
        return row | {"error": str(error)}


def _inputs(clip: Path, system: System) -> str:
    """Checksums of a clip and of the model that codes it: a row is as good as new if they are the same."""
    try:
        return f"{checksum([clip])} {checksum_of(system)}".strip()
    except OSError as error:
        raise AudioError(f"{clip}: cannot be read ({error.strerror})") from error


def _name(clip: Path, settings: Settings) -> str:
    return clip.relative_to(settings.clips).as_posix()


def _one_thread() -> None:
    import torch

    torch.set_num_threads(1)


def evaluate(
    settings: Settings, folder: Path, workers: int, on_row: Callable[[int, int], None] = lambda done, total: None
) -> list[Row]:
    """Rows of all clips and systems, in order; those already in `folder`, of these clips and models, are not computed
    again.

    Args:
        settings: what to do.
        folder: each row is added to `rows.jsonl` there as soon as it is known.
        workers: processes.
        on_row: called with the number of rows done, and of all rows.

    Raises:
        AudioError: no clips.
        ConfigError: the folder holds an evaluation with other settings, or two systems have the same name.
        OutputError: the folder holds something else, or cannot be written.
        AudioCodecError: a worker was killed.
    """
    clips = audio.list_audio_files(Path(settings.clips))
    names = [text.partition("=")[0] for text in settings.systems]
    if len(set(names)) < len(names):
        raise ConfigError("two systems have the same name")
    before = {(row["clip"], row["system"]): row for row in _begin(settings, folder)}
    rows, todo = dict[tuple[str, str], Row](), list[tuple[Path, str]]()
    for clip in clips:
        for system in settings.systems:
            key = _name(clip, settings), system.partition("=")[0]
            if key in before and before[key].get(INPUTS) == _inputs(clip, parse_system(system)):
                rows[key] = before[key]
            else:
                todo.append((clip, system))
    total = len(clips) * len(settings.systems)
    with (folder / ROWS).open("a") as file:
        for row in _compute(todo, settings, workers):
            rows[row["clip"], row["system"]] = row
            if "error" not in row:  # tried again by the next run
                file.write(json.dumps(_plain(row)) + "\n")
                file.flush()
            on_row(len(rows), total)
    return [rows[_name(c, settings), name] for name in names for c in clips]


def _compute(todo: Sequence[tuple[Path, str]], settings: Settings, workers: int) -> Iterator[Row]:
    work = functools.partial(run_clip, settings=settings)
    if workers == 1 or len(todo) < 2:
        yield from (work(clip, system) for clip, system in todo)
        return
    with ProcessPoolExecutor(workers, get_context("spawn"), _one_thread) as pool:
        try:
            for future in as_completed([pool.submit(work, clip, system) for clip, system in todo]):
                yield future.result()
        except BrokenProcessPool as error:
            raise AudioCodecError(
                "a worker was killed, perhaps for lack of memory; finished rows are kept, resume with fewer --workers"
            ) from error


def _plain(row: Row) -> Row:
    return {key: None if isinstance(value, float) and not math.isfinite(value) else value for key, value in row.items()}


def _begin(settings: Settings, folder: Path) -> list[Row]:
    """Rows of an earlier run with these settings; records the settings on the first run."""
    noted, path = json.loads(json.dumps(asdict(settings))), folder / "settings.json"
    try:
        folder.mkdir(parents=True, exist_ok=True)
        if not path.exists() and any(folder.iterdir()):
            raise OutputError(f"{folder}: is not empty and holds no evaluation; choose another folder")
        if not path.exists():
            path.write_text(json.dumps(noted, indent=2) + "\n")
        before = json.loads(path.read_text())
        if before != noted:
            changed = ", ".join(key for key in noted if before.get(key) != noted[key])
            raise ConfigError(f"{folder}: holds an evaluation with other {changed}; choose another folder")
        lines = (folder / ROWS).read_text().splitlines() if (folder / ROWS).exists() else []
    except (OSError, ValueError) as error:
        raise OutputError(f"{folder}: cannot be used ({error})") from error
    return list(_whole(lines))


def _whole(lines: Sequence[str]) -> Iterator[Row]:
    for line in lines:
        try:
            yield json.loads(line)
        except ValueError:  # the run was killed while it wrote this one
            continue
