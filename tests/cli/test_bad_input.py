"""Whatever comes in: one sentence, exit code 1, nothing overwritten, nothing left behind."""

from __future__ import annotations

import os
import resource
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

Run = Callable[..., Result]


def refused(result: Result, *words: str) -> None:
    assert result.exit_code == 1
    lines = result.stderr.strip().splitlines()
    assert len(lines) == 1
    assert lines[0].startswith("error: ")
    for word in words:
        assert word in lines[0]


def wav_bytes(samples: np.ndarray, rate: int = 16_000, subtype: str = "PCM_16") -> bytes:
    import io

    out = io.BytesIO()
    soundfile.write(out, samples, rate, format="WAV", subtype=subtype)
    return out.getvalue()


NOISE = 0.1 * np.random.default_rng(0).standard_normal(4000)


def _with(value: float) -> np.ndarray:
    samples = NOISE.copy()
    samples[1000] = value
    return samples


BAD = {
    "empty": (b"", "is empty"),
    "text": (b"this is no sound at all\n" * 50, "cannot be read as sound"),
    "nan": (wav_bytes(_with(np.nan), subtype="FLOAT"), "NaN"),
    "infinite": (wav_bytes(_with(np.inf), subtype="DOUBLE"), "NaN or infinite"),
    "cut": (wav_bytes(NOISE)[:3000], "cut short"),
    "header_only": (wav_bytes(NOISE)[:20], "cannot be read as sound"),
}


@pytest.mark.parametrize("kind", BAD)
def test_bad_sound(run: Run, tmp_path: Path, kind: str) -> None:
    data, message = BAD[kind]
    source, target = tmp_path / "in.wav", tmp_path / "out.fsq"
    source.write_bytes(data)
    target.write_text("precious")
    refused(run("encode", source, target, "--force"), "in.wav", message)
    assert target.read_text() == "precious"
    assert sorted(p.name for p in tmp_path.iterdir()) == ["in.wav", "out.fsq"]


LEGAL = {
    "no_samples": (np.zeros(0), 16_000, "PCM_16"),
    "one_sample": (np.ones(1) / 2, 16_000, "PCM_16"),
    "silence": (np.zeros(5000), 16_000, "PCM_16"),
    "8_bit": (NOISE, 16_000, "PCM_U8"),
    "24_bit": (NOISE, 16_000, "PCM_24"),
    "float64": (NOISE, 16_000, "DOUBLE"),
    "192_khz": (NOISE, 192_000, "PCM_16"),
    "8_channels": (np.stack([NOISE] * 8, axis=1), 48_000, "PCM_16"),
    "louder_than_full_scale": (50 * NOISE, 16_000, "FLOAT"),
}


@pytest.mark.parametrize("kind", LEGAL)
def test_unusual_but_legal_sound_keeps_its_length(run: Run, tmp_path: Path, kind: str) -> None:
    samples, rate, subtype = LEGAL[kind]
    source = tmp_path / "in.wav"
    source.write_bytes(wav_bytes(samples, rate, subtype))
    assert run("encode", source, tmp_path / "a.fsq", "-n", 2).exit_code == 0
    assert run("verify", tmp_path / "a.fsq").exit_code == 0
    assert run("info", tmp_path / "a.fsq").exit_code == 0
    assert run("decode", tmp_path / "a.fsq", tmp_path / "out.wav").exit_code == 0
    before, after = soundfile.info(source), soundfile.info(tmp_path / "out.wav")
    assert (after.frames, after.samplerate, after.channels) == (before.frames, before.samplerate, before.channels)


def test_missing_and_folders(run: Run, tmp_path: Path) -> None:
    refused(run("encode", tmp_path / "no.wav", tmp_path / "a.fsq"), "no such file")
    (tmp_path / "folder.wav").mkdir()
    refused(run("encode", tmp_path / "folder.wav", tmp_path / "a.fsq"), "is a folder")
    refused(run("encode", tmp_path / "folder.wav", "-o", tmp_path / "out"), "no sound file found")
    refused(run("decode", tmp_path / "no.fsq", tmp_path / "a.wav"), "no such file")
    refused(run("decode", tmp_path / "folder.wav", tmp_path / "a.wav"), "is a folder")
    refused(run("info", tmp_path / "no.fsq"), "no such file")
    assert [p.name for p in tmp_path.iterdir()] == ["folder.wav"]


def test_pipes_and_names_that_cannot_be(run: Run, speech_path: Path, tmp_path: Path) -> None:
    refused(run("encode", "-", "-", stdin=b""), "standard input: is empty")
    refused(run("decode", "-", "-", stdin=b"nonsense"), "standard input: is not a token file")
    refused(run("verify", tmp_path / "no.fsq"), "no.fsq: no such file")
    odd = Path(os.fsdecode(bytes(tmp_path) + b"/bad\xff name.flac"))
    odd.write_bytes(speech_path.read_bytes())
    assert run("encode", odd, tmp_path / "odd.fsq", "-n", 1).exit_code == 0
    odd.write_bytes(b"nonsense")
    command = [str(Path(sys.executable).with_name("audiocodec")), "encode"]
    done = subprocess.run([*command, odd, tmp_path / "b.fsq"], capture_output=True)
    assert (done.returncode, done.stderr.count(b"\n")) == (1, 1)
    closed = subprocess.run(f"exec {command[0]} encode {speech_path} - >&-", shell=True, stderr=subprocess.PIPE)
    assert (closed.returncode, closed.stderr) == (1, b"error: standard output is closed\n")


def test_the_source_is_never_the_target(run: Run, speech_path: Path, tmp_path: Path) -> None:
    source, link = tmp_path / "a.flac", tmp_path / "link.fsq"
    source.write_bytes(speech_path.read_bytes())
    link.symlink_to(source)
    refused(run("encode", source, link, "--force"), "is the source itself")
    result = run("encode", source, source, "--force")
    assert (result.exit_code, "has the suffix of an audio file" in result.stderr) == (2, True)
    assert source.read_bytes() == speech_path.read_bytes()


def test_links_are_written_through(run: Run, speech_path: Path, tmp_path: Path) -> None:
    (tmp_path / "link.fsq").symlink_to("real.fsq")
    assert run("encode", speech_path, tmp_path / "link.fsq", "-n", 1).exit_code == 0
    assert (tmp_path / "link.fsq").is_symlink()
    assert (tmp_path / "real.fsq").stat().st_size > 300


def heed_ctrl_c() -> None:
    """Background jobs of a shell ignore it, those of nohup SIGHUP, and so would what they start."""
    signal.signal(signal.SIGINT, signal.SIG_DFL)
    signal.signal(signal.SIGHUP, signal.SIG_DFL)


@pytest.mark.slow
@pytest.mark.parametrize(
    ("number", "code"), [(signal.SIGINT, 130), (signal.SIGTERM, 143), (signal.SIGHUP, 129)], ids=lambda n: str(n)
)
def test_interrupting_leaves_nothing(tmp_path: Path, number: int, code: int) -> None:
    source = tmp_path / "long.wav"
    source.write_bytes(wav_bytes(np.zeros(16_000 * 600)))
    command = [str(Path(sys.executable).with_name("audiocodec")), "encode", str(source), str(tmp_path / "a.fsq")]
    process = subprocess.Popen(command, stderr=subprocess.PIPE, text=True, preexec_fn=heed_ctrl_c)
    while not list(tmp_path.glob(".a.fsq*")) and process.poll() is None:
        time.sleep(0.01)
    process.send_signal(number)
    assert process.communicate(timeout=60)[1] == "interrupted\n"
    assert process.returncode == code
    assert list(tmp_path.iterdir()) == [source]


def test_targets_that_cannot_be(run: Run, speech_path: Path, tmp_path: Path) -> None:
    (tmp_path / "a.fsq").write_text("precious")
    refused(run("encode", speech_path, tmp_path / "a.fsq"), "exists already")
    assert (tmp_path / "a.fsq").read_text() == "precious"
    (tmp_path / "folder").mkdir()
    refused(run("encode", speech_path, tmp_path / "folder", "--force"), "is a folder")
    refused(run("encode", speech_path, tmp_path / "a.fsq" / "below.fsq"), "cannot be written")
    refused(run("encode", speech_path, "/proc/audiocodec.fsq"), "cannot be written")
    assert run("encode", speech_path, tmp_path / "a.fsq", "--force").exit_code == 0
    refused(run("decode", tmp_path / "a.fsq", tmp_path / "a.nonsense"), "cannot write .nonsense")
    refused(run("decode", tmp_path / "a.fsq", speech_path), "exists already")
    assert sorted(p.name for p in tmp_path.iterdir()) == ["a.fsq", "folder"]


def test_unknown_model(run: Run, speech_path: Path, tmp_path: Path) -> None:
    refused(run("encode", speech_path, tmp_path / "a.fsq", "-m", "speech-99k"), "no model 'speech-99k'", "speech-16k")
    assert list(tmp_path.iterdir()) == []


def test_damaged_bundles(run: Run, speech_path: Path, tmp_path: Path) -> None:
    bundle = tmp_path / "mine.yaml"
    for text in ("- a list", "name: x", "{", "name: x\nversion: 1\nmodel: {sample_rate: 16000}"):
        bundle.write_text(text)
        (tmp_path / "mine.safetensors").write_bytes(b"nonsense")
        refused(run("encode", speech_path, tmp_path / "a.fsq", "-m", bundle), "mine.")


def test_text_as_tokens(run: Run, tmp_path: Path) -> None:
    source = tmp_path / "a.fsq"
    for data in (b"", b"RIFF....WAVE", b"\x89FSQ"):
        source.write_bytes(data)
        for command in (["decode", source, tmp_path / "a.wav"], ["info", source], ["verify", source]):
            refused(run(*command), "a.fsq")
    assert list(tmp_path.iterdir()) == [source]


def limited(arguments: list[str], limit: int) -> subprocess.CompletedProcess[str]:
    """Run the installed command where no file may grow beyond `limit` bytes, as on a full disk."""

    def prepare() -> None:
        signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
        resource.setrlimit(resource.RLIMIT_FSIZE, (limit, limit))

    command = [str(Path(sys.executable).with_name("audiocodec")), *arguments]
    environment = {k: v for k, v in os.environ.items() if not k.startswith("COVERAGE_")}  # its file could not grow
    return subprocess.run(command, preexec_fn=prepare, capture_output=True, text=True, env=environment)


@pytest.mark.skipif(sys.platform == "win32", reason="needs POSIX file size limits")
def test_full_disk(run: Run, speech_path: Path, tmp_path: Path) -> None:
    tokens, wav = tmp_path / "a.fsq", tmp_path / "a.wav"
    tokens.write_text("precious")
    done = limited(["encode", str(speech_path), str(tokens), "--force"], 2000)
    assert (done.returncode, done.stderr.count("\n")) == (1, 1)
    assert "cannot be written" in done.stderr
    assert tokens.read_text() == "precious"
    assert run("encode", speech_path, tokens, "--force").exit_code == 0
    done = limited(["decode", str(tokens), str(wav)], 20_000)
    assert (done.returncode, done.stderr.count("\n")) == (1, 1)
    assert "cannot be written" in done.stderr
    assert list(tmp_path.iterdir()) == [tokens]
