"""Replacing a file never costs the one that was there."""

from __future__ import annotations

import contextlib
from pathlib import Path

import pytest

from audiocodec._util.files import replacing
from audiocodec.errors import OutputError


def test_success_replaces_and_failure_does_not(tmp_path: Path) -> None:
    path = tmp_path / "deep" / "a.txt"
    with replacing(path) as temporary:
        temporary.write_text("one")
        assert not path.exists()
    assert path.read_text() == "one"

    def fail_half_way() -> None:
        with replacing(path, overwrite=True) as temporary:
            temporary.write_text("two")
            raise RuntimeError("half way")

    with pytest.raises(RuntimeError, match="half way"):
        fail_half_way()
    assert path.read_text() == "one"
    assert list(path.parent.iterdir()) == [path]


@pytest.mark.parametrize("there", ["", "a", "a/b"])
def test_a_failure_leaves_no_folder_that_was_not_there(tmp_path: Path, there: str) -> None:
    (tmp_path / there).mkdir(parents=True, exist_ok=True)
    before = sorted(tmp_path.rglob("*"))
    with pytest.raises(RuntimeError), replacing(tmp_path / "a" / "b" / "c.txt"):
        raise RuntimeError
    assert sorted(tmp_path.rglob("*")) == before


def test_a_folder_that_others_use_meanwhile_stays(tmp_path: Path) -> None:
    with contextlib.suppress(RuntimeError), replacing(tmp_path / "a" / "b.txt"):
        (tmp_path / "a" / "other.txt").touch()
        raise RuntimeError
    assert (tmp_path / "a" / "other.txt").exists()


@pytest.mark.parametrize("length", [250, 400])
def test_names_too_long_are_one_sentence(tmp_path: Path, length: int) -> None:
    with (
        pytest.raises(OutputError, match="cannot be written .File name too long"),
        replacing(tmp_path / "new" / (length * "a")),
    ):
        pass
    assert list(tmp_path.iterdir()) == []


def test_system_errors_become_one_sentence(tmp_path: Path) -> None:
    path = tmp_path / "a.txt"
    with pytest.raises(OutputError, match=r"a\.txt: cannot be written \(No space left on device\)"), replacing(path):
        raise OSError(28, "No space left on device")
    assert list(tmp_path.iterdir()) == []
