"""The commands as people use them."""

from __future__ import annotations

import io
import json
import re
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import click
import numpy as np
import pytest
import soundfile
from click.testing import Result

from audiocodec.cli.main import COMMANDS, main
from audiocodec.tokens import TokenFile, Tokens

Run = Callable[..., Result]


@pytest.fixture(scope="module")
def encoded(tmp_path_factory: pytest.TempPathFactory, speech_path: Path) -> Path:
    from audiocodec import encode_file

    path = tmp_path_factory.mktemp("encoded") / "speech.fsq"
    encode_file(speech_path, path)
    return path


def test_there_and_back(run: Run, speech_path: Path, tmp_path: Path) -> None:
    tokens, wav = tmp_path / "a.fsq", tmp_path / "a.wav"
    result = run("encode", speech_path, tokens, "--bitrate", "3k")
    assert result.exit_code == 0
    assert re.search(r"5.32 s, (2.8|2.9|3.)", result.stderr)
    assert "kbit/s on disk" in result.stderr
    assert "times real time" in result.stderr
    assert run("decode", tokens, wav).exit_code == 0
    original, decoded = soundfile.info(speech_path), soundfile.info(wav)
    assert (decoded.frames, decoded.samplerate, decoded.channels) == (original.frames, original.samplerate, 1)


def test_clipping_is_said(run: Run, speech_path: Path, tmp_path: Path) -> None:
    wav, rate = soundfile.read(speech_path)
    soundfile.write(tmp_path / "loud.wav", 4 * wav / np.abs(wav).max(), rate, subtype="FLOAT")
    assert run("encode", tmp_path / "loud.wav", tmp_path / "a.fsq").exit_code == 0
    result = run("decode", tmp_path / "a.fsq", tmp_path / "a.wav")
    assert re.search(r"note: 0\.\d % of the samples are beyond full scale and were clipped", result.stderr)
    assert run("encode", speech_path, tmp_path / "b.fsq").exit_code == 0
    assert "clipped" not in run("decode", tmp_path / "b.fsq", tmp_path / "b.wav").stderr


def test_variable_rate(run: Run, speech_path: Path, tmp_path: Path) -> None:
    target = tmp_path / "a.fsq"
    assert run("encode", speech_path, target, "--vbr").exit_code == 2
    assert run("encode", speech_path, target, "--vbr", "-b", "3k").exit_code == 0
    assert "kbit/s at most with" in run("info", target).output
    assert run("truncate", target, tmp_path / "b.fsq", "--num-codebooks", 2).exit_code == 0
    assert run("decode", tmp_path / "b.fsq", tmp_path / "b.wav").exit_code == 0


def test_constant_quality(run: Run, speech_path: Path, tmp_path: Path) -> None:
    small, large = tmp_path / "a.fsq", tmp_path / "b.fsq"
    assert run("encode", speech_path, small, "--quality", 3).exit_code == 0
    assert run("encode", speech_path, large, "--quality", 7.5).exit_code == 0
    assert small.stat().st_size < large.stat().st_size
    assert run("verify", small).exit_code == 0
    for beside in (["--vbr"], ["-b", "3k"], ["--num-codebooks", 6]):
        result = run("encode", speech_path, tmp_path / "c.fsq", "--quality", 3, *beside)
        assert result.exit_code == 2
        assert "give --quality or --" in result.stderr
    for number in (11, "nan"):
        assert run("encode", speech_path, tmp_path / "c.fsq", "--quality", number).exit_code == 2


@pytest.mark.slow
def test_refined_files_are_files_like_any(run: Run, tmp_path: Path) -> None:
    source, plain, refined, wav = (tmp_path / name for name in ("a.wav", "plain.fsq", "refined.fsq", "b.wav"))
    soundfile.write(source, 0.1 * np.random.default_rng(0).standard_normal(8000), 16_000)
    assert run("encode", source, plain).exit_code == 0
    result = run("encode", source, refined, "--refine", 2)
    assert result.exit_code == 0
    assert "times real time" in result.stderr
    assert plain.read_bytes() != refined.read_bytes()
    assert run("verify", refined).exit_code == 0
    assert run("decode", refined, wav).exit_code == 0
    assert soundfile.info(wav).frames == 8000


def test_names_follow_the_source(run: Run, speech_path: Path, tmp_path: Path) -> None:
    source = tmp_path / "talk.flac"
    source.write_bytes(speech_path.read_bytes())
    assert run("encode", source).exit_code == 0
    assert run("decode", tmp_path / "talk.fsq").exit_code == 0
    assert sorted(p.name for p in tmp_path.iterdir()) == ["talk.flac", "talk.fsq", "talk.wav"]


def test_folders_are_mirrored(run: Run, tmp_path: Path) -> None:
    rng = np.random.default_rng(0)
    for name in ("in/a.wav", "in/deep/b.wav", "in/deep/c.flac"):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        soundfile.write(tmp_path / name, 0.1 * rng.standard_normal(4000), 16_000)
    (tmp_path / "in/notes.txt").write_text("not sound")
    assert run("encode", tmp_path / "in", "-o", tmp_path / "out").exit_code == 0
    found = sorted(str(p.relative_to(tmp_path / "out")) for p in (tmp_path / "out").rglob("*.fsq"))
    assert found == ["a.fsq", "deep/b.fsq", "deep/c.fsq"]
    assert run("decode", tmp_path / "out", "-o", tmp_path / "back", "--format", "flac").exit_code == 0
    assert len(list((tmp_path / "back").rglob("*.flac"))) == 3


def test_one_bad_file_does_not_stop_the_others(run: Run, tmp_path: Path) -> None:
    soundfile.write(tmp_path / "good.wav", np.zeros(4000), 16_000)
    (tmp_path / "bad.wav").write_text("this is text")
    result = run("encode", tmp_path / "bad.wav", tmp_path / "good.wav", "-o", tmp_path / "out")
    assert result.exit_code == 1
    assert "bad.wav: cannot be read as sound" in result.stderr
    assert "1 of 2 files failed" in result.stderr
    assert [p.name for p in (tmp_path / "out").iterdir()] == ["good.fsq"]


def test_standard_input_and_output(run: Run, tmp_path: Path) -> None:
    """What goes through is what files hold."""
    soundfile.write(tmp_path / "a.wav", 0.1 * np.random.default_rng(0).standard_normal((3000, 2)), 24_000)
    assert run("encode", tmp_path / "a.wav", tmp_path / "a.fsq").exit_code == 0
    assert run("decode", tmp_path / "a.fsq", tmp_path / "b.wav").exit_code == 0
    piped = run("encode", "-", "-", stdin=(tmp_path / "a.wav").read_bytes()).stdout_bytes
    (tmp_path / "piped.fsq").write_bytes(piped)
    np.testing.assert_array_equal(Tokens.load(tmp_path / "piped.fsq").codes, Tokens.load(tmp_path / "a.fsq").codes)
    sound, rate = soundfile.read(io.BytesIO(run("decode", "-", "-", stdin=piped).stdout_bytes))
    np.testing.assert_array_equal(sound, soundfile.read(tmp_path / "b.wav")[0])
    assert rate == 24_000


def test_a_damaged_stream_says_how_far_it_is_written(run: Run, encoded: Path) -> None:
    data = bytearray(encoded.read_bytes())
    data[len(data) // 2] ^= 1
    result = run("decode", "-", "-", stdin=bytes(data))
    assert result.exit_code == 1
    assert re.fullmatch(
        r"error: standard input: page (\d) is damaged \(.*\); the sound up to 00:0\1.0 is written; "
        "'audiocodec decode --salvage' gives what comes after, too\n",
        result.stderr,
    )


@pytest.mark.slow
def test_pipes(speech_path: Path, tmp_path: Path) -> None:
    """Through the installed command, as a shell would."""
    command = str(Path(sys.executable).with_name("audiocodec"))
    wav = io.BytesIO()
    soundfile.write(wav, 0.1 * np.random.default_rng(0).standard_normal((12_000, 2)), 24_000, format="WAV")
    tokens = subprocess.run([command, "encode", "-", "-"], input=wav.getvalue(), capture_output=True, check=True)
    assert b"kbit/s on disk" in tokens.stderr
    (tmp_path / "piped.fsq").write_bytes(tokens.stdout)
    subprocess.run([command, "verify", tmp_path / "piped.fsq"], check=True, capture_output=True)
    sound = subprocess.run([command, "decode", "-", "-"], input=tokens.stdout, capture_output=True, check=True)
    decoded, rate = soundfile.read(io.BytesIO(sound.stdout))
    assert (decoded.shape, rate) == ((12_000, 2), 24_000)
    broken = subprocess.run([command, "decode", "-", "-"], input=tokens.stdout[:300], capture_output=True)
    assert broken.returncode == 1
    assert broken.stdout == b""
    assert broken.stderr.startswith(b"error: ")
    assert broken.stderr.count(b"\n") == 1


def test_what_cannot_be_written_is_named(run: Run, tmp_path: Path) -> None:
    for name in "ab":
        soundfile.write(tmp_path / f"{name}.wav", np.zeros(4000), 96_000)
        assert run("encode", tmp_path / f"{name}.wav", tmp_path / f"{name}.fsq").exit_code == 0
    result = run("decode", tmp_path / "a.fsq", tmp_path / "b.fsq", "-o", tmp_path / "out", "--format", "mp3")
    assert [line.split(": cannot write .mp3")[0] for line in result.stderr.splitlines()[:2]] == [
        f"error: {tmp_path / name}.fsq" for name in "ab"
    ]


def test_info_and_verify_read_pipes(run: Run, encoded: Path) -> None:
    whole = encoded.read_bytes()
    fields = json.loads(run("info", "-", "--json", stdin=whole).stdout)
    assert fields == json.loads(run("info", encoded, "--json").stdout) | {"file": "standard input"}
    assert run("verify", "-", stdin=whole).stdout == "standard input: ok\n"
    cut = run("verify", "-", stdin=whole[:-100])
    assert cut.exit_code == 1
    *problems, way_out = cut.stderr.splitlines()
    assert all(line.startswith("error: standard input: ") for line in problems)
    assert way_out.startswith("standard input: 'audiocodec decode --salvage'")


def test_info(run: Run, encoded: Path) -> None:
    text = run("info", encoded)
    assert text.exit_code == 0
    assert "speech-16k" in text.stdout
    fields = json.loads(run("info", encoded, "--json").stdout)
    assert fields["samples"] == 127_788
    assert fields["sample_rate"] == 24_000
    assert fields["num_codebooks"] == 12
    assert fields["file_bytes"] == encoded.stat().st_size
    assert fields["bitrate"] == pytest.approx(8 * encoded.stat().st_size / (127_788 / 24_000))
    assert fields["bitrate_by_codebook"][-1] == pytest.approx(5955, abs=1)
    both = json.loads(run("info", encoded, encoded, "--json").stdout)
    assert len(both) == 2


def test_verify_and_salvage(run: Run, encoded: Path, tmp_path: Path) -> None:
    assert run("verify", encoded).stdout == f"{encoded}: ok\n"
    data = bytearray(encoded.read_bytes())
    data[len(data) // 2] ^= 16
    damaged = tmp_path / "damaged.fsq"
    damaged.write_bytes(data)
    result = run("verify", damaged, encoded)
    assert result.exit_code == 1
    assert "page 2 is damaged" in result.stderr
    assert "ok" in result.stdout
    wav = tmp_path / "out.wav"
    refused = run("decode", damaged, wav)
    assert refused.exit_code == 1
    assert "page 2 is damaged" in refused.stderr
    assert list(tmp_path.iterdir()) == [damaged]
    saved = run("decode", damaged, wav, "--salvage")
    assert saved.exit_code == 0
    assert "1.00 s lost" in saved.stderr
    samples, rate = soundfile.read(wav)
    assert len(samples) == 127_788
    assert np.abs(samples[int(2.05 * rate) : int(2.95 * rate)]).max() < 1e-3
    assert np.abs(samples[: 2 * rate]).max() > 0.05


def test_what_is_missing_at_the_end_is_counted(run: Run, encoded: Path, tmp_path: Path) -> None:
    """Less than a second of it, too."""
    cut, wav = tmp_path / "cut.fsq", tmp_path / "out.wav"
    with TokenFile(encoded) as file:
        last = int(file._bounds[-2])
    cut.write_bytes(encoded.read_bytes()[:last])
    saved = run("decode", cut, wav, "--salvage")
    assert (saved.exit_code, "0.36 s lost" in saved.stderr) == (0, True)
    samples, rate = soundfile.read(wav)
    assert len(samples) == (5 * 50 - 1) * rate // 50


def test_a_sound_cut_short_is_encoded_where_asked(run: Run, speech_path: Path, tmp_path: Path) -> None:
    data, cut, target = speech_path.read_bytes(), tmp_path / "cut.flac", tmp_path / "a.fsq"
    cut.write_bytes(data[: len(data) // 2])
    refused = run("encode", cut, target)
    assert refused.exit_code == 1
    assert refused.stderr.startswith(f"error: {cut}: breaks off while being read (")
    assert refused.stderr.endswith("); --salvage encodes what is there\n")
    assert not target.exists()
    saved = run("encode", cut, target, "--salvage", "-m", "auto")
    assert saved.exit_code == 0
    assert "; not the whole file: it breaks off while being read (" in saved.stderr
    assert 2 < json.loads(run("info", target, "--json").stdout)["duration_s"] < 3
    whole = run("encode", speech_path, tmp_path / "b.fsq", "--salvage")
    assert "whole file" not in whole.stderr


def test_truncate(run: Run, encoded: Path, tmp_path: Path) -> None:
    smaller = tmp_path / "smaller.fsq"
    assert run("truncate", encoded, smaller, "-n", 6).exit_code == 0
    assert json.loads(run("info", smaller, "--json").stdout)["num_codebooks"] == 6
    assert smaller.stat().st_size < 0.7 * encoded.stat().st_size
    assert run("verify", smaller).exit_code == 0
    assert run("decode", encoded, tmp_path / "a.wav", "-n", 6).exit_code == 0
    assert run("decode", smaller, tmp_path / "b.wav").exit_code == 0
    assert (tmp_path / "a.wav").read_bytes() == (tmp_path / "b.wav").read_bytes()
    assert run("truncate", smaller, tmp_path / "c.fsq", "-n", 7).exit_code == 1
    by_rate = tmp_path / "d.fsq"
    assert run("truncate", encoded, by_rate, "--bitrate", "3k").exit_code == 0
    assert by_rate.read_bytes() == smaller.read_bytes()
    assert run("truncate", encoded, tmp_path / "e.fsq", "-b", "100").exit_code == 1
    unchanged = run("truncate", smaller, tmp_path / "f.fsq", "-b", "9k")
    assert "note: nothing was left out: its codebooks, 6 in all, take at most 2.98 kbit/s\n" in unchanged.stderr
    assert (tmp_path / "f.fsq").read_bytes() == smaller.read_bytes()
    assert not (tmp_path / "c.fsq").exists()


def test_models(run: Run) -> None:
    assert "speech-16k" in run("models").stdout
    rates = {row["name"]: row["max_bitrate"] for row in json.loads(run("models", "--json").stdout)}
    full = pytest.approx(15_388, abs=1)
    assert rates == {"speech-16k": pytest.approx(5955, abs=1), "audio-44k": full, "music-44k": full}


def test_every_command_has_help_with_an_example(run: Run) -> None:
    assert len(COMMANDS) == 21
    for command in COMMANDS:
        result = run(command, "--help")
        assert result.exit_code == 0
        assert f"audiocodec {command} " in result.stdout.split("Example")[1]
    assert "encode" in run("--help").stdout
    assert "0.1.0" in run("--version").stdout


def test_help_texts_stand_alone() -> None:
    """A sentence each, not the end of the option's name."""
    for name in COMMANDS:
        command = main.get_command(click.Context(main), name)  # type: ignore[attr-defined]
        for option in command.params:
            if isinstance(option, click.Option):
                assert option.help, (name, option.name)
                assert option.help[0].isupper(), (name, option.name, option.help)
                assert option.help[-1] in ".)", (name, option.name, option.help)
        assert COMMANDS[name].endswith(".")


@pytest.mark.parametrize(
    "arguments",
    [
        ["encode"],
        ["encode", "a.wav", "b.fsq", "--bitrate", "fast"],
        ["encode", "a.wav", "b.fsq", "--refine", "-1"],
        ["encode", "a.wav", "b.fsq", "--refine", "1", "--effort", "1"],
        ["encode", "a.wav", "b.fsq", "--effort", "5"],
        ["encode", "a.wav", "b.fsq", "--bitrate", "3k", "-n", "6"],
        ["encode", "a.wav", "b.wav", "c.wav"],
        ["encode", "a.wav", "b.fsq", "-n", "0"],
        ["encode", "-", "a.wav", "-o", "x"],
        ["encode", "a.wav", "b.wav"],
        ["encode", "a.wav", "-o", "b.flac"],
        ["encode", "a.wav", "b.fsq", "--force", "--skip-existing"],
        ["encode", "a.wav", "--out", "b.fsq"],
        ["encode", "a.wav", "b.fsq", "--jobs", "0"],
        ["decode", "a.fsq", "b.wav", "--start", "1:75"],
        ["decode", "a.fsq", "b.wav", "--duration", "soon"],
        ["decode", "a.fsq", "b.wav", "--duration", "0"],
        ["decode", "a.fsq", "--format", "a/b"],
        ["decode", "a.fsq", "--format", ""],
        ["decode", "a.fsq", "--format", "sd2"],
        ["cut", "a.fsq", "b.fsq", "--duration", "0"],
        ["convert", "a.fsq", "b.npz", "--like", "c.fsq"],
        ["truncate", "a.fsq", "-n", "3"],
        ["truncate", "a.fsq", "b.fsq", "c.fsq", "-n", "3"],
        ["cut", "a.fsq", "b.fsq"],
        ["cut", "a.fsq", "--start", "1"],
        ["cut", "a.fsq", "b.fsq", "-o", "c.fsq", "--start", "1"],
        ["join", "a.fsq", "b.fsq"],
        ["tag", "a.fsq", "--set", "title"],
        ["tag", "-", "--remove", "title"],
        ["tag", "a.fsq", "b.fsq", "--clear", "-o", "c.fsq"],
        ["convert", "a.fsq"],
        ["export", "speech-16k"],
        ["repair", "a.fsq", "b.fsq", "-o", "c.fsq"],
        ["listening-test", "."],
        ["truncate", "a.fsq", "b.fsq"],
        ["truncate", "a.fsq", "b.fsq", "-n", "3", "-b", "3k"],
        ["nonsense"],
        ["decode", "a.fsq", "b.wav", "--start", "-1"],
        ["decode", "a.fsq", "b.wav", "--start", "1", "--salvage"],
        ["encode", "a.wav", "b.fsq", "--tag", "title"],
        ["repair", "a.fsq"],
        ["encode", "--nonsense", "a.wav"],
        ["tokenize", "--input", "in"],
        ["tokenize", "--input", "in", "--output", "out", "--format", "mp3"],
        ["tokenize", "--input", "in", "--output", "out", "--workers", "-1"],
    ],
)
def test_misuse_is_exit_code_2(run: Run, arguments: list[str]) -> None:
    result = run(*arguments)
    assert result.exit_code == 2
    assert "Traceback" not in result.output


@pytest.mark.slow
def test_commands_take_a_backend(run: Callable[..., Result], speech_path: Path, tmp_path: Path) -> None:
    for backend in ("onnx", "torch"):
        tokens, wav = tmp_path / f"{backend}.fsq", tmp_path / f"{backend}.wav"
        assert run("encode", speech_path, tokens, "--backend", backend).exit_code == 0
        assert run("decode", tokens, wav, "--backend", backend).exit_code == 0
    assert run("encode", speech_path, tmp_path / "x.fsq", "--backend", "tpu").exit_code == 2
    assert (tmp_path / "onnx.wav").stat().st_size == (tmp_path / "torch.wav").stat().st_size
