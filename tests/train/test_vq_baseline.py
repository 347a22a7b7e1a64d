"""A model of residual VQ, from its recipe to a token file and back, live, and scored: as any other."""

from __future__ import annotations

import csv
from collections.abc import Callable
from pathlib import Path

import click.testing
import numpy as np
import pytest
import soundfile

import audiocodec
from audiocodec.backends.onnx import OnnxModel
from audiocodec.cli.main import main
from audiocodec.train.package import package_run
from audiocodec.train.recipe import run
from tests.model.test_build import TINY
from tests.train.tiny import recipe

VQ = {"type": "ResidualVQ", "stage": {"type": "VQ", "dim": 8, "codebook_size": 25}, "num_codebooks": 4}
Call = Callable[..., str]


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """With sounds, and the model `vq`."""
    folder = tmp_path_factory.mktemp("vq")
    run(recipe(folder, "train.lost=0.3", model=TINY | {"quantizer": VQ}), folder / "run")
    package_run(folder / "run", folder / "vq", "vq", "1")
    return folder


@pytest.fixture
def call(folder: Path) -> Call:
    def call(*arguments: object) -> str:
        result = click.testing.CliRunner().invoke(main, [str(a) for a in arguments])
        assert result.exit_code == 0, result.output
        return result.output

    return call


def test_file_and_stream(folder: Path, tmp_path: Path, call: Call) -> None:
    clip, model = folder / "sounds/valid/c.wav", folder / "vq"
    for backend in ("onnx", "torch"):
        call("encode", clip, tmp_path / f"{backend}.fsq", "-m", model, "--backend", backend)
        call("decode", tmp_path / "onnx.fsq", tmp_path / f"{backend}.wav", "-m", model, "--backend", backend)
    tokens = audiocodec.Tokens.load(tmp_path / "onnx.fsq")
    assert (tokens.codes.shape, tokens.header.levels) == ((1, 4, 101), (25,))
    assert np.array_equal(tokens.codes, audiocodec.Tokens.load(tmp_path / "torch.fsq").codes)
    sounds = [soundfile.read(tmp_path / f"{backend}.wav")[0] for backend in ("onnx", "torch")]
    np.testing.assert_allclose(*sounds, atol=1e-4)
    call("stream", "-i", clip, "-o", tmp_path / "live.wav", "-m", model)
    live = soundfile.read(tmp_path / "live.wav")[0][320:]  # it lags by the decoder's delay
    assert len(live) > 31_000
    np.testing.assert_allclose(live, sounds[0][: len(live)], atol=1e-4)
    call("truncate", tmp_path / "onnx.fsq", tmp_path / "two.fsq", "-n", 2)
    codec = audiocodec.load(str(model))
    assert np.array_equal(audiocodec.Tokens.load(tmp_path / "two.fsq").codes, tokens.codes[:, :2])
    assert not np.array_equal(codec.decode(tokens.truncate(2)), codec.decode(tokens))


def test_search_and_scores(folder: Path, tmp_path: Path, call: Call) -> None:
    clip, model = folder / "sounds/valid/c.wav", folder / "vq"
    call("encode", clip, tmp_path / "searched.fsq", "-m", model, "--refine", 2)
    assert audiocodec.Tokens.load(tmp_path / "searched.fsq").codes.max() < 25
    scores = ["-s", f"{model}@900", "--metrics", "si_sdr", "--report-clips", 0]
    call("evaluate", folder / "sounds/valid", "-o", tmp_path / "scores", *scores)
    rows = list(csv.DictReader((tmp_path / "scores" / "rows.csv").read_text().splitlines()))
    assert len(rows) == 1
    assert np.isfinite(float(rows[0]["si_sdr"]))


def test_export_for_other_programs(folder: Path, tmp_path: Path, call: Call) -> None:
    call("export", folder / "vq", "-o", tmp_path / "out")
    assert len(list((tmp_path / "out").glob("*.onnx"))) == 2


def test_a_stage_without_an_onnx_form_runs_on_torch(folder: Path) -> None:
    with pytest.raises(audiocodec.ModelError, match="VQ has no ONNX form"):
        OnnxModel(TINY | {"quantizer": VQ["stage"]}, {})
