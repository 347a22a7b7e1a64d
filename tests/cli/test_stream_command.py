"""`audiocodec stream`: pipes, files, two processes on loopback, and whatever does not go."""

from __future__ import annotations

import contextlib
import importlib
import itertools
import json
import signal
import socket
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import pytest
import soundfile
from click.testing import Result

from audiocodec import live
from audiocodec._util import extras
from audiocodec.codec import load
from tests.cli.test_bad_input import heed_ctrl_c, refused

Run = Callable[..., Result]
COMMAND = [str(Path(sys.executable).with_name("audiocodec")), "stream"]


def test_pipes_are_the_codec(run: Run, speech: np.ndarray) -> None:
    pcm = (speech[0, :16_000] * 32768).astype("<i2")
    result = run("stream", "-i", "-", "-o", "-", "-n", 6, stdin=pcm.tobytes())
    assert result.exit_code == 0
    assert "1 s, 3.0 kbit/s, delay 40 ms" in result.stderr
    heard = np.frombuffer(result.stdout_bytes, "<i2")[320:][:16_000] / 32768
    codec = load()
    expected = codec.decode(codec.encode(pcm.astype(np.float32) / 32768, 16_000, num_codebooks=6))[0]
    np.testing.assert_allclose(heard, np.clip(expected, -1, 1), atol=1.1 / 32768)


def test_files_and_no_overwriting(run: Run, speech_path: Path, tmp_path: Path) -> None:
    target = tmp_path / "out.wav"
    assert run("stream", "-i", speech_path, "-o", target, "-b", "3k").exit_code == 0
    assert soundfile.info(target).duration == pytest.approx(soundfile.info(speech_path).duration, abs=0.05)
    refused(run("stream", "-i", speech_path, "-o", target), "exists already")
    assert run("stream", "-i", speech_path, "-o", target, "--force").exit_code == 0
    assert [p.name for p in tmp_path.iterdir()] == ["out.wav"]


def test_stereo_that_becomes_mono_is_said(run: Run, tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    source = tmp_path / "a.wav"
    soundfile.write(source, np.zeros((3200, 2)), 16_000)
    assert run("stream", "-i", source, "-o", tmp_path / "b.wav").exit_code == 0
    assert run("stream", "-i", source, "-o", tmp_path / "c.wav", "--channels", 2).exit_code == 0
    assert caplog.messages == [f"{source}: its 2 channels are mixed to one"]


TOO_LARGE = ["--send", "127.0.0.1:9", "--receive", "0", "--channels", "2", "--packet-frames", "40", "--repeat", "auto"]


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["-i", "no.wav", "-o", "-"], ["no.wav", "no such file"]),
        (["--receive", "203.0.113.1:9", "-o", "-"], ["cannot be listened at"]),
        (["--key-file", "none", "--receive", "0", "-o", "-"], ["none: not a key", "openssl rand -hex 32"]),
        (["-m", "speech-99k", "-i", "-"], ["no model 'speech-99k'"]),
        (["-n", "13", "-i", "-", "-o", "-"], ["must be 1 to 12"]),
        (["-i", "-", "-o", "a.nonsense"], ["cannot write .nonsense"]),
        (["-i", "-", "--send", "127.0.0.1:9", "-n", "6", "--repeat", "7"], ["--repeat 7 is more than the 6 codebooks"]),
        (["-i", "-", "-o", "-", *TOO_LARGE], ["a packet of 40 frames", "the limit is 1400; put fewer frames"]),
    ],
)
def test_one_sentence(
    run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, arguments: list[str], words: list[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    result = run("stream", *arguments, stdin=b"")
    lines = [line for line in result.stderr.splitlines() if not line.startswith("listening at")]
    assert (result.exit_code, len(lines)) == (1, 1)
    for word in words:
        assert word in lines[0]
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    "arguments",
    [
        ["--send", "127.0.0.1:1", "--receive", "1", "--key-file", "k"],
        ["--receive", "1", "--receive-key-file", "k"],
        ["--channels", "3"],
        ["--send", "127.0.0.1:1", "-o", "-"],
        ["--receive", "1", "-i", "-"],
        ["-b", "3k", "-n", "3"],
        ["--rate", "1"],
        ["-i", "-", "-o", "-", "--repeat", "1"],
        ["-i", "-", "-o", "-", "--duration", "1"],
        ["-i", "-", "--send", "127.0.0.1:1", "--repeat", "auto"],
        ["-i", "-", "--send", "127.0.0.1:1", "--repeat", "-1"],
        ["--receive", "1", "--packet-frames", "1"],
        ["--receive", "1", "-o", "no/a.wav", "-n", "3"],
        ["--receive", "1", "-o", "no/a.wav", "-b", "3k"],
        ["--send", "127.0.0.1:1", "--jitter", "3"],
        ["-i", "-", "-o", "-", "--key-file", "k"],
        ["-i", "no.flac", "-o", "a.wav", "--rate", "8000"],
        ["--receive", "1", "-o", "no/a.wav", "--rate", "8000"],
        ["-i", "no.flac", "--input-device", "1"],
        ["--receive", "1", "-o", "no/a.wav", "--input-device", "1"],
        ["-i", "no.flac", "-o", "a.wav", "--output-device", "1"],
        ["-i", "no.flac", "--send", "127.0.0.1:1", "--output-device", "1"],
    ],
)
def test_misuse(run: Run, arguments: list[str]) -> None:
    assert run("stream", *arguments).exit_code == 2


def test_both_directions_follow_reports(
    run: Run, monkeypatch: pytest.MonkeyPatch, speech_path: Path, tmp_path: Path
) -> None:
    """To itself: one program that hears what it sends, but for one packet in eight, and its own reports.

    It reports losses after a second, heeds that after two, and can repair from then on.
    """
    port, short, heard = free_port(), tmp_path / "short.wav", tmp_path / "heard.wav"
    soundfile.write(short, soundfile.read(speech_path)[0][:72_000], 24_000)
    numbers, send = itertools.count(), live.UdpSender.send
    monkeypatch.setattr(
        live.UdpSender, "send", lambda sender, data: None if next(numbers) % 8 == 5 else send(sender, data)
    )
    ends = ["--send", f"127.0.0.1:{port}", "--receive", port, "--repeat", "auto", "--idle-timeout", 1]
    result = run("stream", "-i", short, "-o", heard, *ends, "--jitter", 10, "--stats", "json")
    assert result.exit_code == 0
    last = json.loads(result.stderr.splitlines()[-1])
    assert last["bytes"] > 500
    assert last["frames_repaired"] > 1
    assert not any(last.get(f"packets_{reason}") for reason in ("damaged", "wrong_key", "wrong_stream"))


@pytest.mark.parametrize(
    "arguments",
    [["--send", "nowhere", "-i", "-"], ["--send", "127.0.0.1:0", "-i", "-"], ["--receive", "1.2.3.4.5:x", "-o", "-"]],
)
def test_no_address_is_misuse(run: Run, arguments: list[str]) -> None:
    result = run("stream", *arguments)
    assert result.exit_code == 2
    assert f"{arguments[1]!r} is not an address; write " in result.stderr


def test_missing_extras_are_named(run: Run, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    (tmp_path / "key").write_text("00" * 32)
    real = importlib.import_module

    def missing(module: str) -> object:
        if module.split(".")[0] in ("sounddevice", "cryptography"):
            raise ModuleNotFoundError(f"No module named {module!r}")
        return real(module)

    monkeypatch.setattr(extras.importlib, "import_module", missing)
    words = "is not installed; get it with: pip install 'audiocodec[stream]'"
    refused(run("stream", "--devices"), "sounddevice", words)
    refused(run("stream", "--receive", "0", "--key-file", tmp_path / "key", "-o", "-"), "cryptography", words)


def free_port() -> int:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@contextlib.contextmanager
def killed(process: subprocess.Popen[str]) -> Iterator[None]:
    """Whatever happens, the process does not outlive the block."""
    try:
        yield
    finally:
        process.kill()


@pytest.mark.slow
def test_two_processes_on_loopback(speech_path: Path, tmp_path: Path) -> None:
    """Real processes, real sockets, encrypted; nothing depends on how fast they are."""
    (tmp_path / "key").write_text("ab" * 32)
    key = ["--key-file", str(tmp_path / "key")]
    port = free_port()
    listening = [*COMMAND, "--receive", str(port), "-o", str(tmp_path / "out.wav"), "--jitter", "5", *key]
    short = tmp_path / "short.wav"
    wav, rate = soundfile.read(speech_path)
    soundfile.write(short, wav[: 2 * rate], rate)
    listener = subprocess.Popen(listening, stderr=subprocess.PIPE, text=True, preexec_fn=heed_ctrl_c)
    with listener, killed(listener):
        assert listener.stderr is not None
        assert listener.stderr.readline() == f"listening at 127.0.0.1:{port}\n"
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as stranger:
            stranger.sendto(b"\xe1" + bytes(60), ("127.0.0.1", port))
        sending = [*COMMAND, "-i", str(short), "--send", f"127.0.0.1:{port}", *key]
        done = subprocess.run(sending, capture_output=True, text=True, timeout=240)
        assert done.returncode == 0, done.stderr
        listener.send_signal(signal.SIGINT)
        words = listener.communicate(timeout=60)[1]
    assert listener.returncode == 130
    assert words.splitlines()[-1] == "interrupted"
    assert "packets wrong key 1" in words
    assert "packets lost" not in words
    heard, _ = soundfile.read(tmp_path / "out.wav")
    assert np.abs(heard).max() > 0.05


def test_nothing_sent_is_a_failure(run: Run, speech_path: Path) -> None:
    result = run("stream", "-i", speech_path, "--send", "255.255.255.255:9", "-n", 1)
    assert result.exit_code == 1
    assert "255.255.255.255:9: nothing could be sent (" in result.stderr
    assert "packets unsent" in result.stderr


def test_a_listener_that_hears_nothing_ends_by_itself(run: Run, tmp_path: Path) -> None:
    target = tmp_path / "out.wav"
    result = run("stream", "--receive", 0, "-o", target, "--idle-timeout", 1.5, "--stats", "json", "--channels", 2)
    assert result.exit_code == 0
    lines = [json.loads(line) for line in result.stderr.splitlines() if line.startswith("{")]
    assert [line["seconds"] for line in lines] == [1.0, 1.5]
    assert lines[-1]["packets_lost"] == 0
    assert soundfile.info(target).channels == 2
    assert soundfile.info(target).duration == pytest.approx(1.5)
