"""Variable rate: as many codes in each frame as it needs."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import soundfile

from audiocodec.codec import Codec
from audiocodec.codec.variable import choose_depths, interpolated, tried_depths
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


def test_it_cannot_be_refined(codec: Codec, path: Path) -> None:
    with pytest.raises(ConfigError, match="cannot be refined"):
        encoded(codec, path, num_codebooks=6, vbr=True, refine=1)


def test_bits_go_where_errors_fall_most() -> None:
    errors = np.ones((12, 1, 100))
    errors[:, :, 50:] = (1 / np.arange(1, 13))[:, None, None]
    depths = choose_depths(errors, np.full((12, 1, 100), 10.0), 4.0, 50)
    assert (depths[0, :50] == 1).all()
    assert depths[0, 50:].mean() > 5
    assert 3.4 < depths.mean() <= 4
    assert (choose_depths(errors, np.full((12, 1, 100), 10.0), 12, 50) == 12).all()


def test_errors_between_the_depths_that_were_heard() -> None:
    assert tried_depths(12) == [1, 3, 6, 12]
    assert tried_depths(1) == [1]
    errors = interpolated(np.array([8.0, 4.0, 5.0, 1.0])[:, None, None], [1, 3, 6, 12], 12)[:, 0, 0]
    assert errors[[0, 2, 11]].tolist() == [8, 4, 1]
    assert (np.diff(errors) <= 0).all()
    assert interpolated(np.ones((1, 1, 3)), [1], 1).shape == (1, 1, 3)
