"""However a live recording ends, what came until then is a whole file."""

from __future__ import annotations

import signal
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import soundfile

from audiocodec.live import devices, sources
from tests.cli.conftest import Run
from tests.cli.test_bad_input import heed_ctrl_c, limited
from tests.cli.test_stream_command import free_port, killed

KEPT = r"s received before are kept in "


class PortAudioError(Exception):
    pass


class Microphone:
    """Two seconds of sound, and then whatever `end` does."""

    def __init__(self, end: object) -> None:
        self.end, self.blocks = end, 0

    def read(self, block: int) -> tuple[np.ndarray, bool]:
        self.blocks += 1
        if self.blocks > 100:
            if isinstance(self.end, Exception):
                raise self.end
            return np.full((block, 1), self.end, np.float32), False
        return np.zeros((block, 1), np.float32), False

    def close(self) -> None:
        pass


@pytest.fixture
def microphone(monkeypatch: pytest.MonkeyPatch) -> Microphone:
    fake = Microphone(PortAudioError("Unanticipated host error\nand more"))
    package = type("sounddevice", (), {"PortAudioError": PortAudioError})
    monkeypatch.setattr(devices, "sound_devices", lambda: package)
    monkeypatch.setattr(sources.devices, "open_stream", lambda *arguments: (fake, 16_000))
    return fake


@pytest.mark.parametrize(
    ("end", "words"),
    [
        (PortAudioError("Unanticipated host error\nand more"), "the microphone stopped working (Unanticipated host"),
        (float("nan"), "the microphone: holds NaN"),
    ],
)
def test_a_failing_microphone(run: Run, microphone: Microphone, tmp_path: Path, end: object, words: str) -> None:
    microphone.end = end
    result = run("stream", "-o", tmp_path / "rec.wav", "-n", 1)
    assert result.exit_code == 1
    lines = [line for line in result.stderr.splitlines() if line.startswith("error: ")]
    assert len(lines) == 1
    assert words in lines[0]
    assert KEPT + str(tmp_path / "rec.wav") in lines[0]
    assert soundfile.info(tmp_path / "rec.wav").frames == 100 * 320
    assert [p.name for p in tmp_path.iterdir()] == ["rec.wav"]


def test_a_recording_that_holds_nothing_is_not_kept(run: Run, microphone: Microphone, tmp_path: Path) -> None:
    microphone.blocks = 100
    (tmp_path / "rec.wav").write_text("precious")
    assert run("stream", "-o", tmp_path / "rec.wav", "-n", 1, "--force").exit_code == 1
    assert (tmp_path / "rec.wav").read_text() == "precious"


@pytest.mark.slow
@pytest.mark.skipif(sys.platform == "win32", reason="needs POSIX file size limits")
@pytest.mark.parametrize("suffix", [".wav", ".flac"])
def test_a_full_disk(speech_path: Path, tmp_path: Path, suffix: str) -> None:
    target = tmp_path / f"rec{suffix}"
    done = limited(["stream", "-i", str(speech_path), "-o", str(target), "-n", "1"], 50_000)
    assert done.returncode == 1
    assert f"error: {target}: cannot be written" in done.stderr
    assert KEPT in done.stderr
    assert [p.name for p in tmp_path.iterdir()] == [target.name]
    if suffix == ".wav":
        assert 40_000 < 2 * len(soundfile.read(target)[0]) < 50_000


@pytest.mark.slow
@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGHUP], ids=lambda n: n.name)
def test_a_signal(tmp_path: Path, number: signal.Signals) -> None:
    target = tmp_path / "rec.wav"
    command = [str(Path(sys.executable).with_name("audiocodec")), "stream"]
    listening = [*command, "--receive", str(free_port()), "-o", str(target)]
    process = subprocess.Popen(listening, stderr=subprocess.PIPE, text=True, preexec_fn=heed_ctrl_c)
    with process, killed(process):
        assert process.stderr is not None
        assert process.stderr.readline().startswith("listening at")
        process.send_signal(number)
        assert process.communicate(timeout=60)[1].splitlines()[-1] == "interrupted"
    assert process.returncode == 128 + number
    assert soundfile.info(target).samplerate == 16_000
    assert list(tmp_path.iterdir()) == [target]
