"""The fuzzer, briefly; docs/measurements/fuzz_reader.csv has the counts of a million files."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]


@pytest.mark.slow
def test_mutated_files_raise_only_our_errors(tmp_path: Path) -> None:
    command = [
        sys.executable,
        "benchmarks/fuzz_reader.py",
        "--files",
        "1500",
        "--seed",
        "7",
        "--keep",
        str(tmp_path / "f"),
    ]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True)
    assert done.returncode == 0, done.stdout + done.stderr
    assert "1500 files, seed 7" in done.stdout
    assert "DamagedFileError" in done.stdout
    assert not (tmp_path / "f").exists()
