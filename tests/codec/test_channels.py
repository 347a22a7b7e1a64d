"""Two channels as one row of codes."""

from __future__ import annotations

import dataclasses
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import soundfile
from click.testing import CliRunner

from audiocodec import audio
from audiocodec.cli import main
from audiocodec.codec import Codec, channels
from audiocodec.errors import ConfigError, ModelError, TokenFileError
from audiocodec.model.bundle import load_bundle
from audiocodec.model.hub import save_hub_folder
from audiocodec.tokens import Tokens
from audiocodec.tokens.entropy.page_coder import code_bits
from audiocodec.tokens.joint import Joint
from audiocodec.train.entropy import fit_entropy


@pytest.fixture(scope="module")
def joint() -> Codec:
    """speech-16k, but with its two channels joint."""
    bundle = load_bundle("speech-16k")
    description = {**bundle.description, "model": {**bundle.description["model"], "joint_stereo": True}}
    return Codec(dataclasses.replace(bundle, description=description))


@pytest.fixture(scope="module")
def wide(speech: np.ndarray) -> np.ndarray:
    """A voice left of the middle and another far to the right, "2 t"."""
    voice, other = speech[0, :40_000], 0.3 * speech[0, 40_000:80_000]
    return np.stack([voice, 0.6 * voice + other])


def test_the_codebooks_worth_most_come_first() -> None:
    assert [channels.depths(q) for q in (1, 2, 3, 4, 6, 12, 18)] == [
        (1, 0), (1, 1), (2, 1), (3, 1), (4, 2), (8, 4), (12, 6),
    ]  # fmt: skip
    codes = np.arange(18 * 5).reshape(18, 5)
    mid, side = codes[:12], codes[12:]
    row = channels.join(mid, side)
    assert row.shape == (1, 18, 5)
    for q in range(1, 19):
        kept_mid, kept_side = channels.split(row[:, :q])
        assert np.array_equal(kept_mid, mid[: len(kept_mid)])
        assert np.array_equal(kept_side, side[: len(kept_side)])
        assert (len(kept_mid), len(kept_side)) == channels.depths(q)


def test_there_and_back(wide: np.ndarray) -> None:
    np.testing.assert_allclose(
        channels.to_left_right(channels.to_signals(wide, Joint.MID_SIDE), Joint.MID_SIDE), wide, atol=1e-6
    )


def test_mid_and_side_are_coded_as_they_would_be_alone(joint: Codec, wide: np.ndarray) -> None:
    tokens = joint.encode(wide, 16_000)
    assert tokens.codes.shape[:2] == (1, 12)
    assert (tokens.header.channels, tokens.header.rows, tokens.header.joint) == (2, 1, True)
    assert tokens.bitrate == pytest.approx(joint.encode(wide[:1], 16_000).bitrate)
    mid, side = (joint.encode(wav, 16_000) for wav in channels.to_signals(wide, Joint.MID_SIDE))
    assert np.array_equal(tokens.codes, channels.join(mid.codes[0, :8], side.codes[0, :4]))
    heard = joint.decode(tokens)
    expected = channels.to_left_right(np.concatenate([joint.decode(mid, 8), joint.decode(side, 4)]), Joint.MID_SIDE)
    assert np.array_equal(heard, expected)
    assert joint.decode(tokens, 1).shape == wide.shape
    assert np.array_equal(*joint.decode(tokens, 1))  # no side: both channels alike


def test_it_is_better_than_each_channel_alone(joint: Codec, codec: Codec, wide: np.ndarray) -> None:
    def snr_db(model: Codec) -> float:
        heard = model.decode(model.encode(wide, 16_000, bitrate=6000))
        return float(10 * np.log10(np.square(wide).sum() / np.square(heard - wide).sum()))

    assert snr_db(joint) > snr_db(codec) + 0.4


def test_files(joint: Codec, wide: np.ndarray, tmp_path: Path) -> None:
    soundfile.write(tmp_path / "a.wav", wide.T, 16_000, subtype="FLOAT")
    save_hub_folder(tmp_path / "joint", joint.bundle)

    def run(*words: object) -> str:
        result = CliRunner().invoke(main, [str(word) for word in words], catch_exceptions=False)
        assert result.exit_code == 0, result.output
        return result.output

    run("encode", tmp_path / "a.wav", tmp_path / "a.fsq", "--model", tmp_path / "joint")
    assert '"joint": "mid_side"' in run("info", tmp_path / "a.fsq", "--json")
    run("verify", tmp_path / "a.fsq")
    run("truncate", tmp_path / "a.fsq", tmp_path / "b.fsq", "--num-codebooks", 5)
    tokens = Tokens.load(tmp_path / "b.fsq")
    assert (tokens.codes.shape[:2], tokens.header.joint) == ((1, 5), True)
    run("convert", tmp_path / "b.fsq", tmp_path / "b.npz")
    run("convert", tmp_path / "b.npz", tmp_path / "c.fsq")
    assert (tmp_path / "c.fsq").read_bytes() == (tmp_path / "b.fsq").read_bytes()
    run("decode", tmp_path / "c.fsq", tmp_path / "c.wav", "--model", tmp_path / "joint")
    np.testing.assert_allclose(audio.read(tmp_path / "c.wav")[0], joint.decode(tokens), atol=1e-4)
    options = ("--start", 1, "--duration", 0.5, "--model", tmp_path / "joint")
    run("decode", tmp_path / "c.fsq", tmp_path / "d.wav", *options)
    np.testing.assert_allclose(audio.read(tmp_path / "d.wav")[0], joint.decode(tokens)[:, 16_000:24_000], atol=1e-4)


def test_other_numbers_of_channels_are_coded_each_alone(joint: Codec, wide: np.ndarray) -> None:
    for count in (1, 3):
        tokens = joint.encode(np.concatenate([wide, wide])[:count], 16_000)
        assert (len(tokens.codes), tokens.header.joint) == (count, False)
    assert joint.info.choose_codebooks(None, 6000, 2) == 12
    with pytest.raises(ConfigError, match="is below the 497 bit/s"):
        joint.info.choose_codebooks(None, 400, 2)


def test_the_way_that_leaves_less_to_be_coded(speech: np.ndarray) -> None:
    voice, other = speech[0, :40_000], speech[0, 40_000:80_000]
    silent, tone = np.zeros_like(voice), 0.1 * np.sin(np.arange(40_000) * 0.3).astype(np.float32)
    for left, right, way in [
        (voice, 0.9 * voice, Joint.MID_SIDE),
        (voice, silent, Joint.LEFT_RIGHT),
        (silent, voice, Joint.RIGHT_LEFT),
        (0.3 * voice, other, Joint.RIGHT_LEFT),
        (other, 0.3 * tone, Joint.LEFT_RIGHT),
        (silent, silent, Joint.MID_SIDE),
        (voice[:10], silent[:10], Joint.MID_SIDE),
    ]:
        assert channels.choose_way(np.stack([left, right]), 16_000) == way


def test_a_silent_channel_stays_silent(joint: Codec, speech: np.ndarray, tmp_path: Path) -> None:
    wav = np.stack([np.zeros_like(speech[0]), speech[0]])
    tokens = joint.encode(wav, 16_000)
    assert tokens.header.joint == Joint.RIGHT_LEFT
    levels = 10 * np.log10(np.square(joint.decode(tokens)).mean(1) + 1e-12)
    assert levels[0] < levels[1] - 40
    soundfile.write(tmp_path / "a.wav", wav.T, 16_000, subtype="FLOAT")
    joint.encode_file(tmp_path / "a.wav", tmp_path / "a.fsq")
    assert Tokens.load(tmp_path / "a.fsq") == tokens
    joint.decode_file(tmp_path / "a.fsq", tmp_path / "b.wav")
    decoded = soundfile.read(tmp_path / "b.wav", dtype="float32")[0].T
    np.testing.assert_allclose(decoded, joint.decode(tokens), atol=1e-4)


def test_two_speakers_stay_apart(joint: Codec, speech: np.ndarray) -> None:
    left, right = speech[0, :40_000], speech[0, 40_000:80_000]
    heard = joint.decode(joint.encode(np.stack([left, right]), 16_000))
    for voice, other, channel in ((left, right, heard[0]), (right, left, heard[1])):
        own, leak = (abs(np.dot(channel, wav)) / np.linalg.norm(wav) for wav in (voice, other))
        assert leak < 0.1 * own


def test_joint_rows_have_an_entropy_model_of_their_own(joint: Codec, wide: np.ndarray, tmp_path: Path) -> None:
    info, expected = joint.info, joint.encode(wide, 16_000)
    second = channels.is_second(info.num_codebooks)
    other = fit_entropy(expected.codes, info.levels, info.page_frames, 60, hidden=8, signals=second.tolist())
    save_hub_folder(tmp_path / "model", dataclasses.replace(joint.bundle, joint_entropy=other))
    coder = Codec(load_bundle(str(tmp_path / "model")))
    coder.encode(wide, 16_000).save(tmp_path / "two.fsq")
    coder.encode(wide[:1], 16_000).save(tmp_path / "one.fsq")
    two, one = (Tokens.load(tmp_path / name, coder.entropy) for name in ("two.fsq", "one.fsq"))
    assert (two.header.entropy, one.header.entropy) == (other.hash, info.entropy)
    assert np.array_equal(two.codes, expected.codes)
    with pytest.raises(TokenFileError, match=f"entropy model that is not here .hash {other.hash.hex()[:8]}"):
        Tokens.load(tmp_path / "two.fsq")
    assert np.array_equal(coder.decode(two), joint.decode(expected))

    row = expected.codes[:, :, : info.page_frames]
    for part in (second, ~second):  # those of one signal take the same bits without the other
        assert np.array_equal(code_bits(other.part(part), row[:, part]), code_bits(other, row)[:, part])
    whole = fit_entropy(expected.codes, info.levels, info.page_frames, steps=1, hidden=8)
    with pytest.raises(ModelError, match="these codebooks look at others"):
        whole.part(second)


@pytest.mark.slow
def test_refined_joint_rows_are_no_larger(joint: Codec, wide: np.ndarray, tmp_path: Path) -> None:
    info, plain = joint.info, joint.encode(wide, 16_000)
    signals = channels.is_second(info.num_codebooks).tolist()
    own = fit_entropy(plain.codes, info.levels, info.page_frames, 60, hidden=8, signals=signals)
    coder = Codec(dataclasses.replace(joint.bundle, joint_entropy=own))
    sizes = [len(coder.encode(wide, 16_000, refine=steps).to_bytes()) for steps in (0, 4)]
    assert sizes[1] <= sizes[0] < len(plain.to_bytes())
    free = Codec(dataclasses.replace(coder.bundle, joint_entropy=None)).encode(wide, 16_000, refine=4)
    assert sizes[1] < len(Tokens(free.codes, coder.encode(wide, 16_000).header, [own]).to_bytes())


@pytest.mark.parametrize("options", [{"quality": 6}, *({"num_codebooks": q, "vbr": True} for q in (1, 6))])
def test_silence_after_sound_is_silent_at_a_variable_rate(
    joint: Codec, wide: np.ndarray, tmp_path: Path, options: dict[str, Any]
) -> None:
    soundfile.write(tmp_path / "a.wav", np.concatenate([wide, 0 * wide], axis=1).T, 16_000, subtype="FLOAT")
    joint.encode_file(tmp_path / "a.wav", tmp_path / "a.fsq", **options)
    decoded = joint.decode(Tokens.load(tmp_path / "a.fsq"))
    assert np.abs(decoded[:, wide.shape[1] + 8000 :]).max() < 1e-3
