"""The Python of docs/onnx.md runs as it stands, and gives what the codec gives."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from audiocodec.backends.onnx import export_onnx
from audiocodec.codec import load
from audiocodec.model.bundle import load_bundle

ROOT = Path(__file__).parents[1]
TEXT = (ROOT / "docs" / "onnx.md").read_text()
OPENING, TRAINING, ROUND_TRIP = re.findall(r"```python\n(.*?)```", TEXT, re.S)


@pytest.mark.parametrize("name", ["speech-16k", "audio-44k", "music-44k"])
def test_the_round_trip_is_that_of_the_codec(name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The same network on the same library; sums of other shapes may round differently."""
    export_onnx(tmp_path / "exported", load_bundle(name))
    monkeypatch.chdir(tmp_path)
    names: dict[str, Any] = {}
    exec(compile(ROUND_TRIP, "onnx.md", "exec"), names)
    codec = load(name, backend="onnx")
    tokens = codec.encode(names["sound"], codec.sample_rate)
    assert (names["codes"].shape, names["codes"].dtype) == (tokens.codes.shape, np.int32)
    assert np.mean(names["codes"] != tokens.codes) < 0.02
    expected = codec.decode(names["codes"], num_codebooks=6)[0][:, : names["sound"].shape[1]]
    assert names["heard"].shape == names["sound"].shape
    np.testing.assert_allclose(names["heard"], expected, atol=1e-4)


def test_the_round_trip_needs_numpy_and_onnxruntime_alone(tmp_path: Path) -> None:
    export_onnx(tmp_path / "exported", load_bundle("speech-16k"))
    code = f"{ROUND_TRIP}\nimport sys\nassert not {{'torch', 'audiocodec'}} & set(sys.modules)"
    subprocess.run([sys.executable, "-c", code], cwd=tmp_path, check=True)


@pytest.mark.parametrize("name", ["speech-16k", "audio-44k", "music-44k"])
def test_metadata(name: str, tmp_path: Path) -> None:
    onnxruntime = pytest.importorskip("onnxruntime")
    info = load_bundle(name).info
    for path in export_onnx(tmp_path, load_bundle(name)):
        facts = onnxruntime.InferenceSession(path).get_modelmeta().custom_metadata_map
        keys = re.findall(r"`(\w+)`", "".join(re.findall(r"^\| (`.*?) \|", TEXT[TEXT.index("| key |") :], re.M)))
        assert set(keys) == {*facts, "strides"}  # which no shipped model has
        assert (facts["model"], facts["version"], facts["model_hash"]) == (name, info.version, info.hash.hex())
        numbers = ("sample_rate", "hop_length", "delay", "num_codebooks", "codebook_size")
        assert [int(facts[key]) for key in numbers] == [getattr(info, key) for key in numbers]
        assert tuple(map(int, facts["levels"].split())) == info.levels
        assert bool(int(facts["joint_stereo"])) is info.joint_stereo


def test_the_other_blocks_run() -> None:
    names: dict[str, Any] = {}
    exec(compile(OPENING, "onnx.md", "exec"), names)
    exec(compile(TRAINING, "onnx.md", "exec"), names)
    assert names["again"].shape == names["wav"].shape
