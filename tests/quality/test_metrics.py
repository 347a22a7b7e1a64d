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
