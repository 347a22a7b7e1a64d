"""Named pipes as sources, long and unreadable names, several files of which one fails."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import soundfile

from audiocodec.errors import TokenFileError
from audiocodec.tokens import Tokens, open_tokens, verify
from tests.cli.conftest import Run
from tests.cli.test_bad_input import refused

COMMAND = str(Path(sys.executable).with_name("audiocodec"))


@pytest.fixture
def tokens(run: Run, tmp_path: Path) -> Path:
    soundfile.write(tmp_path / "a.wav", np.zeros(1000), 16_000)
    assert run("encode", tmp_path / "a.wav", tmp_path / "a.fsq", "-n", 1).exit_code == 0
    return tmp_path / "a.fsq"


@pytest.mark.slow
def test_pipes_with_a_name_are_read_as_standard_input_is(tokens: Path) -> None:
    folder = tokens.parent
    lines = (
        f"{COMMAND} encode <(cat {folder}/a.wav) {folder}/b.fsq -n 1",
        f"{COMMAND} decode <(cat {tokens}) {folder}/b.wav",
        f"{COMMAND} verify <(cat {tokens})",
        f"{COMMAND} info <(cat {tokens})",
        f"{COMMAND} repair <(cat {tokens}) {folder}/c.fsq",
        f"cat {folder}/a.wav | {COMMAND} stream -i /dev/stdin -o {folder}/c.wav",
    )
    for line in lines:
        done = subprocess.run(["bash", "-c", line], capture_output=True, text=True)
        assert done.returncode == 0, (line, done.stderr)
    assert (folder / "b.fsq").read_bytes() == tokens.read_bytes()
    assert (folder / "c.fsq").read_bytes() == tokens.read_bytes()
    done = subprocess.run(["bash", "-c", f"{COMMAND} join <(cat {tokens}) -o {folder}/d.fsq"], capture_output=True)
    assert (done.returncode, b"is a pipe, which cannot be searched" in done.stderr) == (1, True)


@pytest.mark.parametrize("mode", ["wb", "ab"])
def test_what_is_in_a_file_before_stays_when_output_goes_there(tokens: Path, mode: str) -> None:
    """A redirected standard output can be sought in, which is no reason to."""
    target = tokens.parent / "both"
    with target.open(mode) as file:
        file.write(b"before")
        file.flush()
        command = [*COMMAND.split(), "encode", str(tokens.parent / "a.wav"), "-", "-n", "1"]
        assert subprocess.run(command, stdout=file, stderr=subprocess.DEVNULL).returncode == 0
        file.seek(0, os.SEEK_END)
        file.write(b"behind")
    data = target.read_bytes()
    assert (data[:6], data[-6:]) == (b"before", b"behind")
    target.write_bytes(data[6:-6])
    assert verify(target) == []
    assert np.array_equal(Tokens.load(target).codes, Tokens.load(tokens).codes)


def test_one_file_that_cannot_be_read_does_not_stop_the_others(
    run: Run, tokens: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    closed = tokens.with_name("0.fsq")
    closed.write_bytes(tokens.read_bytes())
    opened = Path.open

    def refuse(self: Path, *arguments: object, **options: object) -> object:
        if self.name == "0.fsq":
            raise PermissionError(13, "Permission denied", str(self))
        return opened(self, *arguments, **options)  # type: ignore[call-overload]

    monkeypatch.setattr(Path, "open", refuse)
    with pytest.raises(TokenFileError, match="0.fsq: cannot be read .Permission denied"):
        Tokens.load(closed)
    result = run("verify", closed, tokens)
    assert (result.exit_code, f"{tokens}: ok" in result.stdout) == (1, True)
    result = run("decode", closed, tokens, "-o", tokens.with_name("out"))
    assert result.exit_code == 1
    assert "0.fsq: cannot be read (Permission denied)" in result.stderr
    assert tokens.with_name("out").joinpath("a.wav").exists()


def test_errors_while_writing_are_not_blamed_on_the_source(tokens: Path) -> None:
    with pytest.raises(OSError, match="No space left"), open_tokens(tokens):
        raise OSError(28, "No space left on device")


def test_a_sound_without_permission_says_so(run: Run, tokens: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    opened = Path.open

    def refuse(self: Path, *arguments: object, **options: object) -> object:
        if self.suffix == ".wav":
            raise PermissionError(13, "Permission denied", str(self))
        return opened(self, *arguments, **options)  # type: ignore[call-overload]

    monkeypatch.setattr(Path, "open", refuse)
    refused(run("encode", tokens.with_suffix(".wav"), "-"), "a.wav: cannot be read (Permission denied)")


def test_the_longest_names_are_written(run: Run, tokens: Path) -> None:
    target = tokens.with_name(83 * "あ" + "ab.fsq")
    assert len(os.fsencode(target.name)) == 255
    assert run("encode", tokens.with_suffix(".wav"), target, "-n", 1).exit_code == 0
    assert target.read_bytes() == tokens.read_bytes()


def test_a_tag_that_is_too_long_is_named(run: Run, tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    with soundfile.SoundFile(tmp_path / "a.flac", "w", 16_000, 1) as file:
        file.comment = "x" * 40_000
        file.write(np.zeros(100))
    assert run("encode", tmp_path / "a.flac", tmp_path / "a.fsq", "-n", 1).exit_code == 0
    assert caplog.messages == [f"{tmp_path}/a.flac: its tag 'comment' does not fit into a token file and is left out"]


def test_links_and_what_is_left_out_of_a_folder(run: Run, tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    (tmp_path / "in").mkdir()
    (tmp_path / "far").mkdir()
    (tmp_path / "in" / "notes.txt").touch()
    (tmp_path / "in" / "link").symlink_to(tmp_path / "far")
    soundfile.write(tmp_path / "far" / "a.aifc", np.zeros(100), 16_000, format="AIFF")
    assert run("encode", tmp_path / "in", "-o", tmp_path / "out", "-n", 1).exit_code == 0
    assert (tmp_path / "out" / "link" / "a.fsq").exists()
    assert caplog.messages == [f"{tmp_path}/in: 1 file left out: .txt 1"]
