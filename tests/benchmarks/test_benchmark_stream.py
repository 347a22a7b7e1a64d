"""The benchmarks of streams on short sounds, without peers: what they print, never how fast it was."""

from __future__ import annotations

import csv
import importlib
import socket
from pathlib import Path
from types import ModuleType

import numpy as np
import pytest
from click.testing import CliRunner

from audiocodec.errors import MissingExtraError
from audiocodec.live import Address, UdpListener, UdpSender

ROOT = Path(__file__).parents[2]


@pytest.fixture(autouse=True)
def _path(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.syspath_prepend(ROOT / "benchmarks")


def rows_of(path: Path) -> list[dict[str, str]]:
    with path.open() as file:
        return list(csv.DictReader(file))


def without(module: str, extra: str) -> ModuleType:
    raise MissingExtraError(f"{module} is not installed; get it with: pip install 'audiocodec[{extra}]'")


@pytest.mark.slow
def test_benchmark_stream(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    benchmark = importlib.import_module("stream")
    monkeypatch.setattr(benchmark, "require", without)
    monkeypatch.setattr(benchmark, "most_streams", lambda name, threads, steps: (name, 9, threads, "streams", 9.0))
    arguments = [
        "--minutes",
        "0.005",
        "--hours",
        "0",
        "--streams",
        "2",
        "--steps",
        "2",
        "--csv",
        str(tmp_path / "a.csv"),
    ]
    result = CliRunner().invoke(benchmark.main, arguments, catch_exceptions=False)
    assert "pip install 'audiocodec[peers]'" in result.output
    rows = rows_of(tmp_path / "a.csv")
    delays = {row["system"]: float(row["value"]) for row in rows if row["measure"] == "delay ms"}
    chunks = {"6 codebooks, 20 ms": 40, "12 codebooks, 20 ms": 40, "12 codebooks, 80 ms": 100}
    assert delays == {f"speech-16k {b}, {chunk}": ms for b in ("onnx", "torch") for chunk, ms in chunks.items()}
    assert all(float(row["value"]) > 0 for row in rows)
    rows = [("ours", 1, 1, "wall s per s of audio", 0.1), ("Mimi, x", 1, 1, "wall s per s of audio", 0.7)]
    assert benchmark.ratios(rows) == ["wall: ours is 7.0 times as fast as Mimi per second of audio"]


def test_most_streams_is_found(monkeypatch: pytest.MonkeyPatch) -> None:
    benchmark = importlib.import_module("stream")
    monkeypatch.setattr(benchmark, "concurrent", lambda name, n, threads, steps: [(name, n, threads, "x", n / 11.5)])
    assert benchmark.most_streams("m", 2, 1)[-1] == 11


@pytest.mark.slow
def test_benchmark_concealment(tmp_path: Path, speech_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    benchmark = importlib.import_module("concealment")
    monkeypatch.setattr(benchmark.shutil, "which", lambda name: None)
    arguments = ["speech-16k", str(speech_path), "--losses", "0,0.2", "--csv", str(tmp_path / "a.csv")]
    result = CliRunner().invoke(benchmark.main, arguments, catch_exceptions=False)
    assert "without Opus: opusenc and opusdec are not here" in result.output
    scores = {row["method"]: float(row["estoi"]) for row in rows_of(tmp_path / "a.csv")}
    assert list(scores) == ["none", "silence", "repeat", "conceal", "repair"]
    assert scores["silence"] < scores["conceal"] < scores["repair"] < scores["none"]


def test_bursts() -> None:
    benchmark = importlib.import_module("concealment")
    lost = benchmark.bursts(100_000, 0.1, np.random.default_rng(0))
    assert lost.mean() == pytest.approx(0.1, abs=0.005)


def test_lossy_relay() -> None:
    benchmark = importlib.import_module("lossy_relay")
    listener = UdpListener(Address("127.0.0.1", 0))
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    sender = UdpSender(Address("127.0.0.1", port))
    built = benchmark.UdpListener

    def listening(address: Address) -> UdpListener:
        made = built(address)
        for n in range(100):
            sender.send(bytes([n]))
        return made

    benchmark.UdpListener = listening
    try:
        result = CliRunner().invoke(benchmark.main, [str(port), str(listener.address), "--seconds", "0.5"])
    finally:
        benchmark.UdpListener = built
    assert "100 packets came" in result.output
    got = listener.poll(1.0)
    assert 60 < len(set(got)) < 100
    assert len(got) > len(set(got))
    assert got != sorted(got)
    listener.close()
    sender.close()
