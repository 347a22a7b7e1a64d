"""The promise of 1.0: its token files decode with every later release, and sound no worse."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

import audiocodec
from audiocodec import audio
from audiocodec._util.extras import installed
from audiocodec.quality import metrics

TESTS = Path(__file__).parents[1]
ESTOI, PESQ, DISTILLMOS = 0.914, 3.19, 2.99  # of 1.0 on this sound, whose original has 3.85
GOLDEN = TESTS / "golden" / "speech-16k-1.0.fsq"


@pytest.fixture(scope="module")
def decoded() -> np.ndarray:
    tokens = audiocodec.Tokens.load(GOLDEN)
    assert (tokens.header.model, tokens.header.num_codebooks) == ("speech-16k", 12)
    wav = audiocodec.load(tokens.header.model).decode(tokens)
    return audio.resample(wav, tokens.header.sample_rate, 16_000)[0]


@pytest.fixture(scope="module")
def original() -> np.ndarray:
    return audiocodec.read(TESTS / "sounds" / "speech.flac", 16_000)[0][0]


def test_scores_stay_above_their_floors(decoded: np.ndarray, original: np.ndarray) -> None:
    """What 1.0 had, less what a change of rounding may cost."""
    assert metrics.estoi(original, decoded, 16_000) > ESTOI - 0.005
    assert metrics.pesq_wb(original, decoded, 16_000) > PESQ - 0.05
    assert metrics.repetition(original, decoded, 16_000) < 0.06


def test_it_sounds_as_natural_as_it_did(decoded: np.ndarray, original: np.ndarray) -> None:
    if not installed("distillmos"):
        pytest.skip("distillmos is not installed (extra metrics)")
    assert metrics.distillmos(original, decoded) > DISTILLMOS - 0.1
