"""Clips made harder by rule: the levels that the rule says, the same every time."""

from __future__ import annotations

import importlib
from pathlib import Path

import numpy as np
import pytest
import soundfile
from click.testing import CliRunner

ROOT = Path(__file__).parents[2]


def test_levels_and_lengths(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.syspath_prepend(ROOT / "benchmarks")
    recipe = importlib.import_module("harder_clips")
    rng = np.random.default_rng(0)
    voices, noise = 0.1 * rng.standard_normal((2, 16_000)), 0.3 * rng.standard_normal(5000)
    for folder, waves in (("voices", voices), ("sounds", [noise])):
        (tmp_path / folder).mkdir()
        for i, wave in enumerate(waves):
            soundfile.write(tmp_path / folder / f"{i}.wav", wave, 16_000, subtype="FLOAT")
    arguments = [str(tmp_path / name) for name in ("voices", "sounds", "out")]
    written = []
    for _ in range(2):
        result = CliRunner().invoke(recipe.main, arguments, catch_exceptions=False)
        assert result.exit_code == 0, result.output
        written.append([path.read_bytes() for path in sorted((tmp_path / "out").rglob("*.wav"))])
    assert written[0] == written[1]
    assert len(written[0]) == 6
    for name, below in (("noise", 10.0), ("two", 3.0)):
        mixed, _ = soundfile.read(tmp_path / "out" / name / "0.wav")
        added = mixed - voices[0]
        ratio = 10 * np.log10(np.mean(voices[0] ** 2) / np.mean(added**2))
        assert ratio == pytest.approx(below, abs=0.1)
    room, _ = soundfile.read(tmp_path / "out" / "room" / "0.wav")
    assert np.allclose(room[:48], voices[0][:48], atol=1e-4)  # what comes directly is first
    assert np.abs(room - voices[0])[100:].mean() > 0.01
