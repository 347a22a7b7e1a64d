"""Folders are looked through to the end, and what is left out is said."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from click.testing import CliRunner

from audiocodec import audio
from audiocodec._util.folders import files_below, tell_left_out
from audiocodec.audio import ffmpeg, list_audio_files
from audiocodec.cli.main import main
from audiocodec.corpus.sounds import list_sounds
from audiocodec.errors import AudioError
from audiocodec.tokens.tokens import list_token_files
from tests.conftest import SPEECH


def make(folder: Path, *names: str) -> Path:
    for name in names:
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).touch()
    return folder


def test_links_are_followed_but_not_in_a_circle(tmp_path: Path) -> None:
    make(tmp_path, "root/a/x.wav", "elsewhere/y.wav")
    (tmp_path / "root" / "link").symlink_to(tmp_path / "elsewhere")
    (tmp_path / "root" / "a" / "up").symlink_to(tmp_path / "root")
    (tmp_path / "root" / "broken.wav").symlink_to("nowhere")
    found = [str(path.relative_to(tmp_path / "root")) for path in files_below(tmp_path / "root")]
    assert found == ["a/x.wav", "broken.wav", "link/y.wav"]


@pytest.fixture
def closed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder with a readable subfolder and one that is not, whoever runs the tests."""
    make(tmp_path, "in/closed/b.wav", "in/notes.txt", "in/open/a.wav", "in/open/a.fsq")
    scandir = os.scandir

    def refuse(path: Path) -> object:
        if Path(path).name == "closed":
            raise PermissionError(13, "Permission denied")
        return scandir(path)

    monkeypatch.setattr(os, "scandir", refuse)
    return tmp_path / "in"


def test_a_folder_that_cannot_be_read_is_given_to_who_opens_it(closed: Path) -> None:
    assert [path.name for path in files_below(closed)] == ["closed", "notes.txt", "a.fsq", "a.wav"]
    assert list_audio_files(closed) == [closed / "closed", closed / "open" / "a.wav"]
    assert list_token_files(closed) == [closed / "closed", closed / "open" / "a.fsq"]
    assert [sound.path for sound in list_sounds(str(closed))] == ["closed/", "open/a.wav"]
    assert list_audio_files(closed / "closed") == [closed / "closed"]
    with pytest.raises(AudioError, match=r"closed: cannot be read \(Permission denied\)"):
        audio.read(closed / "closed")


def test_commands_fail_for_a_folder_that_cannot_be_read(closed: Path, tmp_path: Path) -> None:
    (closed / "open" / "a.wav").write_bytes(SPEECH.read_bytes())
    (closed / "open" / "a.fsq").unlink()
    for source in (closed, closed / "closed"):
        result = CliRunner().invoke(main, ["encode", str(source), "-o", str(tmp_path / "out")])
        assert result.exit_code == 1
        assert f"error: {closed}/closed: cannot be read (Permission denied)" in result.stderr
    assert (tmp_path / "out" / "open" / "a.fsq").exists()
    (tmp_path / "out" / "closed").mkdir()
    result = CliRunner().invoke(main, ["join", str(tmp_path / "out"), "-o", str(tmp_path / "whole.fsq")])
    assert result.exit_code == 1
    assert not (tmp_path / "whole.fsq").exists()
    assert main(["tokenize", "-i", str(closed), "-o", str(tmp_path / "corpus")], standalone_mode=False) is None
    assert "closed/,cannot be read (Permission denied)" in (tmp_path / "corpus" / "errors.csv").read_text()


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
