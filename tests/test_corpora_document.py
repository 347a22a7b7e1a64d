"""The Python of docs/corpora.md runs as it stands."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from audiocodec.corpus.parquet import ROWS
from audiocodec.corpus.plan import LEAST, MOST, MOST_BYTES, SHARDS
from audiocodec.corpus.workers import RETRIES

ROOT = Path(__file__).parents[1]
TEXT = (ROOT / "docs" / "corpora.md").read_text()


def test_python_runs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "tests").symlink_to(ROOT / "tests")
    names: dict[str, Any] = {}
    for code in re.findall(r"```python\n(.*?)```", TEXT, re.S):
        exec(compile(code, "corpora.md", "exec"), names)
    assert names["wav"].shape == (1, 127_788)
    assert names["codes"].shape == (2, 4, 100)
    np.testing.assert_array_equal(names["again"], names["codes"][0].numpy())
    assert names["tokens"].shape == (4, 100 + 4 + 1)


def test_numbers_are_those_of_the_code() -> None:
    assert f"groups of {ROWS} rows" in TEXT
    assert f"about {SHARDS} shards: {LEAST} to {MOST}, and at most about 512 MB" in TEXT
    assert MOST_BYTES == 512 * 2**20
    assert RETRIES + 1 == 4
    assert "at the fourth death" in TEXT
