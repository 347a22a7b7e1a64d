"""The Python of README.md runs as it stands."""

from __future__ import annotations

import re
from pathlib import Path

import numpy as np
import pytest

ROOT = Path(__file__).parents[1]


def test_readme_python_runs(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    code, live = re.findall(r"```python\n(.*?)```", (ROOT / "README.md").read_text(), re.S)
    monkeypatch.chdir(tmp_path)
    (tmp_path / "tests").symlink_to(ROOT / "tests")
    names: dict[str, object] = {}
    exec(compile(code, "README.md", "exec"), names)
    assert capsys.readouterr().out == "(1, 6, 268)\n"
    assert (tmp_path / "speech.fsq").exists()
    exec(compile(live, "README.md", "exec"), names)
    heard, again = np.concatenate(names["heard"]), names["wav"]  # type: ignore[call-overload]
    assert 0 <= len(heard) - len(again) - 320 < 320  # type: ignore[arg-type]


def test_readme_names_what_exists() -> None:
    text = (ROOT / "README.md").read_text()
    links = re.findall(r"\]\(([^)]+)\)", text)
    assert links
    for link in links:
        assert (ROOT / link).exists(), link
    assert "make demo" in text
    assert "make test" in text
