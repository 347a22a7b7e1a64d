"""What many tests need."""

from __future__ import annotations

import shutil
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from hypothesis import HealthCheck, settings

from audiocodec import audio
from audiocodec.codec import Codec, load
from audiocodec.model.bundle import WEIGHTS, load_bundle
from audiocodec.tokens import save_entropy

torch.set_num_threads(1)  # small matrices: two threads only wait for each other
# no test measures speed
settings.register_profile("house", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("house")

SPEECH = Path(__file__).parent / "sounds" / "speech.flac"
SHARED = Path(__file__).parents[2] / "shared" / "data"


@pytest.fixture(autouse=True)
def _seed() -> None:
    torch.manual_seed(0)


@pytest.fixture(scope="session")
def codec() -> Codec:
    """The reference. tests/backends/test_onnx.py holds the other backend to it."""
    return load("speech-16k", backend="torch")


@pytest.fixture
def own_model(tmp_path: Path) -> Path:
    """A model in a folder, whose entropy model is nowhere else."""
    bundle, folder = load_bundle("speech-16k"), tmp_path / "own"
    assert bundle.entropy is not None
    own = replace(bundle.entropy, out_bias=bundle.entropy.out_bias + 1)  # the same probabilities
    folder.mkdir()
    for suffix in (".yaml", ".safetensors"):
        shutil.copy((WEIGHTS / "speech-16k").with_suffix(suffix), folder)
    save_entropy(folder / "speech-16k.entropy.npz", own)
    return folder


@pytest.fixture(scope="session")
def speech_path() -> Path:
    return SPEECH


@pytest.fixture(scope="session")
def speech() -> np.ndarray:
    """Five seconds of real speech, "1 t", 16 kHz."""
    return audio.read(SPEECH, 16_000)[0]


@pytest.fixture(scope="session")
def test_clips() -> list[np.ndarray]:
    """Eight clips of unequal length, "1 t", 16 kHz, of the shared data."""
    folder = SHARED / "speech" / "test"
    if not folder.is_dir():
        pytest.skip("the shared speech data is not here (../shared/data/speech/test)")
    return [audio.read(path, 16_000)[0][:1] for path in audio.list_audio_files(folder)[::5]]
