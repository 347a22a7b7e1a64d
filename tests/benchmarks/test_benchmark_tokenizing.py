"""The benchmark of tokenizing on a few notes: what it writes, never how fast it was."""

from __future__ import annotations

import csv
import importlib
from pathlib import Path

import numpy as np
import pytest
import soundfile
from click.testing import CliRunner

ROOT = Path(__file__).parents[2]


@pytest.fixture
def tones(tmp_path: Path) -> Path:
    """Notes after notes: something to learn."""
    (tmp_path / "in").mkdir()
    rng = np.random.default_rng(0)
    for i in range(20):
        pitches = np.repeat(rng.choice([200.0, 300.0, 400.0], 8), 3200)
        soundfile.write(tmp_path / "in" / f"{i:02d}.wav", 0.3 * np.sin(2 * np.pi * np.cumsum(pitches) / 16_000), 16_000)
    return tmp_path / "in"


def test_benchmark_of_tokenizing(tones: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.syspath_prepend(ROOT / "benchmarks")
    module = importlib.import_module("tokenizing")
    table = tmp_path / "table.csv"
    result = CliRunner().invoke(
        module.main, [str(tones), "--workers", "0", "--format", "fsq", "--csv", str(table)], catch_exceptions=False
    )
    assert result.exit_code == 0
    assert "hours/processor hour" in result.output
    (row,) = csv.DictReader(table.read_text().splitlines())
    assert float(row["hours"]) == pytest.approx(20 * 1.6 / 3600, abs=1e-4)
    assert sum(float(row[f"{stage} share"]) for stage in ("decode", "resample", "encode", "write")) == pytest.approx(
        1, abs=1e-3
    )
