"""Metrics: best on equal input, worse with more noise."""

from __future__ import annotations

import numpy as np
import pytest

from audiocodec._util.extras import require
from audiocodec.errors import MissingExtraError
from audiocodec.quality import metrics


@pytest.mark.parametrize(
    ("name", "best", "better"),
    [
        ("estoi", 1.0, 1),
        ("stoi", 1.0, 1),
        ("pesq_wb", 4.64, 1),
        ("mel_distance", 0.0, -1),
        ("stft_distance", 0.0, -1),
        ("si_sdr", 80.0, 1),
    ],
)
def test_identity_is_best_and_noise_is_worse(speech: np.ndarray, name: str, best: float, better: int) -> None:
    reference = speech[0]
    noise = np.random.default_rng(0).standard_normal(len(reference)).astype(np.float32)
    measure = getattr(metrics, name)
    rate = () if name in ("si_sdr", "stft_distance") else (16_000,)
    scores = [better * measure(reference, reference + scale * noise, *rate) for scale in (0.0, 0.003, 0.03)]
    assert scores[0] > scores[1] > scores[2]
    assert scores[0] >= better * best - 0.01


def test_si_sdr_known_value_and_scale() -> None:
    rng = np.random.default_rng(0)
    reference, noise = rng.standard_normal((2, 100_000)).astype(np.float32)
    assert metrics.si_sdr(reference, reference + 0.1 * noise) == pytest.approx(20, abs=0.1)
    assert metrics.si_sdr(reference, 5 * (reference + 0.1 * noise)) == pytest.approx(20, abs=0.1)


def test_pesq_of_silence_is_unknown() -> None:
    assert np.isnan(metrics.pesq_wb(np.zeros(16_000, np.float32), np.zeros(16_000, np.float32), 16_000))


def test_missing_packages_name_the_extra() -> None:
    with pytest.raises(MissingExtraError, match=r"audiocodec\[eval\]"):
        require("no_such_package_at_all", "eval")


def test_a_buzz_repeats_itself_and_noise_does_not() -> None:
    noise = np.random.default_rng(0).standard_normal(32_000).astype(np.float32)
    buzz = np.tile(noise[:320], 100)  # the same 20 ms again and again
    assert metrics.repetition(noise, buzz, 16_000) == pytest.approx(1, abs=0.01)
    assert abs(metrics.repetition(noise, noise, 16_000)) < 0.05
    assert np.isnan(metrics.repetition(noise, np.zeros(32_000, np.float32), 16_000))
    assert np.isnan(metrics.repetition(noise, noise[:300], 16_000))


def test_fluctuation_tells_noise_from_a_flat_spectrum() -> None:
    noise = np.random.default_rng(0).standard_normal((2, 32_000)).astype(np.float32)
    assert metrics.fluctuation(noise[0], noise[1], 16_000) == pytest.approx(1, abs=0.03)
    impulses = np.zeros(32_000, np.float32)
    impulses[::64] = 1.0  # a comb, steady in time: harmonics 250 Hz apart and nothing between them
    clicks = np.zeros(32_000, np.float32)
    clicks[::511] = 1.0  # one click a window: a flat spectrum
    assert metrics.fluctuation(noise[0], impulses, 16_000) > 1.5
    assert metrics.fluctuation(noise[0], clicks, 16_000) < 0.6


def test_repetition_and_fluctuation_of_speech(speech: np.ndarray) -> None:
    assert abs(metrics.repetition(speech[0], speech[0], 16_000)) < 0.1
    assert metrics.fluctuation(speech[0], speech[0], 16_000) == pytest.approx(1)


@pytest.mark.parametrize("samples", [1, 100, 3200, 6000])
@pytest.mark.parametrize("name", ["estoi", "stoi", "pesq_wb"])
def test_of_too_little_sound_intelligibility_is_unknown(speech: np.ndarray, name: str, samples: int) -> None:
    """None of them may end a run; pystoi says 1e-5 where it has less than 30 frames."""
    part = speech[0, 20_000 : 20_000 + samples]
    value = getattr(metrics, name)(part, part, 16_000)
    assert np.isnan(value) or (name == "pesq_wb" and samples == 6000 and value > 4)
