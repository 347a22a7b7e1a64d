"""docs/fsq_vs_vq.md shows the tables that its rows give."""

from __future__ import annotations

import importlib.util
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
spec = importlib.util.spec_from_file_location("figures", ROOT / "studies" / "fsq_vs_vq" / "figures.py")
assert spec
assert spec.loader
figures = importlib.util.module_from_spec(spec)
spec.loader.exec_module(figures)


@pytest.mark.parametrize(("name", "table"), figures.tables(ROOT / "docs" / "fsq_vs_vq").items())
def test_tables_are_those_of_the_rows(name: str, table: str) -> None:
    assert table in (ROOT / "docs" / "fsq_vs_vq.md").read_text("utf-8")
