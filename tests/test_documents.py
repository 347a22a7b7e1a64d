"""Links of README, guides and CONTRIBUTING lead somewhere, and nothing names a place of one machine."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
PAGES = [ROOT / "README.md", ROOT / "CONTRIBUTING.md", *sorted((ROOT / "docs").rglob("*.md"))]
LINK = re.compile(r"\[[^\]]*\]\(([^)#\s]+)(?:#[^)]*)?\)")


@pytest.mark.parametrize("page", PAGES, ids=lambda path: str(path.relative_to(ROOT)))
def test_links_lead_somewhere(page: Path) -> None:
    text = re.sub(r"```.*?```", "", page.read_text(), flags=re.S)
    targets = [target for target in LINK.findall(text) if not re.match(r"[a-z]+:", target)]
    assert [target for target in targets if not (page.parent / target).exists()] == []


def test_paths_that_contributing_names_exist() -> None:
    named = re.findall(
        r"`((?:audiocodec|tests|docs|recipes|benchmarks|configs)/[\w/.-]+)`", (ROOT / "CONTRIBUTING.md").read_text()
    )
    assert len(named) > 15
    assert [name for name in named if not (ROOT / name).exists()] == []
