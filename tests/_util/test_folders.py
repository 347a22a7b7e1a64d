"""Folders are looked through to the end, and what is left out is said."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from audiocodec._util.folders import files_below, tell_left_out
from audiocodec.audio import ffmpeg, list_audio_files
from audiocodec.errors import AudioError


def make(folder: Path, *names: str) -> Path:
    for name in names:
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).touch()
    return folder


def test_links_are_followed_but_not_in_a_circle(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    make(tmp_path, "root/a/x.wav", "elsewhere/y.wav")
    (tmp_path / "root" / "link").symlink_to(tmp_path / "elsewhere")
    (tmp_path / "root" / "a" / "up").symlink_to(tmp_path / "root")
    (tmp_path / "root" / "broken.wav").symlink_to("nowhere")
    found = [str(path.relative_to(tmp_path / "root")) for path in files_below(tmp_path / "root")]
    assert found == ["a/x.wav", "link/y.wav"]
    assert caplog.messages == [f"{tmp_path}/root/broken.wav: left out, the link leads nowhere"]


@pytest.mark.skipif(os.geteuid() == 0, reason="root may read everything")
def test_a_folder_without_permission_is_named(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    make(tmp_path, "open/a.wav", "closed/b.wav")
    (tmp_path / "closed").chmod(0)
    assert [path.name for path in files_below(tmp_path)] == ["a.wav"]
    (tmp_path / "closed").chmod(0o755)
    assert caplog.messages == [f"{tmp_path}/closed: left out, cannot be read (Permission denied)"]


def test_a_folder_that_cannot_be_read_is_named(
    tmp_path: Path, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    make(tmp_path, "open/a.wav", "closed/b.wav")
    scandir = os.scandir

    def refuse(path: Path) -> object:
        if Path(path).name == "closed":
            raise PermissionError(13, "Permission denied")
        return scandir(path)

    monkeypatch.setattr(os, "scandir", refuse)
    assert [path.name for path in files_below(tmp_path)] == ["a.wav"]
    assert caplog.messages == [f"{tmp_path}/closed: left out, cannot be read (Permission denied)"]


def test_what_is_left_out_is_counted(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    tell_left_out("here", [".txt", ".TXT", "", ".m4a", ".txt"])
    assert caplog.messages == ["here: 5 files left out: .txt 3, without suffix 1, .m4a 1"]
    caplog.clear()
    tell_left_out("here", [])
    assert caplog.messages == []


def test_suffixes_are_those_that_can_be_read(
    tmp_path: Path, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    read = ["a.aifc", "b.sph", "c.voc", "d.mp2", "e.wave", "f.bwf", "g.WAV"]
    make(tmp_path, *read, "h.m4a", "i.m4a", "j.wma", "k.txt")
    monkeypatch.setattr(ffmpeg, "program", lambda: None)
    assert [path.name for path in list_audio_files(tmp_path)] == read
    assert caplog.messages == [f"{tmp_path}: 4 files left out: .m4a 2, .wma 1, .txt 1"]
    caplog.clear()
    monkeypatch.setattr(ffmpeg, "program", lambda: "/usr/bin/ffmpeg")
    assert [path.name for path in list_audio_files(tmp_path)] == [*read, "h.m4a", "i.m4a", "j.wma"]
    assert caplog.messages == [f"{tmp_path}: 1 file left out: .txt 1"]
    with pytest.raises(AudioError, match="no sound file found here"):
        list_audio_files(make(tmp_path / "new", "a.txt"))
