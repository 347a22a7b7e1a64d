"""A blind listening test in one self-contained HTML file, which works offline."""

from __future__ import annotations

import base64
import hashlib
import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

from audiocodec import audio
from audiocodec._util.files import replacing
from audiocodec.errors import AudioCodecError, ConfigError
from audiocodec.evaluate.report import flac_url
from audiocodec.evaluate.run import code_clip
from audiocodec.evaluate.systems import parse_system
from audiocodec.evaluate.template import page_template

REFERENCE, ANCHOR = "hidden reference", "low anchor"
ANCHOR_RATE = 7700  # Hz; its resampling keeps what is below 3.5 kHz and removes what is above 3.9
TESTS = ("mushra", "abx")


def low_anchor(wav: np.ndarray, rate: int) -> np.ndarray:
    """The low anchor of ITU-R BS.1534: "c t" low-pass filtered at 3.5 kHz."""
    if rate <= ANCHOR_RATE:
        return wav
    low = audio.resample(audio.resample(wav, rate, ANCHOR_RATE), ANCHOR_RATE, rate)
    return np.pad(low, ((0, 0), (0, max(0, wav.shape[1] - low.shape[1]))))[:, : wav.shape[1]]


def write_listening_test(
    folder: Path, systems: Sequence[str], path: Path, test: str, clips: int, seconds: float, overwrite: bool = False
) -> int:
    """Code clips with all systems and write the page; returns the number of trials.

    In a MUSHRA test (ITU-R BS.1534) each trial rates all systems, a hidden reference and a low anchor from 0 to 100;
    in an ABX test each trial asks whether a third sound is the reference or the system.

    Args:
        folder: of sound files.
        systems: see `parse_system`.
        path: of the HTML file.
        test: mushra or abx.
        clips: number of clips, spaced evenly over the folder.
        seconds: longest part of each clip.
        overwrite: allow it to exist.

    Raises:
        MissingExtraError: Jinja2 is not installed.
        AudioError: no clips.
        ConfigError: a system or test is unknown, or duplicated.
        AudioCodecError: a system failed.
        OutputError: it exists or cannot be written.
    """
    if test not in TESTS:
        raise ConfigError(f"test is {test!r}, known: {', '.join(TESTS)}")
    built = [parse_system(text) for text in systems]
    if len({REFERENCE, ANCHOR, *(system.name for system in built)}) < 2 + len(built):
        raise ConfigError("two systems have the same name")
    template = page_template("listening.html")
    found = audio.list_audio_files(folder)
    picked = [found[i * len(found) // clips] for i in range(clips)] if clips < len(found) else found
    trials: list[dict[str, Any]] = []
    sounds: list[str] = []
    for clip in picked:
        wav, rate = audio.read(clip)
        wav = wav[:, : int(seconds * rate)]
        versions = {REFERENCE: wav}
        if test == "mushra":
            versions[ANCHOR] = low_anchor(wav, rate)
        try:
            versions |= {system.name: code_clip(system, wav, rate)[0] for system in built}
        except AudioCodecError as error:
            raise AudioCodecError(f"{clip}: {error}") from error
        places = {name: len(sounds) + i for i, name in enumerate(versions)}
        trials.append({"clip": clip.relative_to(folder).as_posix(), "sounds": places})
        sounds += [flac_url(version, rate).partition(",")[2] for version in versions.values()]
    identity = hashlib.sha256(json.dumps([trials, sounds]).encode()).hexdigest()[:16]
    content = {"test": test, "page": identity, "reference": REFERENCE, "trials": trials}
    packed = base64.b64encode(json.dumps(content).encode()).decode()  # so that the page source hides names
    page = template.render(content=packed, sounds=sounds)
    with replacing(path, overwrite) as temporary:
        temporary.write_text(page, encoding="utf-8")
    return len(trials) * (len(built) if test == "abx" else 1)
