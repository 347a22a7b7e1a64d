"""Everything a run needs to go on, in one safetensors file. Nothing is pickled."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import torch
import yaml
from safetensors import SafetensorError, safe_open
from safetensors.torch import load_file, save_file
from torch import nn

from audiocodec._util.files import replacing
from audiocodec.errors import ModelError, OutputError
from audiocodec.model import CodecModel
from audiocodec.model.build import build_model

LAST, BEST = "checkpoint.safetensors", "best.safetensors"

Optimizers = Mapping[str, torch.optim.Optimizer]


def _optimizer_tensors(optimizers: Optimizers) -> dict[str, torch.Tensor]:
    return {
        f"{part}/{index}/{name}": value
        for part, optimizer in optimizers.items()
        for index, state in optimizer.state_dict()["state"].items()
        for name, value in state.items()
    }


def save_checkpoint(
    path: Path, modules: Mapping[str, nn.Module], optimizers: Optimizers, progress: dict[str, Any]
) -> None:
    """Write atomically: a killed run or a full disk leaves the checkpoint before this one.

    Args:
        path: of the file.
        modules: their weights are kept, by name.
        optimizers: their states are kept, by name.
        progress: JSON-able counters.

    Raises:
        OutputError: it cannot be written.
    """
    tensors = {f"{part}/{key}": v for part, module in modules.items() for key, v in module.state_dict().items()}
    tensors |= _optimizer_tensors(optimizers)
    copies = {key: value.detach().cpu().contiguous().clone() for key, value in tensors.items()}
    with replacing(path, overwrite=True) as temporary:
        try:
            save_file(copies, temporary, {"progress": json.dumps(progress)})
        except SafetensorError as error:
            raise OutputError(f"{path}: cannot be written ({error})") from error


def load_checkpoint(path: Path, modules: Mapping[str, nn.Module], optimizers: Optimizers) -> dict[str, Any]:
    """Restore what `save_checkpoint` wrote and return its `progress`.

    Raises:
        ModelError: the file is damaged or belongs to another run.
    """
    try:
        with safe_open(path, framework="pt") as file:
            tensors = {key: file.get_tensor(key) for key in file.keys()}  # noqa: SIM118
            progress = json.loads(file.metadata()["progress"])
        if others := {key.split("/")[0] for key in tensors} - {*modules, *optimizers}:
            raise ValueError(f"saved with another optimizer, or other parts: {', '.join(sorted(others))}")
        for part, module in modules.items():
            module.load_state_dict(_below(tensors, f"{part}/"))
        for part, optimizer in optimizers.items():
            state: dict[int, dict[str, torch.Tensor]] = {}
            for key, value in _below(tensors, f"{part}/").items():
                index, name = key.split("/")
                state.setdefault(int(index), {})[name] = value
            optimizer.load_state_dict({"state": state, "param_groups": optimizer.state_dict()["param_groups"]})
    except Exception as error:
        raise ModelError(f"{path}: is not a checkpoint of this run ({str(error).splitlines()[0]})") from error
    return dict(progress)


def load_average(run_dir: Path, best: bool = False) -> tuple[CodecModel, dict[str, Any]]:
    """The averaged model of a run, in eval mode, and its configuration.

    Args:
        run_dir: folder of the run.
        best: the one that validated best instead of the last.

    Raises:
        ModelError: the folder holds no checkpoint with its configuration.
    """
    path = run_dir / (BEST if best else LAST)
    try:
        config = yaml.safe_load((run_dir / "config.yaml").read_text())
        model = build_model(config["model"])
        model.load_state_dict(_below(load_file(path), "average/"))
    except FileNotFoundError as error:
        raise ModelError(f"{run_dir}: holds no training run (no {Path(error.filename or path).name} in it)") from error
    except Exception as error:
        raise ModelError(f"{run_dir}: holds no training run ({str(error).splitlines()[0]})") from error
    return model.eval(), config


def _below(tensors: dict[str, torch.Tensor], prefix: str) -> dict[str, torch.Tensor]:
    return {k.removeprefix(prefix): v for k, v in tensors.items() if k.startswith(prefix)}
