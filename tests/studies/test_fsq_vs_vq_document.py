"""docs/fsq_vs_vq.md shows the tables that its rows give."""

from __future__ import annotations

import importlib
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
ROWS = ROOT / "docs" / "fsq_vs_vq" / "runs.csv"
sys.path.insert(0, str(ROOT / "studies" / "fsq_vs_vq"))  # as for the script itself
study, tables = (importlib.import_module(name) for name in ("study", "tables"))


TABLES = tables.tables(study.read_rows(ROWS), study.read_rows(ROWS.with_name(tables.CLIPS)))


@pytest.mark.parametrize(("name", "table"), TABLES.items())
def test_tables_are_those_of_the_rows(name: str, table: str) -> None:
    assert f"<!-- {name} -->\n{table}\n" in (ROOT / "docs" / "fsq_vs_vq.md").read_text("utf-8")
