"""The documentation as web pages: the guides of this folder and the reference from the docstrings.

    python docs/build.py build/docs

Needs `pip install 'audiocodec[docs]'`.
"""

from __future__ import annotations

import html
import os
import re
import sys
from pathlib import Path

import markdown2
import pdoc

import audiocodec

ROOT = Path(__file__).parents[1]
REFERENCE = ["audiocodec", "audiocodec.tokens", "audiocodec.tokens.layouts", "audiocodec.codec", "audiocodec.live"]
REFERENCE += ["audiocodec.live.packets", "audiocodec.corpus", "audiocodec.quality.losses", "audiocodec.quality.metrics"]
PAGE = """<!doctype html>
<html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width">
<title>{title} · audiocodec</title>
<style>
body {{ font: 16px/1.5 system-ui, sans-serif; max-width: 60rem; margin: 0 auto; padding: 0 1rem 4rem; }}
nav {{ border-bottom: 1px solid #8884; padding: .7rem 0; display: flex; flex-wrap: wrap; gap: .3rem 1rem; }}
pre {{ background: #8881; padding: .7rem; overflow-x: auto; }}
code {{ font-size: .9em; }} img {{ max-width: 100%; }}
table {{ border-collapse: collapse; display: block; overflow-x: auto; font-size: .9em; }}
td, th {{ border: 1px solid #8884; padding: .2rem .5rem; text-align: left; }}
@media (prefers-color-scheme: dark) {{ body {{ background: #111; color: #ddd; }} a {{ color: #8bf; }} }}
</style></head><body><nav>{nav}</nav>{body}</body></html>
"""
EXTRAS = ["tables", "fenced-code-blocks", "header-ids", "code-friendly", "cuddled-lists"]
LINK = re.compile(r"\[[^\]]*\]\(([^)#\s]+)(?:#[^)]*)?\)")


def pages() -> list[Path]:
    """README, CONTRIBUTING and all guides, in the order of the menu."""
    return [ROOT / "README.md", *sorted((ROOT / "docs").rglob("*.md")), ROOT / "CONTRIBUTING.md", ROOT / "CHANGELOG.md"]


def name_of(path: Path) -> str:
    """The page's file: index.html for README, else its path under docs/."""
    if path.name == "README.md" and path.parent == ROOT:
        return "index.html"
    base = ROOT / "docs" if path.is_relative_to(ROOT / "docs") else ROOT
    return str(path.relative_to(base).with_suffix(".html"))


def render(path: Path, menu: list[tuple[str, str]], output: Path) -> None:
    """One page; links to other pages lead to those, links to files are left as they are."""
    text, target = path.read_text(), output / name_of(path)
    title = text.splitlines()[0].lstrip("# ")

    def linked(match: re.Match[str]) -> str:
        other = (path.parent / match[1]).resolve()
        if other.suffix != ".md" or other not in pages():
            return match[0]
        return match[0].replace(match[1], os.path.relpath(output / name_of(other), target.parent))

    body = markdown2.markdown(LINK.sub(linked, text), extras=EXTRAS)
    up = os.path.relpath(output, target.parent)
    nav = " ".join(f'<a href="{up}/{link}">{html.escape(label)}</a>' for label, link in menu)
    target.parent.mkdir(parents=True, exist_ok=True)
    target.write_text(PAGE.format(title=html.escape(title), nav=nav, body=body))


def main(output: Path) -> None:
    """Write everything."""
    for name in audiocodec.__all__:  # they are loaded on first use, which pdoc does not see
        setattr(audiocodec, name, getattr(audiocodec, name))
    pdoc.render.configure(docformat="google", footer_text=f"audiocodec {audiocodec.__version__}")
    pdoc.pdoc(*REFERENCE, output_directory=output / "reference")
    guides = [path for path in pages() if path.parent in (ROOT, ROOT / "docs")]
    menu = [(path.stem.replace("_", " ").capitalize(), name_of(path)) for path in guides]
    menu.append(("Reference", "reference/index.html"))
    for path in pages():
        render(path, menu, output)


if __name__ == "__main__":
    main(Path(sys.argv[1] if len(sys.argv) > 1 else "build/docs").resolve())
