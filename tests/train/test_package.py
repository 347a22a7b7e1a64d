"""From a run to a model that everything else takes."""

from __future__ import annotations

import json
import sys
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

import audiocodec
from audiocodec.errors import MissingExtraError, ModelError, OutputError
from audiocodec.model.bundle import load_bundle, write_entropy
from audiocodec.tokens import EntropyModel, Tokens
from audiocodec.train.package import package_run
from audiocodec.train.recipe import run
from tests.train.tiny import recipe


@pytest.fixture(scope="module")
def run_dir(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("package")
    run(recipe(folder), folder / "run")
    return folder / "run"


def test_a_packaged_run_is_a_model(run_dir: Path, tmp_path: Path) -> None:
    bundle = package_run(run_dir, tmp_path / "mine", "mine", "3")
    card = (tmp_path / "mine" / "mine.md").read_text()
    assert bundle.info.hash.hex() in card
    assert "| step | minutes |" in card
    assert card.count("\n| 12 |") == 1
    codec = audiocodec.load(str(tmp_path / "mine"))
    assert (codec.name, codec.info.version) == ("mine", "3")
    wav = 0.1 * np.random.default_rng(0).standard_normal((1, 8000)).astype(np.float32)
    assert codec.decode(codec.encode(wav, sample_rate=16_000)).shape == (1, 8000)
    assert audiocodec.load(str(tmp_path / "mine" / "mine.yaml")).model_hash == codec.model_hash


def test_hub_layout(run_dir: Path, tmp_path: Path) -> None:
    codec = audiocodec.Codec(package_run(run_dir, tmp_path / "mine", "mine", "3"))
    codec.save_pretrained(tmp_path / "hub")
    assert {p.name for p in (tmp_path / "hub").iterdir()} == {"model.safetensors", "config.json", "README.md"}
    assert json.loads((tmp_path / "hub" / "config.json").read_text())["name"] == "mine"
    assert "library_name: audiocodec" in (tmp_path / "hub" / "README.md").read_text()
    again = audiocodec.Codec.from_pretrained(str(tmp_path / "hub"))
    assert (again.model_hash, again.name, again.info.version) == (codec.model_hash, "mine", "3")
    with pytest.raises(OutputError, match="exists already"):
        codec.save_pretrained(tmp_path / "hub")
    assert audiocodec.Codec.from_pretrained("speech-16k").name == "speech-16k"


def test_the_hub_is_asked_only_for_what_is_not_here(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "huggingface_hub", None)
    with pytest.raises(MissingExtraError, match=r"audiocodec\[hub\]"):
        audiocodec.Codec.from_pretrained("someone/codec")


def test_nothing_is_overwritten_unasked(run_dir: Path, tmp_path: Path) -> None:
    package_run(run_dir, tmp_path, "mine", "1")
    before = {path: path.read_bytes() for path in tmp_path.iterdir()}
    with pytest.raises(OutputError, match="exists already"):
        package_run(run_dir, tmp_path, "mine", "2")
    assert {path: path.read_bytes() for path in tmp_path.iterdir()} == before
    assert package_run(run_dir, tmp_path, "mine", "2", best=True, overwrite=True).info.version == "2"


def test_bad_requests(run_dir: Path, tmp_path: Path) -> None:
    with pytest.raises(ModelError, match="is not a model name"):
        package_run(run_dir, tmp_path, "../mine", "1")
    with pytest.raises(ModelError, match="holds no training run"):
        package_run(tmp_path, tmp_path / "out", "mine", "1")
    with pytest.raises(ModelError, match="no model"):
        audiocodec.load(str(tmp_path))
    package_run(run_dir, tmp_path, "a", "1")
    package_run(run_dir, tmp_path, "b", "1")
    with pytest.raises(ModelError, match="holds 2 models, name the .yaml of one"):
        audiocodec.load(str(tmp_path))


def entropy_of_tiny(slope: int = 2500) -> EntropyModel:
    """Of the levels and codebooks of `TINY`; knows that small digits are likely."""
    value = np.tile(np.arange(5), 2)
    return EntropyModel(
        levels=np.array([5, 5]),
        hidden_weight=np.zeros((4, 2, 2, 4, 2), np.int64),
        hidden_bias=np.zeros((4, 2), np.int64),
        out_weight=np.zeros((4, 10, 2), np.int64),
        out_bias=np.tile(-slope * value, (4, 1)),
    )


def add_entropy(description: Path) -> None:
    """Give a model entropy models."""
    bundle = load_bundle(str(description))
    write_entropy(description, replace(bundle, entropy=entropy_of_tiny(), joint_entropy=entropy_of_tiny(2000)))


def test_a_decoder_trained_further_keeps_files_and_their_entropy_model(
    run_dir: Path, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    """Through a chain of runs; under another name it decodes the files of the first, which decodes its files."""
    package_run(run_dir, tmp_path / "base", "base", "1")
    add_entropy(tmp_path / "base" / "base.yaml")
    base = audiocodec.load(str(tmp_path / "base"))
    start = str(tmp_path / "base")
    for name in ("first", "second"):
        run(recipe(tmp_path, "budget.steps=2", phase="decoder", start_from=start), tmp_path / name)
        start = str(tmp_path / name)
    package_run(tmp_path / "second", tmp_path / "voice", "voice", "1")
    voice = audiocodec.load(str(tmp_path / "voice"))
    assert (voice.name, voice.model_hash) == ("voice", base.model_hash)
    hashes = [voice.info.entropy, voice.info.joint_entropy]
    assert [model.hash for model in voice.entropy] == [model.hash for model in base.entropy] == hashes
    wav = 0.1 * np.random.default_rng(0).standard_normal((1, 8000)).astype(np.float32)
    tokens = base.encode(wav, 16_000)
    tokens.save(tmp_path / "a.fsq")
    assert not np.array_equal(voice.decode(tokens), base.decode(tokens))
    report = voice.decode_file(tmp_path / "a.fsq", tmp_path / "a.wav")
    assert report.duration_s == 0.5
    voice.encode(wav, 16_000).save(tmp_path / "b.fsq")
    assert (tmp_path / "b.fsq").stat().st_size == pytest.approx((tmp_path / "a.fsq").stat().st_size, abs=1)
    assert np.array_equal(Tokens.load(tmp_path / "b.fsq", base.entropy).codes, tokens.codes)
    (tmp_path / "base").rename(tmp_path / "gone")
    assert package_run(tmp_path / "second", tmp_path / "late", "late", "1").entropies == ()
    assert "its entropy models are left out" in caplog.text


def test_codes_that_stand_for_something_else_take_no_entropy_model(run_dir: Path, tmp_path: Path) -> None:
    package_run(run_dir, tmp_path / "base", "base", "1")
    add_entropy(tmp_path / "base" / "base.yaml")
    run(recipe(tmp_path, "budget.steps=2", start_from=str(tmp_path / "base")), tmp_path / "run")
    bundle = package_run(tmp_path / "run", tmp_path / "other", "other", "1")
    assert bundle.info.hash != audiocodec.load(str(tmp_path / "base")).model_hash
    assert bundle.entropies == ()
