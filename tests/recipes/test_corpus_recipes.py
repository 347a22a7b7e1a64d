"""The recipes around corpora, on a few sounds: that they run and say what they should."""

from __future__ import annotations

import importlib
import math
import re
from pathlib import Path
from types import ModuleType

import numpy as np
import pytest
import soundfile
import torch
from click.testing import CliRunner

from audiocodec.corpus import tokenize
from audiocodec.tokens.layouts import Delayed

ROOT = Path(__file__).parents[2]


def recipe(name: str, monkeypatch: pytest.MonkeyPatch) -> ModuleType:
    monkeypatch.syspath_prepend(ROOT / "recipes")
    return importlib.import_module(name)


@pytest.fixture
def tones(tmp_path: Path) -> Path:
    """Notes after notes: something to learn."""
    (tmp_path / "in").mkdir()
    rng = np.random.default_rng(0)
    for i in range(20):
        pitches = np.repeat(rng.choice([200.0, 300.0, 400.0], 8), 3200)
        soundfile.write(tmp_path / "in" / f"{i:02d}.wav", 0.3 * np.sin(2 * np.pi * np.cumsum(pitches) / 16_000), 16_000)
    return tmp_path / "in"


@pytest.mark.slow
def test_language_model_learns(tones: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    module = recipe("language_model", monkeypatch)
    for name, value in {"DIM": 64, "LAYERS": 2, "FRAMES": 40, "WARMUP": 5}.items():
        monkeypatch.setattr(module, name, value)
    tokenize(str(tones), str(tmp_path / "corpus"), num_codebooks=2)
    result = CliRunner().invoke(
        module.main, [str(tmp_path / "corpus"), "--steps", "100", "--output", str(tmp_path)], catch_exceptions=False
    )
    assert result.exit_code == 0
    held = [float(value) for value in re.findall(r"held out (\d+\.\d+)", result.output)]
    assert held[0] == pytest.approx(math.log(Delayed(2, 1000).vocabulary.size), abs=0.5)
    (chance,) = map(float, re.findall(r"\(unigram\): (\d+\.\d+)", result.output))
    assert held[-1] < chance < held[0]
    for name in ("generated", "continued", "original"):
        samples, rate = soundfile.read(tmp_path / f"{name}.wav")
        assert (len(samples), rate) == (40 * 320 - 320, 16_000)
    original, continued = (soundfile.read(tmp_path / f"{n}.wav")[0] for n in ("original", "continued"))
    np.testing.assert_array_equal(original[:3000], continued[:3000])
    assert not np.array_equal(original, continued)


def test_steps_with_a_cache_are_those_without(monkeypatch: pytest.MonkeyPatch) -> None:
    """And no step sees what comes after it."""
    module = recipe("language_model", monkeypatch)
    model = module.LanguageModel(Delayed(2, 10), 12)
    tokens = torch.randint(13, (1, 2, 9))
    whole, _ = model(tokens)
    caches, steps = None, []
    for t in range(9):
        logits, caches = model(tokens[:, :, t : t + 1], caches)
        steps.append(logits)
    torch.testing.assert_close(torch.cat(steps, dim=2), whole, atol=1e-5, rtol=1e-4)


def test_too_small_a_corpus_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    module = recipe("language_model", monkeypatch)
    soundfile.write(tmp_path / "a.wav", np.zeros(1000), 16_000)
    tokenize(str(tmp_path), str(tmp_path / "corpus"), num_codebooks=2)
    result = CliRunner().invoke(module.main, [str(tmp_path / "corpus")])
    assert result.exit_code == 1
    assert "too few sounds of 150 frames" in result.output
