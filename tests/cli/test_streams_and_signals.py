"""Standard streams that are closed, full or of another encoding, and text that would move the cursor."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import soundfile

from audiocodec._util.terminal import printable
from tests.cli.conftest import Run

COMMAND = str(Path(sys.executable).with_name("audiocodec"))
TITLE = "\x1b]0;X\x07\x1b[2Jhi\nmodel_hash  0000 あ"


def shell(line: str, **environment: str) -> subprocess.CompletedProcess[bytes]:
    return subprocess.run(line, shell=True, capture_output=True, env={**os.environ, **environment})


@pytest.fixture
def tokens(run: Run, tmp_path: Path) -> Path:
    soundfile.write(tmp_path / "a.wav", np.zeros(1000), 16_000)
    assert run("encode", tmp_path / "a.wav", tmp_path / "a.fsq", "-n", 1, "--tag", f"title={TITLE}").exit_code == 0
    return tmp_path / "a.fsq"


def test_control_characters_do_not_reach_the_terminal(run: Run, tokens: Path) -> None:
    shown = run("info", tokens).stdout
    assert "\x1b" not in shown
    assert r"title: \x1b]0;X\x07\x1b[2Jhi\nmodel_hash  0000 あ" in shown
    assert printable("a\u202eb\x7f\x9b") == r"a\u202eb\x7f\x9b"
    odd = tokens.with_name("\x1b[2J.fsq")
    odd.write_bytes(b"nonsense")
    for result in (run("verify", odd), run("verify", tokens, odd), run("decode", odd, "-")):
        assert (result.exit_code, "\x1b" in result.output) == (1, False)


@pytest.mark.slow
def test_standard_error_may_be_closed(tokens: Path) -> None:
    source, target = tokens.with_suffix(".wav"), tokens.with_name("b.fsq")
    assert shell(f"exec {COMMAND} encode {source} {target} -n 1 2>&-").returncode == 0
    assert target.read_bytes()[:4] == b"\x89FSQ"
    assert shell(f"exec {COMMAND} stream -i {source} -o {tokens.with_name('c.wav')} 2>&-").returncode == 0


def test_any_text_is_printed_in_any_encoding(tokens: Path) -> None:
    done = shell(f"{COMMAND} info {tokens}", PYTHONIOENCODING="cp1252")
    assert done.returncode == 0
    assert rb"0000 \u3042" in done.stdout


@pytest.mark.slow
@pytest.mark.skipif(not Path("/dev/full").exists(), reason="needs /dev/full")
def test_a_full_standard_output_is_one_sentence(tokens: Path) -> None:
    for arguments in ("--help", f"info {tokens}"):
        done = shell(f"{COMMAND} {arguments} > /dev/full")
        assert (done.returncode, done.stderr.count(b"\n")) == (1, 1)
        assert done.stderr.startswith(b"error: ")
