"""Before the whole check installs anything it looks for room."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]


@pytest.mark.parametrize(
    ("of_clone", "of_temporary", "short"),
    [(9_765_625, 9_765_625, None), (9_765_624, 50_000_000, ROOT), (50_000_000, 0, "temporary")],
)
def test_a_full_disk_is_told_first(tmp_path: Path, of_clone: int, of_temporary: int, short: Path | str | None) -> None:
    """KiB that are free: 10 GB are enough in both places."""
    (tmp_path / "temporary").mkdir()
    df = tmp_path / "df"
    df.write_text(f'#!/bin/sh\necho Avail\ncase "$2" in */temporary) echo {of_temporary};; *) echo {of_clone};; esac\n')
    df.chmod(0o755)
    names = {"PATH": f"{tmp_path}:{os.environ['PATH']}", "TMPDIR": str(tmp_path / "temporary")}
    done = subprocess.run([ROOT / ".ci" / "space"], env=os.environ | names, capture_output=True, text=True, check=False)
    sentence = ""
    if short is not None:
        free = min(of_clone, of_temporary) * 1024 // 10**9
        sentence = f"{tmp_path / short} has {free} GB of free disk space; .ci/run needs 10 GB there\n"
    assert (done.returncode, done.stdout, done.stderr) == (int(short is not None), "", sentence)
