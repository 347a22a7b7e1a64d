"""A model with codebooks at several time scales, from its recipe to token files and back, and live."""

from __future__ import annotations

import io
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import soundfile
from click.testing import CliRunner

import audiocodec
from audiocodec.cli import main
from audiocodec.errors import ConfigError, ModelError
from audiocodec.evaluate import Settings, usage
from audiocodec.evaluate.run import run_clip
from audiocodec.live.packets import JitterBuffer, Packetizer, Receiver
from audiocodec.model.info import ModelInfo
from audiocodec.tokens import TokenReader, Tokens
from audiocodec.tokens.layouts import Delayed, Flattened
from audiocodec.tokens.splice import cut_file, join_files
from audiocodec.tokens.strides import hold, place
from audiocodec.train.entropy import fit_entropy, folder_codes
from audiocodec.train.package import package_run
from audiocodec.train.recipe import run
from audiocodec.web.models import facts
from tests.model.test_build import TINY
from tests.train.tiny import recipe

STRIDES = (4, 2, 1)
HIERARCHICAL = {"type": "HierarchicalFSQ", "dim": 8, "levels": [5, 5], "strides": list(STRIDES), "fill": 0.1}
HOP = 320


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """With sounds, and the model `tall`."""
    folder = tmp_path_factory.mktemp("tall")
    run(recipe(folder, model=TINY | {"quantizer": HIERARCHICAL}), folder / "run")
    package_run(folder / "run", folder / "tall", "tall", "1")
    return folder


@pytest.fixture(scope="module", params=["onnx", "torch"])
def codec(folder: Path, request: pytest.FixtureRequest) -> audiocodec.Codec:
    return audiocodec.load(str(folder / "tall"), backend=request.param)


@pytest.fixture(scope="module")
def clip(folder: Path) -> np.ndarray:
    """1.53 s, "t": 78 frames with the delay, which are 19 blocks and a half."""
    wav, _ = soundfile.read(folder / "sounds" / "valid" / "c.wav", dtype="float32")
    noise = 0.2 * np.random.default_rng(0).standard_normal(24_480)
    return wav[:24_480] + noise.astype(np.float32)


def test_files_hold_each_code_once(codec: audiocodec.Codec, clip: np.ndarray, tmp_path: Path) -> None:
    tokens = codec.encode(clip, 16_000)
    assert (tokens.codes.shape, tokens.header.strides) == ((1, 3, 78), STRIDES)
    assert tokens.header.frames_per_page == 48
    for q, stride in enumerate(STRIDES):
        assert np.array_equal(tokens.codes[0, q] >= 0, np.arange(78) % stride == 0)
    assert tokens.bitrate == pytest.approx(50 * np.log2(25) * (1 / 4 + 1 / 2 + 1))
    soundfile.write(tmp_path / "a.wav", clip, 16_000, "FLOAT")
    codec.encode_file(tmp_path / "a.wav", tmp_path / "a.fsq")
    assert Tokens.load(tmp_path / "a.fsq") == tokens
    assert (tmp_path / "a.fsq").read_bytes()[8] == 4
    codec.decode_file(tmp_path / "a.fsq", tmp_path / "b.wav")
    decoded, _ = soundfile.read(tmp_path / "b.wav", dtype="float32")
    np.testing.assert_allclose(codec.decode(tokens)[0], decoded, atol=1e-4)


def test_a_stream_is_the_whole_and_waits_for_blocks(codec: audiocodec.Codec, clip: np.ndarray) -> None:
    tokens = codec.encode(clip, 16_000)
    encoder, decoder = codec.stream_encoder(), codec.stream_decoder()
    assert encoder.delay_samples == 4 * HOP
    codes, sound = [], []
    for chunk in np.array_split(clip, [100, 1279, 1280, 5000, 5001, 20_000]):
        codes.append(encoder.push(chunk))
        assert codes[-1].shape[1] % 4 == 0
        sound += [decoder.push(codes[-1][:, :1]), decoder.push(codes[-1][:, 1:])]
    codes.append(encoder.flush())
    sound.append(decoder.push(codes[-1]))
    assert np.array_equal(np.concatenate(codes, 1), hold(tokens.codes, STRIDES)[0])
    live = np.concatenate(sound)[HOP:][: len(clip)]
    np.testing.assert_allclose(live, codec.decode(tokens)[0], atol=1e-6)


def test_packets_carry_each_code_in_every_frame(codec: audiocodec.Codec, clip: np.ndarray) -> None:
    codes = codec.stream_encoder().push(clip)
    packetizer, receiver = Packetizer(codec.info), Receiver(codec.info, JitterBuffer(2, frame_s=0.02))
    found = []
    for packet in packetizer.push(codes):
        receiver.receive(packet)
        found.append(receiver.pull())
    heard = [frame for frame in found if frame is not None]
    assert len(heard) > 60
    assert np.array_equal(np.concatenate(heard, axis=1), codes[:, : len(heard)])


def test_later_sound_changes_no_earlier_block(codec: audiocodec.Codec, clip: np.ndarray) -> None:
    other = clip.copy()
    other[4 * HOP * 10 :] *= -0.5
    a, b = (codec.encode(wav, 16_000).codes for wav in (clip, other))
    assert np.array_equal(a[..., :40], b[..., :40])
    assert not np.array_equal(a, b)


def test_levels_are_truncated_and_choose_themselves_by_bitrate(codec: audiocodec.Codec, clip: np.ndarray) -> None:
    tokens = codec.encode(clip, 16_000)
    two = tokens.truncate(2)
    assert two.header.strides == (4, 2)
    sounds = [codec.decode(tokens.truncate(k))[0] for k in (1, 2, 3)]
    errors = [np.square(s - sounds[2]).mean() for s in sounds]
    assert errors[0] > 0
    assert errors[1] > 0
    assert np.array_equal(codec.decode(two)[0], sounds[1])
    each = 50 * np.log2(25)
    for k, rate in ((1, each / 4), (2, each * 0.75), (3, each * 1.75)):
        assert codec.encode(clip, 16_000, bitrate=rate + 1).num_codebooks == k
    with pytest.raises(ConfigError, match=r"below the 59 bit/s"):
        codec.encode(clip, 16_000, bitrate=50)


def test_truncate_counts_strides(codec: audiocodec.Codec, clip: np.ndarray, tmp_path: Path) -> None:
    codec.encode(clip, 16_000).save(tmp_path / "a.fsq")
    for bitrate, depth in (("0.2k", 2), ("1k", 3)):
        path = tmp_path / f"{depth}.fsq"
        result = CliRunner().invoke(main, ["truncate", str(tmp_path / "a.fsq"), str(path), "-b", bitrate])
        assert result.exit_code == 0, result.output
        assert Tokens.load(path).num_codebooks == depth
    assert "3 in all, take at most 0.41 kbit/s" in result.stderr


def test_excerpts_cuts_and_joins(codec: audiocodec.Codec, clip: np.ndarray, tmp_path: Path) -> None:
    codec.encode(clip, 16_000).save(tmp_path / "a.fsq")
    whole = codec.decode(Tokens.load(tmp_path / "a.fsq"))[0]
    codec.decode_file(tmp_path / "a.fsq", tmp_path / "part.wav", start_s=0.61, duration_s=0.3)
    part, _ = soundfile.read(tmp_path / "part.wav", dtype="float32")
    np.testing.assert_allclose(part, whole[9760 : 9760 + 4800], atol=1e-4)
    halves = [tmp_path / "1.fsq", tmp_path / "2.fsq"]
    for path, start, length in ((halves[0], 0.0, 0.64), (halves[1], 0.64, None)):
        with path.open("wb") as file:
            cut_file(tmp_path / "a.fsq", file, start, length)
    with (tmp_path / "joined.fsq").open("wb") as file:
        join_files(halves, file)
    assert np.array_equal(Tokens.load(tmp_path / "joined.fsq").codes, Tokens.load(tmp_path / "a.fsq").codes)
    with (tmp_path / "odd.fsq").open("wb") as file:
        cut_file(tmp_path / "a.fsq", file, 0.0, 0.5)
    with (tmp_path / "no.fsq").open("wb") as file, pytest.raises(ConfigError, match="blocks of frames end"):
        join_files([tmp_path / "odd.fsq", halves[1]], file)


def test_language_models_get_trees_and_delays(codec: audiocodec.Codec, clip: np.ndarray) -> None:
    (codes,) = codec.encode(clip, 16_000).codes
    for layout in (Flattened(3, 25, strides=STRIDES), Delayed(3, 25, strides=STRIDES)):
        assert np.array_equal(layout.decode(layout.encode(codes)), codes)


def test_its_entropy_model_codes_what_is_there(codec: audiocodec.Codec, clip: np.ndarray, tmp_path: Path) -> None:
    info = codec.info
    soundfile.write(tmp_path / "long.wav", np.tile(clip, 4), 16_000)
    (codes,) = folder_codes(codec, tmp_path)
    assert codes.shape == (3, 307)
    assert np.array_equal(codes >= 0, place(codes, STRIDES) >= 0)
    entropy = fit_entropy([codes], info.levels, info.page_frames, steps=60, hidden=8, block=info.block)
    header = replace(codec.encode(clip, 16_000).header, entropy=entropy.hash)
    tokens = Tokens(codec.encode(clip, 16_000).codes, header, [entropy])
    data = tokens.to_bytes()
    assert len(data) < len(codec.encode(clip, 16_000).to_bytes())
    assert np.array_equal(np.concatenate(list(TokenReader(io.BytesIO(data), "x", [entropy])), 2), tokens.codes)


def test_it_is_evaluated_as_any_other(folder: Path) -> None:
    clip, system = folder / "sounds" / "valid" / "c.wav", f"{folder / 'tall'}@1k"
    row = run_clip(clip, system, Settings(str(folder), (system,), ("si_sdr",)))
    assert "error" not in row, row
    assert usage.unpack(row[usage.COLUMN]).sum(1)[:2].tolist() == [26, 51]  # of two seconds


def test_what_is_not_there_is_refused(codec: audiocodec.Codec, clip: np.ndarray, tmp_path: Path) -> None:
    soundfile.write(tmp_path / "a.wav", clip, 16_000)
    with pytest.raises(ConfigError, match="no variable rate"):
        codec.encode_file(tmp_path / "a.wav", tmp_path / "a.fsq", vbr=True)
    with pytest.raises(ModelError, match="browsers cannot code"):
        facts(codec.bundle)
    description = {"name": "x", "version": "1", "model": TINY | {"quantizer": HIERARCHICAL, "joint_stereo": True}}
    with pytest.raises(ModelError, match="several strides"):
        ModelInfo.of(description, {})
    description["model"] = TINY | {"quantizer": HIERARCHICAL | {"strides": [1, 2]}}
    with pytest.raises(ModelError, match="each a multiple of the next"):
        ModelInfo.of(description, {})
