"""The recipe, two steps on half a second of sound, from the command line to a codec that decodes."""

from __future__ import annotations

import csv
import importlib.util
from pathlib import Path

import numpy as np
import pytest
import yaml
from click.testing import CliRunner

from audiocodec.errors import ConfigError
from audiocodec.train.recipe import build_trainer, load_config
from tests.models.test_build import TINY

ROOT = Path(__file__).parents[2]


def tiny_config(speech_path: Path, folder: Path) -> dict[str, object]:
    config = load_config(ROOT / "configs/speech-16k/v0.yaml")
    config["model"] = TINY
    config["data"] |= {"train": str(speech_path), "valid": str(speech_path), "cache": str(folder / "cache")}
    config["data"] |= {"segment_frames": 10, "batch_size": 2}
    config["budget"] = {"steps": 2}
    return config


def recipe() -> object:
    spec = importlib.util.spec_from_file_location("speech_16k", ROOT / "recipes/speech_16k.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module.main


def test_it_trains_and_resumes(speech_path: Path, tmp_path: Path) -> None:
    path, run_dir = tmp_path / "tiny.yaml", tmp_path / "run"
    config = tiny_config(speech_path, tmp_path)
    path.write_text(yaml.safe_dump(config))
    result = CliRunner().invoke(recipe(), [str(path), str(run_dir)], catch_exceptions=False)
    assert result.exit_code == 0
    assert sorted(p.name for p in run_dir.iterdir()) == ["checkpoint.safetensors", "config.yaml", "curve.csv"]
    path.write_text(yaml.safe_dump(config | {"budget": {"steps": 3}}))
    assert CliRunner().invoke(recipe(), [str(path), str(run_dir)], catch_exceptions=False).exit_code == 0
    with (run_dir / "curve.csv").open() as file:
        rows = list(csv.DictReader(file))
    assert [row["step"] for row in rows] == ["2", "3"]
    assert np.isfinite([float(rows[-1][f"{m}_{k}"]) for m in ("estoi", "si_sdr", "mel") for k in (1, 2, 4)]).all()


@pytest.mark.parametrize(
    ("section", "values", "message"),
    [
        ("losses", {"nonsense": {}}, "unknown 'nonsense', known: mel"),
        ("losses", {"mel": {"weigth": 1}}, "unknown key 'weigth'"),
        ("data", {"trian": "x"}, "did you mean 'train'"),
        ("train", {"learning_rat": 1}, "did you mean 'learning_rate'"),
        ("budget", {"steps": 1, "minutes": 2}, "either steps or minutes"),
    ],
)
def test_mistakes_in_the_yaml(
    speech_path: Path, tmp_path: Path, section: str, values: dict[str, object], message: str
) -> None:
    config = tiny_config(speech_path, tmp_path)
    config[section] = {**config[section], **values} if section in ("data", "train") else values  # type: ignore[dict-item]
    with pytest.raises(ConfigError, match=message):
        build_trainer(config, tmp_path)


def test_unreadable_configs(tmp_path: Path) -> None:
    path = tmp_path / "a.yaml"
    with pytest.raises(ConfigError, match="cannot be read"):
        load_config(path)
    path.write_text("{")
    with pytest.raises(ConfigError, match="cannot be read"):
        load_config(path)
    path.write_text("model: {}")
    with pytest.raises(ConfigError, match="needs exactly the sections"):
        load_config(path)
