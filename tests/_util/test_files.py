"""Replacing a file never costs the one that was there."""

from __future__ import annotations

import contextlib
import os
import stat
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from audiocodec._util.files import check_target, is_leftover, replacing
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


def test_what_appears_meanwhile_is_not_replaced(tmp_path: Path) -> None:
    """By another program, or by another thread of this one."""
    target = tmp_path / "a"
    with pytest.raises(OutputError, match="exists already"):
        slowly_written(target)
    assert [(path.name, path.read_text()) for path in tmp_path.iterdir()] == [("a", "fast")]


def slowly_written(target: Path) -> None:
    with replacing(target) as temporary, ThreadPoolExecutor(1) as pool:
        temporary.write_text("slow")
        pool.submit(written, target, "fast").result()


def written(target: Path, text: str) -> None:
    with replacing(target) as temporary:
        assert not temporary.read_text()
        temporary.write_text(text)


@pytest.mark.parametrize("length", [256, 400])
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


@pytest.mark.parametrize("name", [255 * "a", 85 * "あ", 254 * "b" + "c"])
def test_names_as_long_as_names_may_be_are_written(tmp_path: Path, name: str) -> None:
    with replacing(tmp_path / name) as temporary:
        temporary.write_text("one")
        assert is_leftover(temporary.name)
        with replacing(tmp_path / (name[:-1] + "x")) as other:
            assert other != temporary
    assert (tmp_path / name).read_text() == "one"


def test_devices_and_pipes_are_never_replaced(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "fifo")
    (tmp_path / "link").symlink_to("/dev/null")
    for path in (tmp_path / "fifo", tmp_path / "link", Path("/dev/null")):
        with pytest.raises(OutputError, match="is a device or a pipe, which is never replaced"):
            with replacing(path, overwrite=True):
                pass
    assert stat.S_ISFIFO((tmp_path / "fifo").stat().st_mode)
    assert stat.S_ISCHR(Path("/dev/null").stat().st_mode)


def test_modes_are_those_of_the_umask_or_of_the_file_before(tmp_path: Path) -> None:
    path, before = tmp_path / "a", os.umask(0o027)
    try:
        for mode in (0o640, 0o604):
            with replacing(path, overwrite=True) as temporary:
                temporary.unlink()
                os.close(os.open(temporary, os.O_CREAT, 0o600))  # as safetensors does
            assert stat.S_IMODE(path.stat().st_mode) == mode
            path.chmod(0o604)
    finally:
        os.umask(before)


def test_what_is_no_folder_is_named(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(OutputError, match=r"file/a.txt: cannot be written \(.*file is a file, not a folder\)"):
        check_target_and_write(tmp_path / "file" / "a.txt")


def test_a_source_that_is_not_there_is_not_the_fault_of_the_target(tmp_path: Path) -> None:
    (tmp_path / "a.txt").touch()
    check_target(tmp_path / "a.txt", overwrite=True, source=tmp_path / "gone.txt")
    with pytest.raises(OutputError, match="is the source itself"):
        check_target(tmp_path / "a.txt", overwrite=True, source=tmp_path / "a.txt")


def check_target_and_write(path: Path) -> None:
    with replacing(path) as temporary:
        temporary.touch()
