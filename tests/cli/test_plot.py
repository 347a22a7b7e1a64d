"""`audiocodec plot`: a picture, or one sentence."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import soundfile
from click.testing import CliRunner, Result

from audiocodec.cli import main
from audiocodec.codec import load

RATE = 16_000


@pytest.fixture
def sounds(tmp_path: Path) -> tuple[Path, Path]:
    x = 0.1 * np.random.default_rng(0).standard_normal(RATE)
    paths = tmp_path / "a.wav", tmp_path / "b.flac"
    soundfile.write(paths[0], x, RATE)
    soundfile.write(paths[1], x[: RATE // 2], RATE)
    return paths


def plot(*arguments: object) -> Result:
    return CliRunner().invoke(main, ["plot", *map(str, arguments)])


@pytest.mark.parametrize(
    ("suffix", "start"), [(".png", b"\x89PNG"), pytest.param(".svg", b"<?xml", marks=pytest.mark.slow)]
)
def test_two_files_give_a_picture(sounds: tuple[Path, Path], tmp_path: Path, suffix: str, start: bytes) -> None:
    out = tmp_path / f"picture{suffix}"
    done = plot(*sounds, "-o", out)
    assert done.exit_code == 0, done.output
    assert out.read_bytes().startswith(start)
    assert "a.wav beside b.flac" in done.output
    refused = plot(*sounds, "-o", out)
    assert refused.exit_code == 1
    assert "exists already (--force overwrites)" in refused.output
    assert plot(*sounds, "-o", out, "--force").exit_code == 0


def test_joint_stereo_is_labelled_with_the_bitrate_of_both_channels(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("audiocodec.evaluate.picture.write_picture", lambda *arguments: None)
    soundfile.write(tmp_path / "a.wav", 0.1 * np.random.default_rng(0).standard_normal((4410, 2)), 44_100)
    done = plot(tmp_path / "a.wav", "--model", "audio-44k", "-n", 1, "-o", tmp_path / "p.png")
    rate = load("audio-44k").info.bitrate(1)  # of one row
    assert f"audio-44k, {rate / 1000:.2f} kbit/s" in done.output


@pytest.mark.slow
def test_a_model_codes_one_file(sounds: tuple[Path, Path], tmp_path: Path) -> None:
    done = plot(sounds[0], "--model", "speech-16k", "--bitrate", "3k", "-o", tmp_path / "p.png")
    assert done.exit_code == 0, done.output
    assert "speech-16k, 2.98 kbit/s" in done.output


@pytest.mark.parametrize(
    ("arguments", "code", "said"),
    [
        (["missing.wav", "-o", "p.png"], 1, "missing.wav: no such file"),
        (["a.wav", "b.flac", "-o", "p.gif"], 1, "pictures end in .png, .svg, .pdf"),
        (["a.wav", "b.flac", "-b", "3k", "-o", "p.png"], 2, "not both"),
        (["a.wav", "-b", "3k", "-n", "2", "-o", "p.png"], 2, "not both"),
        (["a.wav"], 2, "--output"),
        (["empty.wav", "-o", "p.png"], 1, "holds no samples"),
        (["a.wav", "-m", "nothing", "-o", "p.png"], 1, "nothing"),
    ],
)
def test_bad_input_is_one_sentence(
    sounds: tuple[Path, Path], monkeypatch: pytest.MonkeyPatch, arguments: list[str], code: int, said: str
) -> None:
    monkeypatch.chdir(sounds[0].parent)
    soundfile.write("empty.wav", np.zeros(0), RATE)
    done = plot(*arguments)
    assert done.exit_code == code, done.output
    assert said in done.output
    assert "Traceback" not in done.output
    assert not Path("p.png").exists()
