"""`--high-pass` of `encode`, `stream` and `tokenize`, and the note that names it."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import soundfile
from click.testing import Result

from audiocodec import audio
from audiocodec.audio import HighPass
from audiocodec.codec import load
from audiocodec.corpus import open_corpus
from audiocodec.tokens import Tokens

Run = Callable[..., Result]
NOTE = "has a constant offset or rumble below the voice, which costs quality; --high-pass 50 takes it off"


@pytest.fixture(scope="module")
def shifted(speech: np.ndarray, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Stereo at 24 kHz, one channel with an offset, the other with rumble."""
    wav = audio.resample(speech[:, :40_000], 16_000, 24_000)[0]
    rumble = 0.2 * np.sin(2 * np.pi * 20 * np.arange(len(wav)) / 24_000)
    path = tmp_path_factory.mktemp("shifted") / "a.wav"
    soundfile.write(path, np.stack([wav + 0.1, 0.5 * wav + rumble], axis=1), 24_000, "FLOAT")
    return path


def test_files_pipes_and_processes_hold_what_the_filtered_sound_gives(run: Run, shifted: Path, tmp_path: Path) -> None:
    codec = load()
    wav, rate = audio.read(shifted)
    expected = codec.encode(HighPass(rate, 50).push(wav), rate, bitrate="6k").codes
    codec.encode_file(shifted, tmp_path / "library.fsq", bitrate="6k", high_pass=50)
    run("encode", shifted, tmp_path / "file.fsq", "-b", "6k", "--high-pass", 50)
    piped = run("encode", "-", "-", "-b", "6k", "--high-pass", 50, stdin=shifted.read_bytes())
    (tmp_path / "pipe.fsq").write_bytes(piped.stdout_bytes)
    assert "note: " not in piped.stderr
    for name in ("library", "file", "pipe"):
        assert np.array_equal(Tokens.load(tmp_path / f"{name}.fsq").codes, expected)


def test_a_corpus_holds_what_encode_writes(run: Run, shifted: Path, tmp_path: Path) -> None:
    (tmp_path / "in").mkdir()
    shutil.copy(shifted, tmp_path / "in" / "a.wav")
    soundfile.write(tmp_path / "in" / "low.wav", np.zeros(100), 100)
    run("encode", shifted, tmp_path / "a.fsq", "-n", 6, "--high-pass", 50)
    command = ["tokenize", "-i", tmp_path / "in", "-n", 6, "--workers", 0, "-o"]
    for format in ("fsq", "webdataset"):
        made = run(*command, tmp_path / format, "--format", format, "--high-pass", 50)
        assert made.exit_code == 0, made.output
        (item,) = open_corpus(str(tmp_path / format))
        assert np.array_equal(item.tokens.codes, Tokens.load(tmp_path / "a.fsq").codes)
    assert (tmp_path / "fsq" / "a.fsq").read_bytes() == (tmp_path / "a.fsq").read_bytes()
    assert open_corpus(str(tmp_path / "fsq")).manifest["settings"]["high_pass"] == 50
    assert (
        "low.wav,a high-pass at 50 Hz leaves nothing of sound at 100 Hz"
        in (tmp_path / "fsq" / "errors.csv").read_text()
    )
    again = run(*command, tmp_path / "fsq", "--format", "fsq", "--high-pass", "50.0")
    assert again.stderr == f"{tmp_path}/fsq: all 1 shards are there already\n"
    for other in ((), ("--high-pass", 60)):
        refused = run(*command, tmp_path / "fsq", "--format", "fsq", *other)
        assert refused.exit_code == 1
        assert "holds a corpus made with other high_pass; choose another folder" in refused.stderr


def test_corpora_of_before_were_made_without(run: Run, speech_path: Path, tmp_path: Path) -> None:
    command = ["tokenize", "-i", speech_path, "-o", tmp_path, "-n", 1, "--workers", 0, "--format", "fsq"]
    run(*command)
    manifest = json.loads((tmp_path / "manifest.json").read_text())
    del manifest["settings"]["high_pass"]
    (tmp_path / "manifest.json").write_text(json.dumps(manifest))
    assert run(*command, "--high-pass", 50).exit_code == 1
    assert run(*command).exit_code == 0


@pytest.mark.slow
def test_other_processes_give_the_same(run: Run, shifted: Path, tmp_path: Path) -> None:
    sources = [shifted, shutil.copy(shifted, tmp_path / "b.wav")]
    for jobs in (1, 2):
        run("encode", *sources, "-o", tmp_path / str(jobs), "-b", "3k", "--high-pass", 50, "--jobs", jobs)
    files = [(tmp_path / str(jobs) / f"{name}.fsq").read_bytes() for jobs in (1, 2) for name in "ab"]
    assert len(set(files)) == 1


def test_an_offset_costs_nothing_any_more(run: Run, speech: np.ndarray, tmp_path: Path) -> None:
    for name, wav in (("clean", speech[0]), ("shifted", speech[0] + np.float32(0.1))):
        soundfile.write(tmp_path / f"{name}.wav", wav, 16_000, "FLOAT")
        run("encode", tmp_path / f"{name}.wav", tmp_path / f"{name}.fsq", "--high-pass", 50)
    clean, filtered = (Tokens.load(tmp_path / f"{name}.fsq").codes for name in ("clean", "shifted"))
    spoilt = load().encode(speech + np.float32(0.1), 16_000).codes
    assert (clean == filtered).mean() > 0.999
    assert (clean == spoilt).mean() < 0.5


def test_what_is_heard_live_is_what_files_hold(run: Run, shifted: Path, tmp_path: Path) -> None:
    pcm = (soundfile.read(shifted)[0] * 32767).astype("<i2")
    soundfile.write(tmp_path / "a.wav", pcm, 24_000)
    run("encode", tmp_path / "a.wav", tmp_path / "a.fsq", "-b", "12k", "--high-pass", 50)
    expected = load().decode(Tokens.load(tmp_path / "a.fsq").codes[1])[0]
    form = ("-b", "12k", "--channels", 2, "--high-pass", 50, "-o", "-", "--rate", 24_000)
    by_pipe = run("stream", "-i", "-", *form, stdin=pcm.tobytes()).stdout_bytes
    by_file = run("stream", "-i", tmp_path / "a.wav", *form).stdout_bytes
    assert by_pipe == by_file
    heard = np.frombuffer(by_file, "<i2").reshape(-1, 2)[:, 1].astype(np.float32) / 32768
    again = audio.resample(heard[None], 24_000, 16_000)[0, 320:]
    length = min(len(again), len(expected)) - 400
    np.testing.assert_allclose(again[400:length], expected[400:length], atol=2e-3)


def test_a_note_names_it(run: Run, shifted: Path, tmp_path: Path, speech_path: Path) -> None:
    assert run("encode", shifted, tmp_path / "a.fsq").stderr.count(f"note: {NOTE}\n") == 1
    for name, source, options in (
        ("b", shifted, ("--high-pass", 50)),
        ("c", speech_path, ()),
        ("d", shifted, ("-m", "audio-44k")),
    ):
        assert "rumble" not in run("encode", source, tmp_path / f"{name}.fsq", *options).stderr


def test_rumble_in_pauses_does_not_choose_the_model(run: Run, speech: np.ndarray, tmp_path: Path) -> None:
    rumble = 0.3 * np.sin(2 * np.pi * 20 * np.arange(speech.shape[1]) / 16_000)
    soundfile.write(tmp_path / "a.wav", speech[0] + rumble, 16_000, "FLOAT")
    for name, options, model in (("a", (), "audio-44k"), ("b", ("--high-pass", 50), "speech-16k")):
        assert (
            f" s, {model}, "
            in run("encode", tmp_path / "a.wav", tmp_path / f"{name}.fsq", "-m", "auto", *options).stderr
        )


@pytest.mark.parametrize("value", ["-1", "1e-300", "501", "nan", "fast"])
@pytest.mark.parametrize(
    "command", [["encode", "a.wav", "b.fsq"], ["stream", "-i", "-", "-o", "-"], ["tokenize", "-i", "a.wav", "-o", "b"]]
)
def test_bad_values(run: Run, command: list[str], value: str) -> None:
    result = run(*command, "--high-pass", value)
    assert result.exit_code == 2
    assert f"a high-pass at {value!r} Hz cannot be; give 0 (none) or 1 to 500 Hz, such as 50" in result.stderr


def test_where_it_has_no_effect(run: Run, tmp_path: Path) -> None:
    result = run("stream", "--receive", "0", "--high-pass", "50")
    assert result.exit_code == 2
    assert "--high-pass has an effect with --send or without --receive only." in result.stderr
    soundfile.write(tmp_path / "a.wav", np.zeros(100), 100)
    result = run("encode", tmp_path / "a.wav", tmp_path / "a.fsq", "--high-pass", "50")
    assert result.exit_code == 1
    assert (
        result.stderr
        == "error: a high-pass at 50 Hz leaves nothing of sound at 100 Hz; it must be below half of that\n"
    )
