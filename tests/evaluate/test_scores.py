"""Every metric, at its own sample rate: best on equal input, worse with more noise."""

from __future__ import annotations

import numpy as np
import pytest

from audiocodec.errors import ConfigError
from audiocodec.evaluate.scores import METRICS, check_metrics, score

STATISTICS = ("fluctuation", "repetition")  # of a decode; white noise is not worse by them

NETWORKS = ("distillmos", "speaker_similarity", "visqol_audio", "visqol_speech")  # seconds to load


@pytest.mark.parametrize(
    "name",
    [
        pytest.param(name, marks=pytest.mark.slow if name in NETWORKS else [])
        for name in METRICS
        if name not in STATISTICS
    ],
)
def test_identity_is_best_and_noise_is_worse(speech: np.ndarray, name: str) -> None:
    try:
        check_metrics([name])
    except ConfigError as error:
        pytest.skip(str(error))
    sign = 1 if METRICS[name].higher_is_better else -1
    noise = np.random.default_rng(0).standard_normal(speech.shape).astype(np.float32)
    first, second, third = (
        sign * score(speech, speech + scale * noise, 16_000, [name])[name] for scale in (0.0, 0.01, 0.1)
    )
    assert first > second > third


def test_channels_are_averaged() -> None:
    left, right = np.random.default_rng(0).standard_normal((2, 16_000)).astype(np.float32)
    stereo, mono = np.stack([left, right]), np.stack([left + right]) / 2
    assert score(stereo, mono, 16_000, ["si_sdr"])["si_sdr"] > 80
