"""The promise of 1.0: its token files decode with every later release, and sound no worse."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pytest

import audiocodec
from audiocodec import audio
from audiocodec._util.extras import installed
from audiocodec.quality import metrics

TESTS = Path(__file__).parents[1]


@dataclass(frozen=True)
class Promise:
    """What a model's 1.0 had on the sound of the tests, whose original has a DistillMOS of 3.85."""

    model: str
    num_codebooks: int
    estoi: float
    pesq: float
    distillmos: float


PROMISES = [Promise("speech-16k", 12, 0.914, 3.19, 2.99), Promise("audio-44k", 18, 0.949, 3.60, 3.07)]


@pytest.fixture(scope="module", params=PROMISES, ids=lambda promise: promise.model)
def promise(request: pytest.FixtureRequest) -> Promise:
    found: Promise = request.param
    return found


@pytest.fixture(scope="module")
def decoded(promise: Promise) -> np.ndarray:
    tokens = audiocodec.Tokens.load(TESTS / "golden" / f"{promise.model}-1.0.fsq")
    assert (tokens.header.model, tokens.header.num_codebooks) == (promise.model, promise.num_codebooks)
    wav = audiocodec.load(tokens.header.model).decode(tokens)
    return audio.resample(wav, tokens.header.sample_rate, 16_000)[0]


@pytest.fixture(scope="module")
def original() -> np.ndarray:
    return audiocodec.read(TESTS / "sounds" / "speech.flac", 16_000)[0][0]


def test_scores_stay_above_their_floors(promise: Promise, decoded: np.ndarray, original: np.ndarray) -> None:
    """What 1.0 had, less what a change of rounding may cost."""
    assert metrics.estoi(original, decoded, 16_000) > promise.estoi - 0.005
    assert metrics.pesq_wb(original, decoded, 16_000) > promise.pesq - 0.05
    assert metrics.repetition(original, decoded, 16_000) < 0.06


def test_it_sounds_as_natural_as_it_did(promise: Promise, decoded: np.ndarray, original: np.ndarray) -> None:
    if not installed("distillmos"):
        pytest.skip("distillmos is not installed (extra metrics)")
    assert metrics.distillmos(original, decoded) > promise.distillmos - 0.1
