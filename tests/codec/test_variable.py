"""Variable rate: as many codes in each frame as it needs."""

from __future__ import annotations

import re
from pathlib import Path

import numpy as np
import pytest
import soundfile

from audiocodec.codec import Codec, load
from audiocodec.codec.variable import depths_at_price, depths_of_mean, interpolated, price_of, tried_depths
from audiocodec.errors import ConfigError
from audiocodec.tokens import Tokens
from audiocodec.tokens.depths import depths_of


@pytest.fixture
def path(tmp_path: Path, speech: np.ndarray) -> Path:
    """Two seconds of speech, one of silence, and two of speech."""
    wav = np.concatenate([speech[0, :32_000], np.zeros(16_000, np.float32), speech[0, 32_000:64_000]])
    soundfile.write(tmp_path / "a.wav", wav, 16_000, subtype="FLOAT")
    return tmp_path / "a.wav"


def encoded(codec: Codec, path: Path, **options: object) -> Tokens:
    codec.encode_file(path, path.with_suffix(".fsq"), overwrite=True, **options)  # type: ignore[arg-type]
    return Tokens.load(path.with_suffix(".fsq"))


def test_frames_have_what_they_need_within_the_bits_of_constant_rate(codec: Codec, path: Path) -> None:
    whole, constant = encoded(codec, path), encoded(codec, path, num_codebooks=6)
    variable = encoded(codec, path, num_codebooks=6, vbr=True)
    assert len(variable.to_bytes()) <= 1.03 * len(constant.to_bytes())
    depths = depths_of(variable.codes)
    assert depths.min() >= 1
    assert depths.std() > 1
    assert np.array_equal(np.where(variable.codes < 0, whole.codes, variable.codes), whole.codes)
    heard = codec.decode(variable)
    codec.decode_file(path.with_suffix(".fsq"), path.with_name("b.wav"))
    np.testing.assert_allclose(soundfile.read(path.with_name("b.wav"))[0], heard[0], atol=2e-5)


def test_the_mean_may_lie_between_two_numbers_of_codebooks(codec: Codec, path: Path) -> None:
    sizes = [len(encoded(codec, path, bitrate=rate, vbr=True).to_bytes()) for rate in (2500, 2750, 3000)]
    assert sizes == sorted(sizes)
    assert len(set(sizes)) == 3
    assert np.array_equal(encoded(codec, path, vbr=True).codes, encoded(codec, path).codes)


def test_nothing_and_little(codec: Codec, tmp_path: Path) -> None:
    for samples in (0, 1, 500):
        soundfile.write(tmp_path / "a.wav", np.zeros(samples, np.float32), 16_000)
        tokens = encoded(codec, tmp_path / "a.wav", num_codebooks=4, vbr=True)
        assert codec.decode(tokens).shape == (1, samples)


def test_stereo_has_a_depth_for_each_channel(codec: Codec, tmp_path: Path, speech: np.ndarray) -> None:
    soundfile.write(tmp_path / "a.wav", np.stack([speech[0, :40_000], 0 * speech[0, :40_000]]).T, 16_000)
    depths = depths_of(encoded(codec, tmp_path / "a.wav", num_codebooks=6, vbr=True).codes)
    assert depths.shape[0] == 2
    assert not np.array_equal(depths[0], depths[1])


def test_a_search_keeps_the_depths_and_is_not_larger(codec: Codec, path: Path) -> None:
    for options in ({"num_codebooks": 6, "vbr": True}, {"quality": 4}):
        plain, found = (encoded(codec, path, refine=steps, **options) for steps in (0, 2))
        assert np.array_equal(depths_of(plain.codes), depths_of(found.codes))
        assert not np.array_equal(plain.codes, found.codes)
        assert len(found.to_bytes()) <= len(plain.to_bytes())


def test_a_search_of_joint_rows_keeps_their_depths(tmp_path: Path) -> None:
    codec = load("music-44k")
    left = 0.1 * np.random.default_rng(0).standard_normal(30_000).astype(np.float32)
    left[15_000:] *= 0.01
    soundfile.write(tmp_path / "a.wav", np.stack([left, 0.5 * np.roll(left, 40)]).T, 44_100, subtype="FLOAT")
    plain, found = (encoded(codec, tmp_path / "a.wav", quality=3, refine=steps) for steps in (0, 3))
    assert len(plain.codes) == 1
    assert depths_of(plain.codes).std() > 0
    assert np.array_equal(depths_of(plain.codes), depths_of(found.codes))
    assert not np.array_equal(plain.codes, found.codes)


def test_more_quality_takes_more_bits_and_a_hard_sound_more_than_an_easy_one(codec: Codec, path: Path) -> None:
    by_quality = [encoded(codec, path, quality=value) for value in (1, 4, 7.5, 10)]
    sizes = [len(tokens.to_bytes()) for tokens in by_quality]
    assert sizes == sorted(set(sizes))
    assert all(tokens.header.variable for tokens in by_quality)
    wav = soundfile.read(path)[0].astype(np.float32)
    soundfile.write(path, np.where(np.arange(len(wav)) < 16_000, wav, 0), 16_000, subtype="FLOAT")
    assert len(encoded(codec, path, quality=7.5).to_bytes()) < 0.5 * sizes[2]


def test_silence_takes_one_codebook_at_any_quality(codec: Codec, tmp_path: Path) -> None:
    soundfile.write(tmp_path / "a.wav", np.zeros(80_000, np.float32), 16_000)
    for options in ({"quality": 10}, {"num_codebooks": 6, "vbr": True}):
        tokens = encoded(codec, tmp_path / "a.wav", **options)
        assert (depths_of(tokens.codes)[:, 50:] == 1).all()  # after the first page, which the encoder has to swing in
        assert np.abs(codec.decode(tokens)[:, 4000:]).max() < 1e-4


@pytest.mark.parametrize("beside", [{"vbr": True}, {"bitrate": "3k"}, {"num_codebooks": 6}])
def test_quality_and_a_rate_exclude_each_other(codec: Codec, path: Path, beside: dict[str, object]) -> None:
    with pytest.raises(ConfigError, match="quality finds the rate of a sound itself; give either"):
        encoded(codec, path, quality=5, **beside)


@pytest.mark.parametrize("quality", [0, 10.5, float("nan"), "high", (6,)])
def test_qualities_out_of_range_are_refused(codec: Codec, path: Path, quality: object) -> None:
    with pytest.raises(ConfigError, match=re.escape(f"quality is {quality!r}, it must be 1 to 10")):
        encoded(codec, path, quality=quality)
    assert price_of(1) == price_of("1") == 2**-3.5  # type: ignore[arg-type]


def test_bits_go_where_errors_fall_most() -> None:
    errors = np.ones((12, 1, 100))
    errors[:, :, 50:] = (1 / np.arange(1, 13))[:, None, None]
    bits = np.full((12, 1, 100), 10.0)
    depths = depths_of_mean(errors, bits, 50, 4.0)
    assert (depths[0, :50] == 1).all()
    assert depths[0, 50:].mean() > 5
    assert 3.4 < depths.mean() <= 4
    assert (depths_of_mean(errors, bits, 50, 12) == 12).all()
    assert (depths_at_price(errors, bits, 50, 10.0) == 1).all()
    assert (depths_at_price(errors, bits, 50, 1e-9)[0, 50:] == 12).all()


def test_errors_between_the_depths_that_were_heard() -> None:
    assert tried_depths(12) == [1, 2, 3, 4, 6, 8, 10, 12]
    assert tried_depths(18) == [1, 2, 3, 4, 6, 9, 12, 15, 18]
    assert tried_depths(1) == [1]
    errors = interpolated(np.array([8.0, 4.0, 5.0, 1.0])[:, None, None], [1, 3, 6, 12], 12)[:, 0, 0]
    assert errors[[0, 2, 11]].tolist() == [8, 4, 1]
    assert (np.diff(errors) <= 0).all()
    assert interpolated(np.ones((1, 1, 3)), [1], 1).shape == (1, 1, 3)
