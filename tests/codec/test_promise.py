"""The promise of 1.0: its token files decode with every later release, and sound no worse."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

import audiocodec
from audiocodec._util.extras import installed
from audiocodec.quality import metrics

TESTS = Path(__file__).parents[1]
GOLDEN = TESTS / "golden" / "speech-16k-1.0.fsq"


@pytest.fixture(scope="module")
def decoded() -> np.ndarray:
    tokens = audiocodec.Tokens.load(GOLDEN)
    assert (tokens.header.model, tokens.header.num_codebooks) == ("speech-16k", 12)
    return audiocodec.load(tokens.header.model).decode(tokens)[0]


@pytest.fixture(scope="module")
def original() -> np.ndarray:
    return audiocodec.read(TESTS / "sounds" / "speech.flac", 16_000)[0][0]


def resampled(wav: np.ndarray) -> np.ndarray:
    """From the rate of the file to 16 kHz, "t"."""
    from audiocodec import audio

    _, rate = audiocodec.read(TESTS / "sounds" / "speech.flac")
    return audio.resample(wav[None], rate, 16_000)[0]


def test_scores_stay_above_their_floors(decoded: np.ndarray, original: np.ndarray) -> None:
    """What 1.0 had, less what a change of rounding may cost."""
    estimate = resampled(decoded)
    assert metrics.estoi(original, estimate, 16_000) > ESTOI - 0.005
    assert metrics.pesq_wb(original, estimate, 16_000) > PESQ - 0.05
    assert metrics.repetition(original, estimate, 16_000) < 0.06


def test_it_sounds_as_natural_as_it_did(decoded: np.ndarray, original: np.ndarray) -> None:
    if not installed("distillmos"):
        pytest.skip("distillmos is not installed (extra metrics)")
    assert metrics.distillmos(original, resampled(decoded)) > DISTILLMOS - 0.1
