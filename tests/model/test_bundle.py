"""Weights and descriptions that cannot be used are one ModelError."""

from __future__ import annotations

import json
import stat
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from safetensors.numpy import load_file, save_file
from safetensors.torch import save_file as save_torch

from audiocodec.codec import Codec, load
from audiocodec.errors import ModelError, OutputError
from audiocodec.model.bundle import describe


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    load().save_pretrained(tmp_path / "mine")
    return tmp_path / "mine"


def edit(folder: Path, change: Callable[[dict[str, Any]], object]) -> None:
    description = json.loads((folder / "config.json").read_text())
    change(description["model"])
    (folder / "config.json").write_text(json.dumps(description, indent="\t"))


def test_json_may_have_tabs_and_all_may_read_it(folder: Path) -> None:
    edit(folder, lambda model: None)
    assert Codec.from_pretrained(str(folder)).model_hash == load().model_hash
    modes = {stat.S_IMODE(path.stat().st_mode) for path in folder.iterdir()}
    (folder / "new").touch()
    assert modes == {stat.S_IMODE((folder / "new").stat().st_mode)}


@pytest.mark.parametrize("part", ["encoder.", "decoder.", "quantizer.project_out"])
@pytest.mark.parametrize("value", [np.nan, np.inf])
def test_weights_that_are_no_numbers(folder: Path, part: str, value: float) -> None:
    tensors = load_file(folder / "model.safetensors")
    name = next(name for name in sorted(tensors) if name.startswith(part))
    tensors[name] = np.array(tensors[name])
    tensors[name].flat[0] = value
    save_file(tensors, folder / "model.safetensors")
    with pytest.raises(ModelError, match=f"{name} holds NaN or infinity"):
        load(str(folder))


def test_types_that_numpy_does_not_know(folder: Path) -> None:
    tensors = {
        name: torch.from_numpy(array).bfloat16() for name, array in load_file(folder / "model.safetensors").items()
    }
    save_torch(tensors, folder / "model.safetensors")
    with pytest.raises(ModelError, match=r"model\.safetensors: "):
        load(str(folder))


@pytest.mark.parametrize("backend", ["auto", "onnx", "torch"])
@pytest.mark.parametrize(
    "change",
    [
        lambda model: model.pop("decoder"),
        lambda model: model.pop("quantizer"),
        lambda model: model.pop("sample_rate"),
        lambda model: model["quantizer"].update(levels=[2**31, 2]),
        lambda model: model["quantizer"].update(levels="many"),
        lambda model: model["decoder"].update(delay=10**12),
        lambda model: model["encoder"].update(strides="many"),
        lambda model: model.update(decoder=7),
    ],
)
def test_descriptions_that_cannot_be_built(
    folder: Path, backend: str, change: Callable[[dict[str, Any]], object]
) -> None:
    edit(folder, change)
    with pytest.raises(ModelError):
        load(str(folder), backend=backend)


def test_a_description_without_end_is_one_sentence(folder: Path) -> None:
    (folder / "config.json").write_text("[" * 100_000)
    with pytest.raises(ModelError, match="is not a valid model description"):
        describe(str(folder))


@pytest.mark.parametrize("name", ["README.md", "config.json", "model.safetensors", "model.entropy.npz"])
def test_a_folder_that_holds_one_of_the_files_gets_none(tmp_path: Path, name: str) -> None:
    (tmp_path / name).write_text("mine")
    with pytest.raises(OutputError, match=f"{name}: exists already"):
        load().save_pretrained(tmp_path)
    assert [path.name for path in tmp_path.iterdir()] == [name]
    assert (tmp_path / name).read_text() == "mine"
