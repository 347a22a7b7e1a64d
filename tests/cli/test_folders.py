"""Folders: clashing names, resuming, several processes, a summary of failures; commands that run no model."""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest
import soundfile

from audiocodec.tokens import Tokens
from tests.cli.conftest import Run
from tests.cli.test_bad_input import heed_ctrl_c


@pytest.fixture
def sounds(tmp_path: Path) -> Path:
    rng = np.random.default_rng(0)
    folder = tmp_path / "in"
    (folder / "deep").mkdir(parents=True)
    for name in ("a.wav", "a.flac", "b.wav", "deep/a.wav"):
        soundfile.write(folder / name, 0.1 * rng.standard_normal(6000), 16_000)
    return folder


def found(folder: Path) -> dict[str, bytes]:
    return {p.relative_to(folder).as_posix(): p.read_bytes() for p in sorted(folder.rglob("*")) if p.is_file()}


def test_names_that_clash_keep_their_suffix(run: Run, sounds: Path, tmp_path: Path) -> None:
    assert run("encode", sounds, "-o", tmp_path / "out", "-n", 1).exit_code == 0
    assert list(found(tmp_path / "out")) == ["a.flac.fsq", "a.wav.fsq", "b.fsq", "deep/a.fsq"]


def test_only_what_still_clashes_is_refused(run: Run, sounds: Path, tmp_path: Path) -> None:
    out = tmp_path / "out"
    result = run("encode", sounds / "a.wav", sounds / "deep" / "a.wav", sounds / "b.wav", "-o", out, "-n", 1)
    assert result.exit_code == 1
    assert f"{sounds}/a.wav: another source has the same name; both would become {out}/a.wav.fsq" in result.stderr
    assert "2 of 3 files failed:" in result.stderr
    assert list(found(out)) == ["b.fsq"]


def test_processes_change_nothing_but_the_time(run: Run, sounds: Path, tmp_path: Path) -> None:
    (sounds / "bad.wav").write_text("text")
    one, two = (run("encode", sounds, "-o", tmp_path / f"{n}", "-n", 2, "--jobs", n) for n in (1, 2))
    assert one.exit_code == two.exit_code == 1
    assert found(tmp_path / "1") == found(tmp_path / "2")
    assert len(found(tmp_path / "1")) == 4
    for result in (one, two):
        *_, summary, sentence = result.stderr.splitlines()
        assert summary == "1 of 5 files failed:"
        assert sentence.startswith(f"  {sounds}/bad.wav: cannot be read as sound")


def test_a_folder_is_resumed(run: Run, sounds: Path, tmp_path: Path) -> None:
    out = tmp_path / "out"
    assert run("encode", sounds, "-o", out, "-n", 1).exit_code == 0
    whole = found(out)
    (out / "b.fsq").unlink()
    (out / "a.wav.fsq").write_text("precious")
    refused = run("encode", sounds, "-o", out, "-n", 1)
    assert (refused.exit_code, refused.stderr.count("error: ")) == (1, 3)
    (out / "b.fsq").unlink()
    result = run("encode", sounds, "-o", out, "-n", 1, "--skip-existing")
    assert result.exit_code == 0
    assert result.stderr.splitlines()[-1] == "skipped 3 of 4 files whose results exist already"
    assert found(out) == whole | {"a.wav.fsq": b"precious"}
    again = run("encode", sounds, "-o", out, "-n", 1, "--skip-existing", "--quiet")
    assert (again.exit_code, again.output) == (0, "")


def test_commands_without_a_model_take_folders(run: Run, sounds: Path, tmp_path: Path) -> None:
    out = tmp_path / "out"
    assert run("encode", sounds, "-o", out, "-n", 2, "-q").exit_code == 0
    assert len(run("verify", out).stdout.splitlines()) == 4
    assert [fields["num_codebooks"] for fields in json.loads(run("info", out, "--json").stdout)] == [2] * 4
    assert run("truncate", out, "-o", tmp_path / "small", "-n", 1).exit_code == 0
    assert list(found(tmp_path / "small")) == list(found(out))
    (out / "b.fsq").write_bytes((out / "b.fsq").read_bytes()[:-50])
    (out / "c.fsq").write_text("text")
    checked = run("verify", out, "--quiet")
    assert (checked.exit_code, checked.stdout) == (1, "")
    assert checked.stderr.splitlines()[-1] == "2 of 5 files are damaged or cannot be read"
    shown = run("info", out)
    assert (shown.exit_code, shown.stdout.count("num_codebooks")) == (1, 4)
    assert "1 of 5 files failed" in shown.stderr
    (tmp_path / "none").mkdir()
    for command in (["verify"], ["info"], ["truncate", "-o", "x", "-n", 1]):
        result = run(*command, tmp_path / "none")
        assert (result.exit_code, result.stderr.count("\n")) == (1, 1)
        assert "no token file (.fsq) found here" in result.stderr


def test_output_names_a_file_a_folder_or_a_pipe(run: Run, sounds: Path, tmp_path: Path) -> None:
    assert run("encode", sounds / "b.wav", "-o", tmp_path / "x.fsq", "-n", 1).exit_code == 0
    assert run("encode", sounds / "b.wav", "-o", tmp_path / "folder", "-n", 1).exit_code == 0
    assert run("encode", sounds / "b.wav", f"{tmp_path}/slash/", "-n", 1).exit_code == 0
    assert list(found(tmp_path / "slash")) == ["b.fsq"]
    piped = run("encode", sounds / "b.wav", "-o", "-", "-n", 1).stdout_bytes
    written = (tmp_path / "x.fsq").read_bytes()
    assert (tmp_path / "folder" / "b.fsq").read_bytes() == written
    assert len(piped) == len(written)  # its header does not know the number of samples, its end does
    (tmp_path / "piped.fsq").write_bytes(piped)
    assert np.array_equal(Tokens.load(tmp_path / "piped.fsq").codes, Tokens.load(tmp_path / "x.fsq").codes)
    assert run("truncate", "-", "-", "-n", 1, stdin=piped).stdout_bytes == piped


@pytest.mark.slow
@pytest.mark.skipif(sys.platform == "win32", reason="needs POSIX signals")
def test_interrupting_processes_leaves_nothing(tmp_path: Path) -> None:
    (tmp_path / "in").mkdir()
    for name in "ab":
        soundfile.write(tmp_path / "in" / f"{name}.wav", np.zeros(16_000 * 600), 16_000)
    command = [sys.executable, "-m", "audiocodec", "encode", "in", "-o", "out", "--jobs", "2"]
    process = subprocess.Popen(
        command, stderr=subprocess.PIPE, text=True, cwd=tmp_path, preexec_fn=heed_ctrl_c, start_new_session=True
    )
    while len(list(tmp_path.glob("out/.*.part"))) < 2 and process.poll() is None:
        time.sleep(0.01)
    os.killpg(process.pid, signal.SIGINT)  # as a terminal does
    assert process.communicate(timeout=60)[1] == "interrupted\n"
    assert process.returncode == 130
    assert list((tmp_path / "out").rglob("*")) == []
    shutil.rmtree(tmp_path / "in")
