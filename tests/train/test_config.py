"""Recipes: typed, overridable, and every mistake is named."""

from __future__ import annotations

import math
from pathlib import Path

import pytest

from audiocodec.errors import ConfigError
from audiocodec.model.build import build_model
from audiocodec.train.config import dump_config, find_recipe, load_config, recipes
from audiocodec.train.recipe import build_adversary, build_losses, build_trainer
from audiocodec.train.summary import macs_per_second, summary
from tests.model.test_build import TINY
from tests.train.tiny import recipe


def test_a_part_of_another_type_takes_the_place_of_the_old_one() -> None:
    fsq, vq = (load_config(recipes()[f"vq-baseline/{name}"], ["data.root=x"]) for name in ("fsq", "vq"))
    assert vq.model["quantizer"] == {
        "type": "ResidualVQ",
        "stage": {"type": "VQ", "dim": 72, "codebook_size": math.prod(fsq.model["quantizer"]["levels"])},
        "num_codebooks": fsq.model["quantizer"]["num_codebooks"],
        "dropout": fsq.model["quantizer"]["dropout"],
    }
    assert vq.model["encoder"] == fsq.model["encoder"]
    assert (vq.losses, vq.data, vq.train, vq.budget) == (fsq.losses, fsq.data, fsq.train, fsq.budget)


def test_there_are_recipes() -> None:
    assert {
        "tiny/1-spectral",
        "tiny/auraloss",
        "audio-44k/1-decoder",
        "audio-44k/2-joint",
        "audio-44k/3-joint",
        "audio-44k/4-joint",
        "audio-44k/5-joint",
        "audio-44k/6-joint",
        "fsq_vs_vq/codec",
        "speech-16k/1-spectral",
        "speech-16k/2-joint",
        "speech-16k/3-perceptual",
        "speech-16k/4-noise",
        "speech-16k/5-intelligible",
        "speech-16k/6-codes-kept",
        "speech-16k/decoder",
        "speech-16k/adversarial",
        "music-44k/1-spectral",
        "music-44k/2-decoder",
        "music-44k/adversarial",
        "hierarchical/flat",
        "hierarchical/tall",
        "vq-baseline/fsq",
        "vq-baseline/vq",
    } == set(recipes())


@pytest.mark.parametrize("name", recipes())
def test_every_recipe_builds(name: str) -> None:
    config = load_config(recipes()[name])
    text = summary(build_model(config.model))
    build_losses(config.losses)
    build_adversary(config.adversarial, bfloat16=False)
    assert "kbit/s a channel" in text
    assert recipes()[name].read_text().startswith("# ")


def test_the_summary_knows_codebooks_at_several_time_scales() -> None:
    flat, tall = (summary(build_model(load_config(recipes()[f"hierarchical/{n}"]).model)) for n in ("flat", "tall"))
    assert "0.50 to 2.98 kbit/s a channel: 6 codebooks of 972" in flat
    assert "0.12 to 2.98 kbit/s a channel: 11 codebooks of 972" in tall
    assert "delay       40.0 ms: a frame of 320 samples and 320 more" in flat
    assert "delay       100.0 ms: 4 frames of 320 samples and 320 more" in tall


@pytest.mark.parametrize("name", ["speech-16k/1-spectral", "music-44k/1-spectral"])
def test_models_that_ship_stay_small(name: str) -> None:
    model = build_model(load_config(recipes()[name]).model)
    assert sum(p.numel() for p in model.parameters()) * 2 <= 10 * 2**20


def test_the_stages_of_a_model_train_the_same_weights() -> None:
    for name in ("speech-16k", "music-44k"):
        models = [build_model(load_config(path).model) for key, path in recipes().items() if key.startswith(name)]
        shapes = [{key: value.shape for key, value in model.state_dict().items()} for model in models]
        assert len(shapes) > 2
        assert all(shape == shapes[0] for shape in shapes)
        adversarial = load_config(recipes()[f"{name}/adversarial"])
        assert adversarial.phase == "adversarial"
        assert adversarial.budget.minutes == 60


def test_what_is_dumped_loads_as_the_same(tmp_path: Path) -> None:
    config = recipe(tmp_path, "data.augment.speed=0.5", "budget.minutes=3")
    assert config.data.augment.speed == 0.5
    assert (config.budget.steps, config.budget.minutes) == (None, 3.0)
    (tmp_path / "again.yaml").write_text(dump_config(config))
    assert load_config(tmp_path / "again.yaml") == config


def test_a_root_is_replaced_not_merged(tmp_path: Path) -> None:
    config = recipe(tmp_path, data={"root": {"a": 1, "b": 2}, "segment_frames": 1, "batch_size": 1})
    assert config.data.root == {"a": 1, "b": 2}
    assert load_config(tmp_path / "recipe.yaml", ["data.root=c"]).data.root == "c"


@pytest.mark.parametrize(
    ("override", "message"),
    [
        ("budget.minuts=3", r"budget.minuts: unknown 'minuts', did you mean 'minutes'\?"),
        ("trane.device=cpu", "did you mean 'train'"),
        ("data.augment.sped=1", "did you mean 'speed'"),
        ("xyz=1", "known: model, losses"),
        ("train.learning_rate=fast", "train.learning_rate: .*Float"),
        ("train=3", "train: needs keys and values"),
        ("phase=spectrel", "did you mean 'spectral'"),
        ("budget", "is not a valid override: write key=value"),
        ("=3", "is not a valid override: write key=value"),
        ("budget.steps=0", "must be more than 0"),
        ("budget.minutes=nan", "must be more than 0"),
        ("data.batch_size=0", "data.batch_size is 0, it must be 1 or more"),
        ("data.segment_frames=-5", "data.segment_frames is -5, it must be 1 or more"),
        ("data.workers=-1", "data.workers is -1, it must be 0 or more"),
        ("data.seed=-1", "data.seed is -1, it must be 0 or more"),
        ("data=3", "data: needs keys and values"),
        ("data.root=[", r"'data.root=\[' is not a valid override"),
        ("train.learning_rate=nan", "train.learning_rate is nan, it must be above 0"),
        ("train.learning_rate=0", "train.learning_rate is 0.0, it must be above 0"),
        ("train.threads=-3", "train.threads is -3, it must be 1 or more"),
        ("train.lost=2", "train.lost is 2.0, it must be 0 to 1"),
        ("train.best_by=foo", "train.best_by is 'foo', known: mel, estoi, pesq, si_sdr"),
    ],
)
def test_mistakes_are_named(tmp_path: Path, override: str, message: str) -> None:
    with pytest.raises(ConfigError, match=message):
        recipe(tmp_path, override)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("- 1", "needs keys and values"),
        ("a: [", "cannot be read"),
        ("model: {}", "losses is missing"),
        ("extends: recipe.yaml", "extends itself"),
        ("extends: nope.yaml", "cannot be read"),
    ],
)
def test_bad_files_are_refused(tmp_path: Path, text: str, message: str) -> None:
    (tmp_path / "recipe.yaml").write_text(text)
    with pytest.raises(ConfigError, match=message):
        load_config(tmp_path / "recipe.yaml")


def test_unknown_recipes_are_refused() -> None:
    assert find_recipe("tiny") == recipes()["tiny/1-spectral"]
    with pytest.raises(ConfigError, match="did you mean 'tiny'"):
        find_recipe("tinny")
    with pytest.raises(ConfigError, match="no such file"):
        find_recipe("nope.yaml")


def test_unknown_parts_are_refused(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="did you mean 'waveform'"):
        build_losses({"wavform": {}})
    with pytest.raises(ConfigError, match=r"losses.mel: .*window"):
        build_losses({"mel": {"window": 1}})
    with pytest.raises(ConfigError, match=r"losses.mel.weight is -1.0, it must be 0 or more"):
        build_losses({"mel": {"weight": -1}})
    with pytest.raises(ConfigError, match=r"losses.mel.weight is nan"):
        build_losses({"mel": {"weight": "much"}})
    with pytest.raises(ConfigError, match=r"losses.mel: needs keys and values such as weight, got -1"):
        build_losses({"mel": -1})  # type: ignore[dict-item]
    with pytest.raises(ConfigError, match="name at least one"):
        build_losses({})
    config = recipe(tmp_path, "adversarial.loss=hing")
    with pytest.raises(ConfigError, match="did you mean 'hinge'"):
        build_adversary(config.adversarial, bfloat16=False)
    config = recipe(tmp_path, adversarial={"discriminators": {"STFTDiscriminater": {}}})
    with pytest.raises(ConfigError, match="did you mean 'STFTDiscriminator'"):
        build_adversary(config.adversarial, bfloat16=False)


def test_work_is_counted() -> None:
    """Of one strided convolution, one pointwise one and so on: at least the matrix of the first layer."""
    encoder, decoder = macs_per_second(build_model(TINY))
    first = 16_000 / 16 * 8 * 32  # samples / stride x channels x kernel
    assert first < encoder < 100 * first
    assert first < decoder < 100 * first


def test_a_recipe_without_data_says_how_to_give_it(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="data.root=FOLDER"):
        build_trainer(load_config(recipes()["tiny/1-spectral"]), tmp_path / "run")
    assert not (tmp_path / "run").exists()
