"""Two processes are one with the doubled batch."""

from __future__ import annotations

import csv
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import torch
import yaml
from safetensors.torch import load_file

from tests.model.test_build import TINY
from tests.train.tiny import write_sounds

QUANTIZERS = {
    "ResidualFSQ": TINY["quantizer"] | {"dropout": 0.5},
    "ResidualVQ": {
        "type": "ResidualVQ",
        "stage": {"type": "VQ", "dim": 8, "codebook_size": 8},
        "num_codebooks": 2,
        "dropout": 0.5,
    },
}


def train(folder: Path, name: str, launcher: list[str], batch_size: int, phase: str) -> dict[str, torch.Tensor]:
    command = [*launcher, "-m", "audiocodec", "train", str(folder / "recipe.yaml"), f"data.batch_size={batch_size}"]
    command += [f"phase={phase}", "--run-dir", str(folder / name)]
    environment = os.environ | {"OMP_NUM_THREADS": "1"}
    done = subprocess.run(command, capture_output=True, text=True, env=environment, timeout=600, check=False)
    assert done.returncode == 0, done.stderr
    assert done.stderr.count("next: audiocodec package") == 1
    return load_file(folder / name / "checkpoint.safetensors")


@pytest.mark.slow
@pytest.mark.parametrize(("quantizer", "phase"), [("ResidualFSQ", "adversarial"), ("ResidualVQ", "spectral")])
def test_two_processes_train_as_one(tmp_path: Path, quantizer: str, phase: str) -> None:
    recipe: dict[str, Any] = {
        "model": TINY | {"quantizer": QUANTIZERS[quantizer]},
        "losses": {"mel": {"sample_rate": 16_000, "windows": [128], "bands": [20]}, "waveform": {}},
        "data": {
            "root": str(write_sounds(tmp_path / "sounds")),
            "segment_frames": 10,
            "batch_size": 4,
            "valid_clips": 1,
            "valid_seconds": 2,
        },
        "adversarial": {"discriminators": {"STFTDiscriminator": {"windows": [256], "dim": 4}}},
        "train": {"warmup_steps": 5, "validations": 4, "tensorboard": False, "balancer": phase == "adversarial"},
        "budget": {"steps": 12},
    }
    (tmp_path / "recipe.yaml").write_text(yaml.safe_dump(recipe))
    torchrun = [sys.executable, "-m", "torch.distributed.run", "--standalone", "--nproc-per-node", "2"]
    if phase == "adversarial":
        train(tmp_path, "start", [sys.executable], 8, "spectral")
        (tmp_path / "recipe.yaml").write_text(yaml.safe_dump(recipe | {"start_from": str(tmp_path / "start")}))
    one = train(tmp_path, "one", [sys.executable], 8, phase)
    two = train(tmp_path, "two", torchrun, 4, phase)
    for key, value in one.items():
        if key.startswith(("model/", "average/")):  # Adam turns noise in tiny gradients into whole steps
            assert (two[key].float() - value.float()).norm() <= 0.01 * value.float().norm() + 1e-6, key
    curves = []
    for name in ("one", "two"):
        with (tmp_path / name / "curve.csv").open() as file:
            curves.append(list(csv.DictReader(file)))
    for a, b in zip(*curves, strict=True):
        assert float(a["loss"]) == pytest.approx(float(b["loss"]), rel=1e-3)
        assert float(a["usage_1"]) == float(b["usage_1"])
