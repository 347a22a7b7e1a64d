"""cut, join and tag; times of damage; notes; the choice of a model; completion."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import soundfile
from click.shell_completion import BashComplete

from audiocodec.cli import main
from audiocodec.cli.bandwidth import power_above
from audiocodec.cli.choice import choose_model, level_spread
from audiocodec.cli.options import parse_time
from audiocodec.tokens import Tokens
from tests.cli.conftest import Run
from tests.cli.test_bad_input import refused


@pytest.fixture(scope="module")
def encoded(tmp_path_factory: pytest.TempPathFactory, speech_path: Path) -> Path:
    from audiocodec import encode_file

    path = tmp_path_factory.mktemp("encoded") / "speech.fsq"
    encode_file(speech_path, path, num_codebooks=3)
    return path


@pytest.mark.parametrize(
    ("text", "seconds"),
    [("83.5", 83.5), ("1:23", 83), ("1:02:03.5", 3723.5), ("0:00", 0), (".5", 0.5), ("90:00", 5400), ("61", 61)]
    + [(text, None) for text in ("", "-1", "1:60", "1:60:00", "1:2:3:4", "1e3", "nan", "1m", ":5", "1:")],
)
def test_times(text: str, seconds: float | None) -> None:
    assert parse_time(text) == seconds


def test_parts_are_decoded_by_times_as_people_write_them(run: Run, encoded: Path, tmp_path: Path) -> None:
    part = tmp_path / "part.wav"
    assert run("decode", encoded, part, "--start", "0:02.5", "--duration", "0:01").exit_code == 0
    assert soundfile.info(part).frames == 24_000


def test_cut_and_join(run: Run, encoded: Path, tmp_path: Path) -> None:
    a, b, both = tmp_path / "a.fsq", tmp_path / "b.fsq", tmp_path / "both.fsq"
    assert run("cut", encoded, a, "--duration", 2).exit_code == 0
    cut = run("cut", encoded, "-o", b, "--start", "0:02")
    assert "00:02.0 to 00:05.3, samples 48000 to 127788" in cut.stderr
    assert run("join", a, b, "-o", both).exit_code == 0
    assert both.read_bytes() == encoded.read_bytes()
    assert run("cut", "-", "-", "--duration", 2, stdin=encoded.read_bytes()).stdout_bytes == a.read_bytes()
    assert run("join", a, b, "-o", "-", "-q").stdout_bytes == both.read_bytes()
    refused(run("cut", encoded, tmp_path / "c.fsq", "--start", "1:00"), "holds 5.324 s, nothing is left")
    refused(run("join", a, b, "-o", both), "exists already")
    refused(run("join", a, b, "-o", a, "--force"), "is one of the files to join")
    refused(run("join", a, tmp_path / "none.fsq", "-o", tmp_path / "c.fsq"), "no such file")
    assert run("truncate", b, tmp_path / "d.fsq", "-n", 1).exit_code == 0
    refused(run("join", a, tmp_path / "d.fsq", "-o", tmp_path / "c.fsq"), "another number of codebooks", "truncate")
    assert not (tmp_path / "c.fsq").exists()


def test_a_cut_sounds_like_the_whole(run: Run, encoded: Path, tmp_path: Path) -> None:
    """As docs/format.md says: after 100 ms the same but for the decoder's noise, which is above 2 kHz."""
    assert run("cut", encoded, tmp_path / "a.fsq", "--start", 2).exit_code == 0
    for source, name in ((encoded, "whole.wav"), (tmp_path / "a.fsq", "a.wav")):
        assert run("decode", source, tmp_path / name).exit_code == 0
    whole, part = (soundfile.read(tmp_path / name)[0] for name in ("whole.wav", "a.wav"))
    assert len(part) == len(whole) - 48_000
    below = [np.fft.rfft(x[2400:])[: int(2000 / 24_000 * (len(part) - 2400))] for x in (part, whole[48_000:])]
    assert np.square(np.abs(below[0] - below[1])).sum() < 3e-3 * np.square(np.abs(below[1])).sum()


def test_tag(run: Run, encoded: Path, tmp_path: Path) -> None:
    path = tmp_path / "a.fsq"
    path.write_bytes(encoded.read_bytes())
    result = run("tag", path, "--set", "title=A=b", "--set", "artist=Anna")
    assert (result.exit_code, result.stderr) == (0, f"{path}: artist, title\n")
    assert run("tag", path).stdout == "artist=Anna\ntitle=A=b\n"
    assert run("tag", path, "--remove", "artist", "-o", tmp_path / "b.fsq", "-q").exit_code == 0
    assert run("tag", tmp_path).stdout.splitlines() == [
        f"{path}: artist=Anna",
        f"{path}: title=A=b",
        f"{tmp_path}/b.fsq: title=A=b",
    ]
    refused(run("tag", path, "--remove", "nonsense"), "has no tag 'nonsense' (its tags: artist, title)")
    refused(run("tag", path, "--set", "a=" + "x" * 40_000), "more than 32768 bytes")
    assert run("tag", path, "--clear", "--set", "date=2026").exit_code == 0
    assert run("tag", path).stdout == "date=2026\n"
    np.testing.assert_array_equal(Tokens.load(path).codes, Tokens.load(encoded).codes)
    assert sorted(p.name for p in tmp_path.iterdir()) == ["a.fsq", "b.fsq"]


def test_damage_has_its_times(run: Run, encoded: Path, tmp_path: Path) -> None:
    data = bytearray(encoded.read_bytes())
    data[len(data) // 2] ^= 16
    (tmp_path / "flipped.fsq").write_bytes(data)
    (tmp_path / "cut.fsq").write_bytes(data[: len(data) // 3])
    flipped, cut = run("verify", tmp_path / "flipped.fsq"), run("verify", tmp_path / "cut.fsq")
    assert "(checksum does not match); sound is lost from 00:02.0 to 00:03.0\n" in flipped.stderr
    assert "sound is lost from 00:01.0 to 00:05.3\n" in cut.stderr
    assert "the seek table at the end is missing" in cut.stderr
    for result in (flipped, cut):
        assert "'audiocodec decode --salvage'" in result.stderr
        assert "'audiocodec repair'" in result.stderr
    for name, result in (("flipped.fsq", flipped), ("cut.fsq", cut)):
        said = run("decode", tmp_path / name, tmp_path / "a.wav")
        first = result.stderr.splitlines()[0]
        assert said.stderr.startswith(f"{first}; 'audiocodec decode --salvage' decodes what is there, ")
    shown = run("info", tmp_path / "cut.fsq")
    assert (shown.exit_code, "sound is lost from 00:01.0 to 00:05.3" in shown.stdout) == (0, True)


def test_notes(run: Run, tmp_path: Path) -> None:
    noise = 0.1 * np.random.default_rng(0).standard_normal(44_100)
    soundfile.write(tmp_path / "wide.wav", noise, 44_100)
    soundfile.write(tmp_path / "low.wav", np.sin(np.arange(44_100) / 50), 44_100)
    wide = run("encode", tmp_path / "wide.wav", tmp_path / "a.fsq", "-b", "64k").stderr
    assert "note: 64 kbit/s was asked for, but speech-16k has 12 codebooks: 5.95 kbit/s at most for mono\n" in wide
    assert "note: holds sound above 8 kHz, which speech-16k does not keep; audio-44k does (-m audio-44k)\n" in wide
    assert "note: " not in run("encode", tmp_path / "low.wav", tmp_path / "b.fsq", "-b", "5k").stderr
    assert "note: " not in run("encode", tmp_path / "wide.wav", tmp_path / "c.fsq", "--quiet").stderr
    both = run("encode", tmp_path, "-o", tmp_path / "out").stderr
    assert "note: 1 of 2 files: holds sound above 8 kHz" in both


def test_power_above_an_edge() -> None:
    time = np.arange(44_100) / 44_100
    wav = np.sin(2 * np.pi * 1000 * time) + 0.1 * np.sin(2 * np.pi * 10_000 * time) + 3
    above, total = power_above(wav[None].astype(np.float32), 44_100, 8000)
    assert above / total == pytest.approx(0.01, rel=0.05)
    assert power_above(np.zeros((2, 100), np.float32), 44_100, 8000).tolist() == [0, 0]


def test_a_model_is_chosen_by_what_is_heard(run: Run, speech_path: Path, tmp_path: Path) -> None:
    time = np.arange(5 * 44_100) / 44_100
    chord = sum(np.sin(2 * np.pi * f * time) for f in (220, 277, 330)) / 5
    for name, wav in (("chord", chord), ("silence", 0 * time), ("short", chord[:4000]), ("empty", time[:0])):
        soundfile.write(tmp_path / f"{name}.wav", wav, 44_100)
    assert choose_model(speech_path) == "speech-16k"
    assert choose_model(tmp_path / "chord.wav") == "audio-44k"
    for name in ("silence", "short", "empty"):
        assert choose_model(tmp_path / f"{name}.wav") == "speech-16k"
    assert level_spread(np.zeros(0, np.float32), 16_000) == float("inf")
    result = run("encode", tmp_path / "chord.wav", tmp_path / "a.fsq", "-m", "auto")
    assert "5.00 s, audio-44k, " in result.stderr
    assert Tokens.load(tmp_path / "a.fsq").header.model == "audio-44k"
    (tmp_path / "bad.wav").write_text("text")
    refused(run("encode", tmp_path / "bad.wav", tmp_path / "b.fsq", "-m", "auto"), "cannot be read as sound")


@pytest.mark.parametrize(
    ("words", "incomplete", "offered"),
    [
        ([], "li", ["listening-test"]),
        (["encode", "-m"], "", ["auto", "audio-44k", "music-44k", "speech-16k"]),
        (["plot", "--model"], "sp", ["speech-16k"]),
        (["encode"], "--skip", ["--skip-existing"]),
        (["train"], "ti", ["tiny/1-spectral"]),
        (["evaluate", "-s"], "op", ["opus@"]),
        (["encode", "-m"], "folder/", ["folder/"]),
    ],
)
def test_completion(words: list[str], incomplete: str, offered: list[str]) -> None:
    complete = BashComplete(main, {}, "audiocodec", "_AUDIOCODEC_COMPLETE")
    assert [item.value for item in complete.get_completions(words, incomplete)][: len(offered)] == offered
