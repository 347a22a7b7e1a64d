"""Training: it learns, it resumes exactly, it survives NaN."""

from __future__ import annotations

import csv
from pathlib import Path

import numpy as np
import pytest
import torch
from torch import Tensor, nn

from audiocodec.data import SampleCache, SegmentSampler
from audiocodec.errors import AudioCodecError, ConfigError, ModelError
from audiocodec.losses import MelLoss, Pair, WaveformLoss
from audiocodec.models.build import build_model
from audiocodec.train import Budget, Trainer
from tests.models.test_build import TINY


def make(run_dir: Path, steps: int = 20, losses: dict[str, tuple[float, nn.Module]] | None = None) -> Trainer:
    torch.manual_seed(3)
    rng = np.random.default_rng(0)
    samples = (8000 * np.sin(np.arange(64_000) * 0.05) + 500 * rng.standard_normal(64_000)).astype(np.int16)
    cache = SampleCache(samples, np.array([0, 64_000]), 16_000)
    losses = losses or {"mel": (1.0, MelLoss(16_000, [128], [20])), "waveform": (1.0, WaveformLoss())}
    sampler = SegmentSampler(cache, 3200, 4)
    return Trainer(
        build_model(TINY),
        losses,
        sampler,
        Budget(steps=steps),
        run_dir,
        validate=lambda model: {"score": 1.0},
        warmup_steps=5,
    )


def test_the_loss_falls_and_the_curve_is_written(tmp_path: Path) -> None:
    trainer = make(tmp_path, steps=60)
    trainer.model.train()
    first = trainer.train_step()["loss"]
    trainer.fit()
    with (tmp_path / "curve.csv").open() as file:
        rows = list(csv.DictReader(file))
    assert trainer.step == 60
    assert rows[-1]["step"] == "60"
    assert float(rows[-1]["loss"]) < 0.8 * first
    assert float(rows[-1]["score"]) == 1.0


@pytest.mark.parametrize("stop", [1, 7])
def test_a_resumed_run_gives_the_same_weights(tmp_path: Path, stop: int) -> None:
    unbroken = make(tmp_path / "a", steps=12)
    unbroken.fit()
    broken = make(tmp_path / "b", steps=12)
    broken.model.train()
    for _ in range(stop):
        broken.train_step()
    broken.save()
    torch.manual_seed(99)
    resumed = make(tmp_path / "b", steps=12)
    assert resumed.resume()
    assert resumed.step == stop
    resumed.fit()
    for key, value in unbroken.model.state_dict().items():
        assert torch.equal(resumed.model.state_dict()[key], value), key
    for key, value in unbroken.ema.model.state_dict().items():
        assert torch.equal(resumed.ema.model.state_dict()[key], value), key


def test_starting_from_another_run(tmp_path: Path) -> None:
    first, second = make(tmp_path / "a", steps=3), make(tmp_path / "b", steps=3)
    first.fit()
    second.start_from(first.ema.model)
    for key, value in first.ema.model.state_dict().items():
        assert torch.equal(second.model.state_dict()[key], value)
        assert torch.equal(second.ema.model.state_dict()[key], value)
    other = build_model({**TINY, "quantizer": {**TINY["quantizer"], "num_codebooks": 5}})
    with pytest.raises(ModelError, match="do not fit"):
        second.start_from(other)


def test_nothing_to_resume(tmp_path: Path) -> None:
    assert not make(tmp_path).resume()


def test_damaged_checkpoints_are_refused(tmp_path: Path) -> None:
    trainer = make(tmp_path)
    trainer.save()
    data = trainer.checkpoint_path.read_bytes()
    trainer.checkpoint_path.write_bytes(data[: len(data) // 2])
    with pytest.raises(ModelError, match="no checkpoint of this model"):
        make(tmp_path).resume()


class Poison(nn.Module):
    """NaN in the first `n` steps."""

    def __init__(self, n: int) -> None:
        super().__init__()
        self.n = n

    def forward(self, pair: Pair) -> Tensor:
        self.n -= 1
        return pair.estimate.square().mean() * (float("nan") if self.n >= 0 else 1.0)


def test_nan_steps_are_skipped_and_counted(tmp_path: Path) -> None:
    trainer = make(tmp_path, steps=8, losses={"poison": (1.0, Poison(3))})
    trainer.fit()
    assert trainer.bad_steps == 3
    assert all(torch.isfinite(p).all() for p in trainer.model.parameters())


def test_too_many_nan_steps_end_the_run(tmp_path: Path) -> None:
    trainer = make(tmp_path, steps=100, losses={"poison": (1.0, Poison(1000))})
    trainer.max_bad_steps = 5
    with pytest.raises(AudioCodecError, match="NaN in 5 steps"):
        trainer.fit()


def test_the_learning_rate_warms_up_and_ends_near_zero(tmp_path: Path) -> None:
    trainer = make(tmp_path, steps=100)
    rates = []
    for trainer.step in range(101):
        rates.append(trainer._learning_rate())
    assert rates[0] == pytest.approx(trainer.learning_rate / 5, rel=0.01)
    assert max(rates) == pytest.approx(trainer.learning_rate, rel=0.01)
    assert rates[-1] == pytest.approx(1e-3 * trainer.learning_rate)


def test_budgets() -> None:
    assert Budget(minutes=2).share(5, 60) == 0.5
    assert Budget(steps=10).share(5, 60) == 0.5
    with pytest.raises(ConfigError, match="either steps or minutes"):
        Budget()
    with pytest.raises(ConfigError, match="either steps or minutes"):
        Budget(steps=1, minutes=1)
