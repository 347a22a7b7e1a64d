"""Parts, tags, repair, and files that are read while they are written or whose writer is killed."""

from __future__ import annotations

import json
import os
import re
import select
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import soundfile
from click.testing import Result

from audiocodec.tokens import Tokens, verify
from audiocodec.tokens.recovery.scan import scanned

Run = Callable[..., Result]
COMMAND = str(Path(sys.executable).with_name("audiocodec"))
GOLDEN = Path(__file__).parents[1] / "golden"


@pytest.fixture(scope="module")
def encoded(tmp_path_factory: pytest.TempPathFactory, speech_path: Path) -> Path:
    from audiocodec import encode_file

    path = tmp_path_factory.mktemp("encoded") / "speech.fsq"
    encode_file(speech_path, path)
    return path


def test_a_part(run: Run, encoded: Path, tmp_path: Path) -> None:
    assert run("decode", encoded, tmp_path / "whole.wav").exit_code == 0
    result = run("decode", encoded, tmp_path / "part.wav", "--start", 2.5, "--duration", 1)
    assert result.exit_code == 0
    assert "1.00 s" in result.stderr
    whole, part = (soundfile.read(tmp_path / name)[0] for name in ("whole.wav", "part.wav"))
    np.testing.assert_allclose(part, whole[60_000:84_000], atol=1e-4)
    late = run("decode", encoded, tmp_path / "late.wav", "--start", 6)
    assert (late.exit_code, "holds 5.324 s, nothing is left of it" in late.stderr) == (1, True)
    assert not (tmp_path / "late.wav").exists()


@pytest.mark.parametrize("suffix", [".flac", ".ogg", ".wav"])
def test_tags_go_through(run: Run, speech: np.ndarray, tmp_path: Path, suffix: str) -> None:
    source, tokens, back = tmp_path / f"a{suffix}", tmp_path / "a.fsq", tmp_path / f"b{suffix}"
    with soundfile.SoundFile(source, "w", 16_000, 1) as file:
        file.title, file.artist, file.comment = "Größe", "Anna", "x" * 500
        file.write(speech[0, :8000])
    assert run("encode", source, tokens, "-n", 1, "--tag", "speaker=a=b", "--tag", "artist=Bea").exit_code == 0
    metadata = json.loads(run("info", tokens, "--json").stdout)["metadata"]
    assert metadata == {"title": "Größe", "artist": "Bea", "comment": "x" * 500, "speaker": "a=b"}
    assert "title: Größe" in run("info", tokens).stdout
    assert run("truncate", tokens, tmp_path / "c.fsq", "-n", 1).exit_code == 0
    assert Tokens.load(tmp_path / "c.fsq").header.metadata == metadata
    assert run("decode", tokens, back).exit_code == 0
    with soundfile.SoundFile(back) as file:
        assert (file.title, file.artist, file.comment) == ("Größe", "Bea", "x" * 500)


def test_too_much_text_is_refused(run: Run, speech_path: Path, tmp_path: Path) -> None:
    result = run("encode", speech_path, tmp_path / "a.fsq", "--tag", "text=" + "x" * 40_000)
    assert (result.exit_code, "more than 32768 bytes" in result.stderr) == (1, True)
    assert list(tmp_path.iterdir()) == []


def test_repair(run: Run, encoded: Path, tmp_path: Path) -> None:
    broken, whole = tmp_path / "broken.fsq", tmp_path / "whole.fsq"
    broken.write_bytes(encoded.read_bytes()[:-40])
    assert run("decode", broken, tmp_path / "a.wav").exit_code == 1
    assert "audiocodec repair" in run("decode", broken, tmp_path / "a.wav", "--start", 1).stderr
    result = run("repair", broken, whole)
    assert result.exit_code == 0
    assert "pages kept: 5" in result.stderr or "pages kept: 6" in result.stderr
    assert verify(whole) == []
    assert run("repair", broken, whole).exit_code == 1
    assert run("repair", broken, "--force").exit_code == 0
    assert broken.read_bytes() == whole.read_bytes()
    (tmp_path / "text.fsq").write_text("text")
    assert run("repair", tmp_path / "text.fsq", "--force").exit_code == 1
    broken.write_bytes(encoded.read_bytes()[:-40])
    assert run("repair", "-", "-", stdin=broken.read_bytes()).stdout_bytes == whole.read_bytes()
    assert run("repair", "-", "--force", stdin=broken.read_bytes()).exit_code == 2
    assert (tmp_path / "text.fsq").read_text() == "text"


def test_info_tells_strides_where_there_are_any(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AUDIOCODEC_MODELS", str(GOLDEN))
    assert json.loads(run("info", GOLDEN / "v4.fsq", "--json").stdout)["strides"] == [1, 1, 5]
    assert re.search(r"^strides +\[1, 1, 5\]$", run("info", GOLDEN / "v4.fsq").stdout, re.M)
    assert "strides" not in run("info", GOLDEN / "v3.fsq").stdout


@pytest.mark.parametrize("command", [["repair", "b.fsq"], ["convert", "b.npz"]])
def test_names_move_no_cursor(run: Run, encoded: Path, tmp_path: Path, command: list[str]) -> None:
    source = tmp_path / "a\x1b[2J.fsq"
    source.write_bytes(encoded.read_bytes())
    told = run(command[0], source, tmp_path / command[1]).stderr
    assert ("\x1b" in told, "a\\x1b[2J.fsq" in told) == (False, True)


def read_exactly(pipe: int, size: int) -> bytes:
    data = b""
    while len(data) < size:
        assert select.select([pipe], [], [], 60)[0], f"only {len(data)} bytes came"
        more = os.read(pipe, size - len(data))
        assert more, "the pipe ended early"
        data += more
    return data


def test_sound_comes_as_tokens_do(encoded: Path) -> None:
    """A page in, its sound out, while the pipe stays open."""
    data = encoded.read_bytes()
    with scanned(encoded) as scan:
        ends = [span.end for span in scan.spans()]
    with subprocess.Popen([COMMAND, "decode", "-", "-"], stdin=-1, stdout=-1, stderr=-1) as process:
        assert process.stdin is not None
        assert process.stdout is not None
        process.stdin.write(data[: ends[0]])
        process.stdin.flush()
        sound = read_exactly(process.stdout.fileno(), 44 + 2 * 12_000)  # of the page's 24000, less what is held back
        process.stdin.write(data[ends[0] : ends[1]])
        process.stdin.flush()
        sound += read_exactly(process.stdout.fileno(), 2 * 22_000)
        rest, errors = process.communicate(data[ends[1] :], timeout=60)
    assert process.returncode == 0, errors
    samples = np.frombuffer((sound + rest)[44:], "<i2")
    assert len(samples) == 127_788
    from audiocodec import load

    expected = load().decode(Tokens.load(encoded))[0]
    np.testing.assert_allclose(samples / 32767, np.clip(expected, -1, 1), atol=1e-4)


def test_a_pipe_that_breaks_off_gives_what_came(encoded: Path) -> None:
    data = encoded.read_bytes()
    done = subprocess.run([COMMAND, "decode", "-", "-"], input=data[: len(data) // 2], capture_output=True)
    assert done.returncode == 1
    assert done.stderr.startswith(b"error: standard input: is cut short inside page")
    assert done.stderr.count(b"\n") == 1
    assert len(done.stdout) > 2 * 24_000


@pytest.mark.slow
@pytest.mark.skipif(sys.platform == "win32", reason="needs SIGKILL")
def test_killed_writers(tmp_path: Path) -> None:
    """Killed at any moment: whole pages in a pipe, no file under the final name."""
    source, target = tmp_path / "long.wav", tmp_path / "a.fsq"
    soundfile.write(source, 0.1 * np.random.default_rng(0).standard_normal(16_000 * 120), 16_000)
    with subprocess.Popen([COMMAND, "encode", str(source), "-"], stdout=-1, stderr=-1) as process:
        assert process.stdout is not None
        data = read_exactly(process.stdout.fileno(), 5000)
        process.send_signal(signal.SIGKILL)
        data += process.stdout.read()
    target.write_bytes(data)
    done = subprocess.run([COMMAND, "repair", str(target), "--force"], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    assert verify(target) == []
    assert Tokens.load(target).codes.shape[2] >= 300
    target.unlink()
    with subprocess.Popen([COMMAND, "encode", str(source), str(target)], stderr=-1) as process:
        while not any(p.stat().st_size > 2000 for p in tmp_path.glob(".a.fsq*")):
            time.sleep(0.01)
        process.send_signal(signal.SIGKILL)
    assert process.returncode == -signal.SIGKILL
    assert not target.exists()
