"""A folder of sounds of many kinds, some broken."""

from __future__ import annotations

import shutil
from pathlib import Path

import numpy as np
import pytest
import soundfile

BROKEN = {
    "broken/cut.flac": "breaks off while being read",
    "broken/empty.wav": "is empty (0 bytes)",
    "broken/text.wav": "cannot be read as sound",
}


@pytest.fixture(scope="session")
def sounds(tmp_path_factory: pytest.TempPathFactory, speech_path: Path) -> Path:
    """Thirteen sounds and three that are broken."""
    folder = tmp_path_factory.mktemp("sounds")
    (folder / "broken").mkdir()
    (folder / "deep" / "er").mkdir(parents=True)
    rng = np.random.default_rng(0)
    for i, (rate, channels) in enumerate([(16_000, 1), (8_000, 1), (44_100, 2), (24_000, 1)] * 3):
        time = np.arange(int(rate * (0.1 + rng.random()))) / rate
        tones = [np.sin(2 * np.pi * rng.uniform(100, 900) * time) for _ in range(channels)]
        soundfile.write(folder / "deep" / f"{'er/' * (i % 2)}{i:02d}.wav", 0.2 * np.stack(tones, axis=1), rate)
    shutil.copy(speech_path, folder / "speech.flac")
    (folder / "broken" / "text.wav").write_text("this is text")
    (folder / "broken" / "empty.wav").touch()
    (folder / "broken" / "cut.flac").write_bytes(speech_path.read_bytes()[:20_000])
    (folder / "notes.txt").write_text("not sound")
    return folder


def files_of(folder: Path) -> dict[str, bytes]:
    """Everything in a folder."""
    return {p.relative_to(folder).as_posix(): p.read_bytes() for p in folder.rglob("*") if p.is_file()}
