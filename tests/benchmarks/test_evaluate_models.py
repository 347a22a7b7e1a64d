"""Tables of scores go where the document has a place for them."""

from __future__ import annotations

import importlib
from pathlib import Path
from types import ModuleType

import click
import pytest
from click.testing import CliRunner

ROOT = Path(__file__).parents[2]


@pytest.fixture
def benchmark(monkeypatch: pytest.MonkeyPatch) -> ModuleType:
    monkeypatch.syspath_prepend(ROOT / "benchmarks")
    return importlib.import_module("evaluate_models")


def test_each_comparison_has_a_place_of_its_own(benchmark: ModuleType, tmp_path: Path) -> None:
    document = tmp_path / "evaluation.md"
    document.write_bytes(benchmark.DOCUMENT.read_bytes())
    for name in benchmark.COMPARISONS:
        benchmark.fill(document, name, f"scores of {name}, \\1 of them\n")
    text = document.read_text("utf-8")
    for name in benchmark.COMPARISONS:
        assert text.count(f"<!-- {name} -->\n\nscores of {name}, \\1 of them\n\n<!-- end -->\n") == 1
    assert [path.name for path in tmp_path.iterdir()] == ["evaluation.md"]


def test_a_document_without_the_place_is_told(
    benchmark: ModuleType, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    document = tmp_path / "evaluation.md"
    document.write_text("<!-- music -->\n<!-- end -->\n")
    with pytest.raises(click.ClickException, match="has no lines <!-- speech-16k --> and <!-- end -->"):
        benchmark.fill(document, "speech-16k", "scores")
    assert document.read_text() == "<!-- music -->\n<!-- end -->\n"
    monkeypatch.setattr(benchmark, "DOCUMENT", document)
    done = CliRunner().invoke(benchmark.main, ["speech-16k", str(tmp_path)])  # before the clips are looked at
    assert (done.exit_code, done.output.count("\n")) == (1, 1)
