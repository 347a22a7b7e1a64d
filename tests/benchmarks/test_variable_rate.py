"""Ways to spend bits beside each other: files as the command writes them, and bits saved as a curve says."""

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
def benchmarks(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.syspath_prepend(ROOT / "benchmarks")


def test_one_pass_gives_the_files_of_the_command(
    benchmarks: None, tmp_path: Path, speech: np.ndarray, monkeypatch: pytest.MonkeyPatch
) -> None:
    measure, table = (importlib.import_module(name) for name in ("variable_rate", "variable_rate_table"))
    folder, target = tmp_path / "clips", tmp_path / "a.csv"
    folder.mkdir()
    soundfile.write(folder / "a.wav", speech[0, :24_000], 16_000, subtype="FLOAT")
    options = ["--codebooks", "2,4", "--quality", "3", "--metrics", "si_sdr", "--csv", str(target)]
    result = CliRunner().invoke(measure.main, ["speech-16k", str(folder), *options], catch_exceptions=False)
    assert result.exit_code == 0, result.output
    with target.open(newline="") as file:
        rows = list(csv.DictReader(file))
    assert [row["rate"] for row in rows] == ["constant", "vbr", "constant", "vbr", "quality"]
    codec = measure.audiocodec.load("speech-16k")
    for row, kind in zip(rows, ({"num_codebooks": 2}, {"num_codebooks": 2, "vbr": True}), strict=False):
        report = codec.encode_file(folder / "a.wav", tmp_path / "a.fsq", overwrite=True, **kind)
        assert float(row["kbit/s"]) == pytest.approx(report.bitrate / 1000, abs=1e-4)
    monkeypatch.setattr(table, "DRAWS", 10)
    result = CliRunner().invoke(table.main, [str(target)], catch_exceptions=False)
    assert result.exit_code == 0, result.output
    lines = [line for line in result.output.splitlines() if line.startswith(("| constant", "| vbr", "| quality"))]
    assert len(lines) == 5
    assert [" to " in line for line in lines] == ["constant" not in line for line in lines]


def test_bits_saved_are_read_from_the_curve(benchmarks: None) -> None:
    table = importlib.import_module("variable_rate_table")
    curve = np.array([[1.0, 2.0], [2.0, 3.0], [4.0, 4.0]])
    assert table.saved(curve, np.array([1.2, 2.5]), 1.0) == pytest.approx(0.2)
    assert table.saved(curve * [1, -1], np.array([1.8, -2.5]), -1.0) == pytest.approx(-0.2)
    assert np.isnan(table.saved(curve, np.array([1.2, 5.0]), 1.0))
