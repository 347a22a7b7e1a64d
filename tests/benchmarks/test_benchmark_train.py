"""The benchmark of training on one sound: what it writes, never how fast it was."""

from __future__ import annotations

import csv
import importlib
from pathlib import Path

import pytest
from click.testing import CliRunner

ROOT = Path(__file__).parents[2]
SOUNDS = ROOT / "tests" / "sounds"


@pytest.mark.slow
def test_benchmark_of_training(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.syspath_prepend(ROOT / "benchmarks")
    benchmark = importlib.import_module("train")
    from audiocodec.model.build import build_model
    from audiocodec.train.config import find_recipe, load_config

    monkeypatch.setattr(benchmark, "encodec", lambda rate: build_model(load_config(find_recipe("tiny")).model).train())
    monkeypatch.setattr(benchmark, "LOADER_SECONDS", 0.1)
    arguments = [str(SOUNDS), "--recipe", "tiny", "--threads", "1", "--steps", "1", "--csv", str(tmp_path / "a.csv")]
    result = CliRunner().invoke(benchmark.main, arguments, catch_exceptions=False)
    assert result.exit_code == 0, result.output
    with (tmp_path / "a.csv").open() as file:
        rows = list(csv.DictReader(file))
    assert [row["what"] for row in rows][:2] == ["train tiny", "train EnCodec"]
    assert [row["what"] for row in rows][-1] == "load cache"
    assert all(float(row["audio s/s"]) > 0 for row in rows)
