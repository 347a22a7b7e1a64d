"""The benchmark of the search on one short sound: what it writes, never how fast it was."""

from __future__ import annotations

import csv
import importlib
from pathlib import Path

import numpy as np
import pytest
import soundfile
from click.testing import CliRunner

ROOT = Path(__file__).parents[2]


@pytest.mark.slow
def test_table_and_csv(monkeypatch: pytest.MonkeyPatch, tmp_path: Path, speech: np.ndarray) -> None:
    monkeypatch.syspath_prepend(ROOT / "benchmarks")
    benchmark = importlib.import_module("refine")
    (tmp_path / "clips").mkdir()
    soundfile.write(tmp_path / "clips" / "a.wav", speech[0, :16_000], 16_000)
    arguments = ["speech-16k", str(tmp_path / "clips"), "--bitrate", "3k", "--metrics", "mel,si_sdr"]
    more = ["--steps", "0", "--steps", "4", "--csv", str(tmp_path / "a.csv")]
    result = CliRunner().invoke(benchmark.main, [*arguments, *more], catch_exceptions=False)
    assert result.exit_code == 0
    assert result.output.startswith("| steps | kbit/s | x real time | mel | si_sdr |")
    with (tmp_path / "a.csv").open() as file:
        rows = list(csv.DictReader(file))
    assert [row["steps"] for row in rows] == ["0", "4"]
    assert float(rows[1]["mel"]) < float(rows[0]["mel"])
    assert all(1 < float(row["kbit/s"]) < 5 for row in rows)
    for bad in ("-1", "a"):
        result = CliRunner().invoke(benchmark.main, [*arguments, "--steps", bad])
        assert result.exit_code in (1, 2)
        assert "Traceback" not in result.output
