"""docs/streaming.md: its Python runs, its layout is the real one."""

from __future__ import annotations

import math
import re
from pathlib import Path

import numpy as np
import pytest

from audiocodec.live.packets import Packetizer, Sealer, packet
from tests.live.packets.facts import SPEECH_LEVELS, facts

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


def fields(table: str) -> int:
    """Bytes of the fields in front of the codes of a table, whose offsets must add up."""
    part = TEXT[TEXT.index(f"| {table}: offset") :]
    rows = re.findall(r"^\| (\d+) \| (\d+) \|", part[: part.index("\n\n")], re.M)
    assert [int(offset) for offset, _ in rows] == [0, *np.cumsum([int(size) for _, size in rows])[:-1]]
    return int(rows[-1][0]) + int(rows[-1][1])


def test_numbers_of_the_document() -> None:
    assert f"at most {packet.MAX_BYTES} bytes" in TEXT
    assert fields("full") == packet.HEAD.size
    assert fields("compact") == packet.COMPACT_HEAD.size


@pytest.mark.slow
def test_the_table_of_bytes_is_what_packets_take() -> None:
    rows = re.findall(r"^\| (\d+) codebooks, (\d) frames? per packet \| (.*) \|$", TEXT, re.M)
    assert len(rows) == 6
    for n, frames, cells in rows:
        codes = np.random.default_rng(0).integers(0, 972, (int(n), 3000))
        sizes = []
        for sealer in (None, Sealer(bytes(32), lambda: 0.0)):
            data = [len(raw) for raw in Packetizer(facts(SPEECH_LEVELS), int(frames), sealer=sealer).push(codes)]
            sizes += [sum(data), sum(size + 28 for size in data)]
        payload = -(-math.ceil(int(frames) * math.log2(972)) * int(n) // 8) * 3000 // int(frames)
        plain, plain_wire, sealed, sealed_wire = sizes
        expected = [8 * size / 60_000 for size in (payload, plain, sealed, plain_wire, sealed_wire)]
        assert [float(cell) for cell in cells.split(" | ")] == pytest.approx(expected, abs=0.051)
