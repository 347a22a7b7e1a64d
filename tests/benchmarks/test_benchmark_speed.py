"""The benchmark on short sounds, without peers: what it prints, never how fast it was."""

from __future__ import annotations

import csv
import importlib
from pathlib import Path
from types import ModuleType

import pytest
from click.testing import CliRunner

from audiocodec.errors import MissingExtraError

ROOT = Path(__file__).parents[2]


@pytest.fixture
def benchmark(monkeypatch: pytest.MonkeyPatch) -> ModuleType:
    monkeypatch.syspath_prepend(ROOT / "benchmarks")
    return importlib.import_module("speed")


def test_table_and_csv_without_peers(benchmark: ModuleType, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    def missing(module: str, extra: str) -> None:
        raise MissingExtraError(f"{module} is not installed; get it with: pip install 'audiocodec[{extra}]'")

    monkeypatch.setattr(benchmark, "require", missing)
    arguments = ["--short-s", "0.5", "--long-s", "1", "--repeats", "1", "--csv", str(tmp_path / "a.csv")]
    result = CliRunner().invoke(benchmark.main, arguments, catch_exceptions=False)
    assert result.exit_code == 0
    assert "pip install 'audiocodec[peers]'" in result.output
    assert "times as fast" not in result.output
    with (tmp_path / "a.csv").open() as file:
        rows = list(csv.DictReader(file))
    settings = [(row["threads"], row["audio_s"], row["channels"]) for row in rows]
    assert settings == [(n, s, c) for n in "12" for s in ("0.5", "1.0") for c in "12"]
    assert all(float(row["encode"]) > 0 and float(row["decode"]) > 0 for row in rows)


def test_ratios_are_of_the_short_mono_sound_on_one_thread(
    benchmark: ModuleType, capsys: pytest.CaptureFixture[str]
) -> None:
    rows = [
        (benchmark.OURS, 1, 1, 10.0, 0.01, 0.02),
        (benchmark.OURS, 1, 1, 600.0, 0.5, 0.5),
        ("EnCodec-24k", 1, 1, 10.0, 0.05, 0.06),
        ("EnCodec-24k", 1, 2, 10.0, 0.5, 0.5),
        ("DAC-16k", 1, 1, 10.0, 0.2, 0.5),
    ]
    benchmark.print_table([dict(zip(benchmark.COLUMNS, row, strict=True)) for row in rows])
    assert capsys.readouterr().out.splitlines()[-2:] == [
        "encode: ours is 5.0 times as fast as EnCodec-24k, 20.0 times as fast as DAC-16k (mono, 1 thread, 10 s)",
        "decode: ours is 3.0 times as fast as EnCodec-24k, 25.0 times as fast as DAC-16k (mono, 1 thread, 10 s)",
    ]


def test_peak_memory_is_of_the_command_alone(benchmark: ModuleType, monkeypatch: pytest.MonkeyPatch) -> None:
    ballast = bytearray(b"x" * 300_000_000)  # a child started from here directly would report it as its own
    monkeypatch.setattr(benchmark, "COMMAND", "pass")
    assert benchmark.peak_mb("nothing") < len(ballast) / 2**20 / 2


def test_a_failing_command_is_told(benchmark: ModuleType, tmp_path: Path) -> None:
    with pytest.raises(SystemExit, match="audiocodec encode failed: .*missing.wav"):
        benchmark.peak_mb("encode", tmp_path / "missing.wav", tmp_path / "a.fsq")
