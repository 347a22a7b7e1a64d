"""docs/streaming.md: its Python runs, its layout is the real one."""

from __future__ import annotations

import re
from pathlib import Path

import numpy as np
import pytest

from audiocodec.live.packets import packet

ROOT = Path(__file__).parents[1]
TEXT = (ROOT / "docs" / "streaming.md").read_text()


def test_the_example_runs_and_has_15_lines(monkeypatch: pytest.MonkeyPatch) -> None:
    (code,) = re.findall(r"```python\n(.*?)```", TEXT, re.S)
    assert len([line for line in code.splitlines() if line.strip()]) <= 17
    monkeypatch.chdir(ROOT)
    names: dict[str, object] = {}
    exec(compile(code, "streaming.md", "exec"), names)
    assert len(names["wav"]) == 85_192  # type: ignore[arg-type]  # at 16 kHz
    heard = np.concatenate(names["heard"])  # type: ignore[call-overload]
    assert len(heard) == len(names["wav"]) // 320 * 320  # type: ignore[arg-type]
    counts = names["receiver"].buffer.counts  # type: ignore[attr-defined]
    assert counts.played > 200
    assert counts.repaired + counts.lost > 15
    assert np.abs(heard).max() > 0.05


def test_numbers_of_the_document() -> None:
    assert f"at most {packet.MAX_BYTES} bytes" in TEXT
    assert f"{packet.OVERHEAD} bytes of head and checksum" in TEXT
    rows = re.findall(r"^\| (\d+) \| (\d+) \|", TEXT, re.M)
    assert [int(offset) for offset, _ in rows] == [0, *np.cumsum([int(size) for _, size in rows])[:-1]]
    assert int(rows[-1][0]) + int(rows[-1][1]) == packet.HEAD.size
