"""The filter against offset and rumble."""

from __future__ import annotations

import re

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import signal

from audiocodec import audio
from audiocodec.audio import HighPass, check_cutoff, high_passed
from audiocodec.errors import AudioError, ConfigError


def noise(samples: int, channels: int = 1) -> np.ndarray:
    return np.random.default_rng(0).standard_normal((channels, samples)).astype(np.float32)


@pytest.mark.parametrize(("rate", "cutoff"), [(16_000, 50), (48_000, 50), (8000, 500), (100, 25), (192_000, 1)])
def test_it_is_the_butterworth_of_scipy(rate: int, cutoff: float) -> None:
    wav = noise(200_000, 2) + 0.5  # several periods
    sections = signal.butter(4, cutoff, "high", fs=rate, output="sos")
    steady = signal.sosfilt_zi(sections)
    expected = [signal.sosfilt(sections, row, zi=steady * row[0])[0] for row in wav.astype(np.float64)]
    np.testing.assert_allclose(HighPass(rate, cutoff).push(wav), expected, atol=2e-6)


def test_its_response_is_that_of_the_formula() -> None:
    """|H| of a Butterworth high-pass is 1 / sqrt(1 + (cutoff / f)^8), with f warped by the bilinear transform."""
    rate, cutoff = 16_000, 50.0
    impulse = np.zeros((1, 1 << 16), np.float32)
    impulse[0, 1] = 1
    response = np.abs(np.fft.rfft(HighPass(rate, cutoff).push(impulse)[0]))[1:-1]
    hz = np.fft.rfftfreq(1 << 16, 1 / rate)[1:-1]
    ratio = np.tan(np.pi * cutoff / rate) / np.tan(np.pi * hz / rate)
    np.testing.assert_allclose(response, 1 / np.sqrt(1 + ratio**8), atol=1e-5)


@given(st.lists(st.integers(0, 700), max_size=12), st.integers(1, 2))
def test_blocks_do_not_matter(lengths: list[int], channels: int) -> None:
    """8000 Hz and 500 Hz: periods are shorter than some of the blocks."""
    wav = noise(3000, channels)
    cuts = np.minimum(np.cumsum([0, *lengths]), 3000)
    blocks = np.split(wav, cuts, axis=1)
    pieces = np.concatenate(list(high_passed(blocks, 8000, 500)), axis=1)
    assert np.array_equal(pieces, HighPass(8000, 500).push(wav))


def test_sample_by_sample() -> None:
    wav, one = noise(20_000), HighPass(16_000, 50)
    pieces = np.concatenate([one.push(wav[:, i : i + 1]) for i in range(20_000)], axis=1)
    assert np.array_equal(pieces, HighPass(16_000, 50).push(wav))


def test_channels_are_filtered_apart() -> None:
    wav = noise(20_000, 2)
    both = HighPass(16_000, 50).push(wav)
    assert np.array_equal(both[1:], HighPass(16_000, 50).push(wav[1:]))


def test_an_offset_makes_no_thump() -> None:
    assert np.abs(HighPass(48_000, 50).push(np.full((2, 100_000), 0.7, np.float32))).max() < 1e-11
    voice = audio.resample(0.1 * noise(48_000), 16_000, 48_000)
    shifted = HighPass(48_000, 50).push(voice + np.float32(0.5))
    np.testing.assert_allclose(shifted, HighPass(48_000, 50).push(voice), atol=2e-7)


@pytest.mark.parametrize("shape", [(100,), (1, 2, 100), ()])
def test_blocks_of_another_shape(shape: tuple[int, ...]) -> None:
    message = f"a high-pass takes blocks of samples 'c t', got one of shape {shape}"
    with pytest.raises(AudioError, match=re.escape(message)):
        HighPass(16_000, 50).push(np.zeros(shape, np.float32))


def test_the_number_of_channels_stays() -> None:
    one = HighPass(16_000, 50)
    one.push(noise(100, 2))
    with pytest.raises(AudioError, match=r"a high-pass takes blocks of samples '2 t', got one of shape \(1, 100\)"):
        one.push(noise(100))


def test_zero_is_no_filter() -> None:
    wav = noise(100)
    assert list(high_passed([wav], 16_000, 0)) == [wav]
    with pytest.raises(ConfigError, match="needs a cutoff above 0 Hz"):
        HighPass(16_000, 0)


def test_a_cutoff_may_be_text() -> None:
    wav = noise(1000)
    assert np.array_equal(HighPass(16_000, "50").push(wav), HighPass(16_000, 50).push(wav))  # type: ignore[arg-type]


@pytest.mark.parametrize("cutoff", [-1, 1e-300, 0.5, 501, float("nan"), "fast", None])
def test_cutoffs_that_cannot_be(cutoff: object) -> None:
    with pytest.raises(ConfigError, match=r"a high-pass at .* Hz cannot be; give 0 \(none\) or 1 to 500 Hz, such"):
        check_cutoff(cutoff)  # type: ignore[arg-type]


def test_a_cutoff_above_all_of_the_sound() -> None:
    with pytest.raises(ConfigError, match="a high-pass at 50 Hz leaves nothing of sound at 100 Hz"):
        high_passed([noise(10)], 100, 50)
