"""Everything a run needs to go on, in one safetensors file. Nothing is pickled."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any

import torch
import yaml
from safetensors import safe_open
from safetensors.torch import load_file, save_file
from torch import nn

from audiocodec.errors import ModelError
from audiocodec.models import CodecModel
from audiocodec.models.build import build_model


def _optimizer_tensors(optimizer: torch.optim.Optimizer) -> dict[str, torch.Tensor]:
    return {
        f"optimizer/{index}/{name}": value
        for index, state in optimizer.state_dict()["state"].items()
        for name, value in state.items()
    }


def save_checkpoint(
    path: Path, model: nn.Module, average: nn.Module, optimizer: torch.optim.Optimizer, progress: dict[str, Any]
) -> None:
    """Write atomically: a killed run leaves the checkpoint before this one.

    Args:
        path: of the file.
        model, average, optimizer: the state to keep.
        progress: JSON-able counters and generator states.
    """
    tensors = {f"model/{k}": v for k, v in model.state_dict().items()}
    tensors |= {f"average/{k}": v for k, v in average.state_dict().items()}
    tensors |= _optimizer_tensors(optimizer)
    tensors["random"] = torch.get_rng_state()
    temporary = path.with_name(path.name + ".part")
    save_file(
        {k: v.detach().cpu().contiguous().clone() for k, v in tensors.items()},
        temporary,
        {"progress": json.dumps(progress)},
    )
    os.replace(temporary, path)


def load_checkpoint(
    path: Path, model: nn.Module, average: nn.Module, optimizer: torch.optim.Optimizer
) -> dict[str, Any]:
    """Restore what `save_checkpoint` wrote and return its `progress`.

    Raises:
        ModelError: the file is damaged or belongs to another model.
    """
    try:
        with safe_open(path, framework="pt") as file:
            tensors = {key: file.get_tensor(key) for key in file.keys()}  # noqa: SIM118
            progress = json.loads(file.metadata()["progress"])
        model.load_state_dict(_below(tensors, "model/"))
        average.load_state_dict(_below(tensors, "average/"))
    except Exception as error:
        raise ModelError(f"{path}: is no checkpoint of this model ({error})") from error
    state: dict[int, dict[str, torch.Tensor]] = {}
    for key, value in _below(tensors, "optimizer/").items():
        index, name = key.split("/")
        state.setdefault(int(index), {})[name] = value
    optimizer.load_state_dict({"state": state, "param_groups": optimizer.state_dict()["param_groups"]})
    torch.set_rng_state(tensors["random"])
    return progress


def load_average(run_dir: Path) -> tuple[CodecModel, dict[str, Any]]:
    """The averaged model of a run, in eval mode, and its description.

    Raises:
        ModelError: the folder holds no checkpoint with its configuration.
    """
    path = run_dir / "checkpoint.safetensors"
    try:
        spec = yaml.safe_load((run_dir / "config.yaml").read_text())["model"]
        model = build_model(spec)
        model.load_state_dict(_below(load_file(path), "average/"))
    except Exception as error:
        raise ModelError(f"{run_dir}: holds no training run ({str(error).splitlines()[0]})") from error
    return model.eval(), spec


def _below(tensors: dict[str, torch.Tensor], prefix: str) -> dict[str, torch.Tensor]:
    return {k.removeprefix(prefix): v for k, v in tensors.items() if k.startswith(prefix)}
