"""The recipes around training: one command reproduces a model, another puts it in other coordinates."""

from __future__ import annotations

import importlib
from pathlib import Path
from types import ModuleType

import numpy as np
import pytest
import soundfile
import torch
from click.testing import CliRunner

import audiocodec
from audiocodec.errors import ConfigError, ModelError
from audiocodec.model.build import build_model
from audiocodec.model.bundle import load_bundle, save_bundle
from audiocodec.tokens import load_entropy
from audiocodec.train.config import find_recipe, load_config
from audiocodec.train.entropy import fit_entropy

ROOT = Path(__file__).parents[2]
SOUNDS = ROOT / "tests" / "sounds"


@pytest.fixture
def load_recipe(monkeypatch: pytest.MonkeyPatch) -> ModuleType:
    monkeypatch.syspath_prepend(ROOT / "recipes")
    return importlib


@pytest.mark.slow
def test_a_recipe_is_reproduced_as_a_model(load_recipe: ModuleType, tmp_path: Path) -> None:
    reproduce = load_recipe.import_module("reproduce")
    arguments = ["tiny", str(SOUNDS), str(tmp_path), "budget.steps=2"]
    result = CliRunner().invoke(reproduce.main, arguments, catch_exceptions=False)
    assert result.exit_code == 0, result.output
    codec = audiocodec.load(str(tmp_path / "tiny" / "model"))
    assert codec.model_hash.hex()[:8] in result.output


def test_stages_follow_each_other(load_recipe: ModuleType) -> None:
    """Each one that names what it begins with names the stage before it."""
    stages = load_recipe.import_module("reproduce").stages
    assert [len(stages(name)) for name in ("tiny", "music-44k", "speech-16k")] == [1, 2, 6]
    for model in ("music-44k", "speech-16k"):
        names = stages(model)
        starts = [load_config(find_recipe(name)).start_from for name in names]
        assert starts == [None, *(f"runs/{name}" for name in names[:-1])]


def test_stages_that_begin_with_something_else_are_refused(load_recipe: ModuleType, tmp_path: Path) -> None:
    """Before anything is trained."""
    reproduce = load_recipe.import_module("reproduce")
    done = CliRunner().invoke(reproduce.main, ["audio-44k", str(SOUNDS), str(tmp_path / "runs")])
    assert (done.exit_code, done.output.count("\n")) == (1, 1)
    assert "audio-44k/1-decoder: starts from runs/audio-44k/grown, which no stage makes" in done.output
    assert not (tmp_path / "runs").exists()


def test_a_rebased_model_says_the_same(load_recipe: ModuleType, tmp_path: Path) -> None:
    torch = pytest.importorskip("torch")
    from audiocodec.model.bundle import load_bundle

    recipe = load_recipe.import_module("rebase")
    wav = torch.from_numpy(audiocodec.read(SOUNDS / "speech.flac", 16_000)[0][None, :1, :48_000])
    arguments = ["speech-16k", str(tmp_path), "--name", "again", "--spread", "0.05"]
    assert CliRunner().invoke(recipe.main, arguments, catch_exceptions=False).exit_code == 0
    codes, latents, sound = [], [], []
    for name in ("speech-16k", str(tmp_path)):
        model = load_bundle(name).build_model()
        with torch.inference_mode():
            latents.append(model.encoder(wav)[0])
            codes.append(model.quantizer.encode(latents[-1]))
            sound.append(model.decoder(model.quantizer.decode(codes[0]))[0][..., 16_000:])
    assert (codes[0] == codes[1]).float().mean() > 0.8  # its weights are rounded to float16 once more
    assert (sound[0] - sound[1]).square().mean() < 1e-3 * sound[0].square().mean()
    mean, std = model.quantizer.statistics()
    assert mean.abs().max() == 0
    assert (std - 0.05).abs().max() < 1e-4  # float16
    projected = torch.einsum("qld,bdt->bqlt", model.quantizer.project_in[:1], latents[1])  # what codebook 1 rounds
    assert (projected.std(-1) / 0.05).log().abs().max() < 0.7


@pytest.mark.slow
def test_an_encoder_is_taught_anew(load_recipe: ModuleType, tmp_path: Path) -> None:
    recipe, described = load_recipe.import_module("teach_encoder"), load_config(find_recipe("tiny")).model
    torch.manual_seed(0)  # that of the recipe: what its new encoder begins as
    begun = build_model(described)
    torch.manual_seed(1)
    old = build_model(described)
    save_bundle(tmp_path / "old", "tiny", "0", described, old)
    arguments = [str(tmp_path / "old"), "tiny", str(tmp_path / "new"), f"data.root={SOUNDS}", "budget.steps=60"]
    assert CliRunner().invoke(recipe.main, arguments, catch_exceptions=False).exit_code == 0
    new = load_bundle(str(tmp_path / "new")).build_model()
    torch.testing.assert_close(new.quantizer.project_in, old.quantizer.project_in, atol=1e-3, rtol=1e-3)
    samples = 100 * new.hop_length
    wav = torch.from_numpy(audiocodec.read(SOUNDS / "speech.flac", new.sample_rate)[0][None, :1, :samples])
    with torch.inference_mode():
        wanted, learned, random = (model.eval().encoder(wav)[0] for model in (old, new, begun))
    assert (learned - wanted).square().mean() < 0.5 * (random - wanted).square().mean()


def test_what_cannot_be_rebased_is_refused(load_recipe: ModuleType) -> None:
    recipe = load_recipe.import_module("rebase")
    from audiocodec.errors import ModelError
    from audiocodec.model.build import build_model
    from audiocodec.train.config import find_recipe, load_config

    wider = [f"model.{part}=32" for part in ("encoder.latent_dim", "quantizer.dim", "decoder.latent_dim")]
    model = build_model(load_config(find_recipe("tiny"), wider).model)
    with pytest.raises(ModelError, match="latent dimensions are not the"):
        recipe.rebase(model, 1.0)


def test_a_model_between_two_others(load_recipe: ModuleType, tmp_path: Path) -> None:
    recipe = load_recipe.import_module("average")
    spec = load_bundle("speech-16k").description["model"]
    old, new = (build_model(spec) for _ in range(2))
    with pytest.raises(ModelError, match="other quantizers"):
        recipe.average(old, new, 0.5, 0.5)
    new.quantizer.load_state_dict(old.quantizer.state_dict())
    model = recipe.average(old, new, 1.0, 0.25)
    assert torch.equal(model.encoder.out.weight, new.encoder.out.weight)
    first, second, mixed = (m.decoder.body.layers[0].linear.weight for m in (old, new, model))
    torch.testing.assert_close(mixed, 0.75 * first + 0.25 * second)
    assert torch.equal(model.quantizer.project_out, old.quantizer.project_out)
    small = build_model({**spec, "encoder": {**spec["encoder"], "blocks": [1, 1]}})
    with pytest.raises(ModelError, match="one architecture"):
        recipe.average(old, small, 0.5, 0.5)


def test_a_grown_model_says_the_same(load_recipe: ModuleType, tmp_path: Path) -> None:
    recipe = load_recipe.import_module("grow")
    wav = torch.from_numpy(audiocodec.read(SOUNDS / "speech.flac", 44_100)[0][None, :1, : 20 * 512])
    arguments = ["music-44k", str(tmp_path), "--name", "deeper", "--encoder", "2,3", "--decoder", "4,3"]
    assert CliRunner().invoke(recipe.main, arguments, catch_exceptions=False).exit_code == 0
    old, new = (load_bundle(name).build_model() for name in ("music-44k", str(tmp_path)))
    assert len(new.decoder.body.layers) == len(old.decoder.body.layers) + 2
    with torch.inference_mode():
        codes = [model.quantizer.encode(model.encoder(wav)[0]) for model in (old, new)]
        sounds = [model.decoder(model.quantizer.decode(codes[0]))[0] for model in (old, new)]
    assert torch.equal(codes[0], codes[1])
    torch.testing.assert_close(sounds[0], sounds[1], atol=1e-5, rtol=0)

    noisy = [*arguments, "--noise", "--restart", "--force"]
    assert CliRunner().invoke(recipe.main, noisy, catch_exceptions=False).exit_code == 0
    other = load_bundle(str(tmp_path)).build_model()
    assert other.noisy
    kept, begun = other.decoder.body.layers[-3].state_dict(), other.decoder.body.layers[0].state_dict()
    torch.testing.assert_close(kept, new.decoder.body.layers[-3].state_dict())
    assert not torch.equal(begun["linear.weight"], new.decoder.body.layers[0].linear.weight)
    fewer = CliRunner().invoke(recipe.main, [*arguments[:5], "1,3", *arguments[6:], "--force"])
    assert fewer.exit_code == 1
    assert isinstance(fewer.exception, SystemExit)


@pytest.mark.parametrize("module", ["average", "grow", "language_model", "rebase", "teach_encoder", "train_entropy"])
def test_an_unknown_model_is_one_sentence(load_recipe: ModuleType, tmp_path: Path, module: str) -> None:
    place = str(tmp_path / "new")
    named = ("--name", "a", "--encoder", "1", "--decoder", "1")
    arguments = {
        "average": ["none", "none", place, *named, "--version", "1"],
        "grow": ["none", place, *named],
        "language_model": [place, "--model", "none"],
        "rebase": ["none", place, "--name", "a"],
        "teach_encoder": ["none", "tiny", place],
        "train_entropy": ["none", str(SOUNDS)],
    }
    done = CliRunner().invoke(load_recipe.import_module(module).main, arguments[module])
    assert (done.exit_code, type(done.exception), done.output.count("\n")) == (1, SystemExit, 1)
    assert done.output.startswith("error: ")
    assert "none" in done.output


def test_an_entropy_model_needs_sounds_of_its_kind(load_recipe: ModuleType, tmp_path: Path) -> None:
    """Before anything is trained: neither kind of folder may hold only sounds of one channel, or empty ones."""
    recipe = load_recipe.import_module("train_entropy")
    for name, shape in (("mono", 1000), ("stereo", (44_100, 2)), ("empty", (0, 2))):
        (tmp_path / name).mkdir()
        soundfile.write(tmp_path / name / "a.wav", np.zeros(shape), 44_100)
    mono, stereo, empty = (str(tmp_path / name) for name in ("mono", "stereo", "empty"))
    options = ["--output", str(tmp_path / "a.npz"), "--steps", "1"]
    for arguments, folder in (
        ([mono, "--joint"], mono),
        ([stereo, "--joint", "--test", mono], mono),
        ([empty, "--joint"], empty),
    ):
        done = CliRunner().invoke(recipe.main, ["audio-44k", *arguments, *options])
        assert done.output == f"error: {folder}: all sounds are empty or do not have two channels\n"
        assert (done.exit_code, type(done.exception)) == (1, SystemExit)
    done = CliRunner().invoke(recipe.main, ["audio-44k", stereo, "--test", empty, *options])
    assert done.output == f"error: {empty}: all sounds are empty\n"
    assert not (tmp_path / "a.npz").exists()


def test_no_entropy_model_is_for_a_large_codebook_of_vq() -> None:
    with pytest.raises(ConfigError, match="128 values together; here they have 972, so .* stay packed$"):
        fit_entropy([np.zeros((2, 400), int)], [972], 100, steps=1)


def test_an_entropy_model_of_joint_rows(load_recipe: ModuleType, tmp_path: Path) -> None:
    recipe, wav = load_recipe.import_module("train_entropy"), np.zeros((3 * 44_100, 2))
    wav[:, 0] = np.random.default_rng(0).uniform(-0.1, 0.1, len(wav))
    soundfile.write(tmp_path / "a.wav", wav, 44_100)
    arguments = ["audio-44k", str(tmp_path), "--joint", "--test", str(tmp_path), "--steps", "2"]
    done = CliRunner().invoke(recipe.main, [*arguments, "-o", str(tmp_path / "a.npz")], catch_exceptions=False)
    assert done.exit_code == 0, done.output
    assert load_entropy(tmp_path / "a.npz").num_codebooks == audiocodec.load("audio-44k").num_codebooks
    assert done.output.count("smaller than packed") == 4
