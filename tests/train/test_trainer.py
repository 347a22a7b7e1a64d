"""Training: it learns, it resumes exactly, it survives NaN and full disks, in every phase."""

from __future__ import annotations

import csv
import os
import signal
import threading
from pathlib import Path
from typing import Any

import pytest
import torch
from torch import Tensor, nn

from audiocodec.errors import AudioCodecError, ConfigError, ModelError, OutputError
from audiocodec.model.build import build_model
from audiocodec.model.info import hash_tensors
from audiocodec.quality.losses import Pair
from audiocodec.train import Budget, Trainer, build_trainer, checkpoint
from audiocodec.train.config import find_recipe, load_config
from audiocodec.train.ema import EMA
from audiocodec.train.recipe import run
from tests.model.test_build import TINY
from tests.train.tiny import recipe


def make(folder: Path, *overrides: str, name: str = "run", **sections: Any) -> Trainer:
    trainer = build_trainer(recipe(folder, *overrides, **sections), folder / name)
    trainer.validate = lambda model: {"mel_4": 1.0}
    return trainer


def rows(run_dir: Path) -> list[dict[str, str]]:
    with (run_dir / "curve.csv").open() as file:
        return list(csv.DictReader(file))


def same(a: nn.Module, b: nn.Module) -> bool:
    mine, theirs = a.state_dict(), b.state_dict()
    return all(torch.equal(mine[key], theirs[key]) for key in mine)


def steps(trainer: Trainer, n: int) -> None:
    stream = trainer.data(trainer.step)
    for _ in range(n):
        trainer.train_step(next(stream))


def test_the_loss_falls_and_the_curve_is_written(tmp_path: Path) -> None:
    config = recipe(tmp_path, "budget.steps=80", "train.learning_rate=0.01", "train.validations=4")
    trainer = build_trainer(config, tmp_path / "run")
    trainer.fit()
    curve = rows(tmp_path / "run")
    assert [row["step"] for row in curve] == [str(step) for step in range(20, 81, 20)]
    assert float(curve[-1]["loss"]) < 0.5 * float(curve[0]["loss"])
    for i in range(1, 5):
        assert 0 < float(curve[-1][f"perplexity_{i}"]) <= float(curve[-1][f"usage_{i}"]) <= 1
    model, config = checkpoint.load_average(tmp_path / "run")
    assert config["model"]["sample_rate"] == 16_000
    assert same(model, trainer.ema.model)


PHASES: dict[str, dict[str, Any]] = {
    "spectral": {},
    "adamw": {"train": {"optimizer": "adamw", "warmup_steps": 5, "tensorboard": False}},
    "balanced": {"train": {"balancer": True, "warmup_steps": 5, "tensorboard": False}},
    "vq": {
        "model": {
            **TINY,
            "quantizer": {
                "type": "ResidualVQ",
                "stage": {"type": "VQ", "dim": 8, "codebook_size": 8},
                "num_codebooks": 2,
            },
        }
    },
}


@pytest.mark.parametrize("phase", PHASES)
@pytest.mark.parametrize("stop", [1, 7])
def test_a_resumed_run_gives_the_same_weights(tmp_path: Path, phase: str, stop: int) -> None:
    unbroken = make(tmp_path, name="a", **PHASES[phase])
    unbroken.fit()
    broken = make(tmp_path, name="b", **PHASES[phase])
    steps(broken, stop)
    broken.save()
    torch.manual_seed(99)
    resumed = make(tmp_path, name="b", **PHASES[phase])
    assert resumed.step == stop
    resumed.fit()
    assert same(resumed.model, unbroken.model)
    assert same(resumed.ema.model, unbroken.ema.model)


def test_a_finished_run_stays_as_it_is(tmp_path: Path) -> None:
    make(tmp_path).fit()
    before = (tmp_path / "run" / checkpoint.LAST).read_bytes()
    make(tmp_path).fit()
    assert (tmp_path / "run" / checkpoint.LAST).read_bytes() == before


def test_the_adversarial_phase_leaves_tokens_alone(tmp_path: Path) -> None:
    first = make(tmp_path, name="one")
    first.fit()
    adversarial = {"discriminators": {"STFTDiscriminator": {"windows": [256], "dim": 4}}}
    second = make(tmp_path, f"start_from={tmp_path / 'one'}", name="two", phase="adversarial", adversarial=adversarial)
    second.fit()
    for model in (second.model, second.ema.model):
        assert hash_tensors(model.state_dict()) == hash_tensors(first.ema.model.state_dict())
        assert not same(model.decoder, first.ema.model.decoder)
    last = rows(tmp_path / "two")[-1]
    assert {"discriminator", "adversarial", "feature_matching", "grad_norm_discriminator"} <= set(last)
    assert second.model.quantizer.training is False


def test_the_decoder_phase_learns_lost_frames_and_leaves_tokens_alone(tmp_path: Path) -> None:
    first = make(tmp_path, name="one")
    first.fit()
    second = make(tmp_path, f"start_from={tmp_path / 'one'}", "train.lost=1", name="two", phase="decoder")
    seen = []
    second.model.decoder.register_forward_pre_hook(lambda _, inputs: seen.append((inputs[0] == 0).all(1)))
    second.fit()
    assert hash_tensors(second.model.state_dict()) == hash_tensors(first.ema.model.state_dict())
    assert not same(second.model.decoder, first.ema.model.decoder)
    lost = torch.cat(seen)
    assert 0.02 < lost.float().mean() < 0.5
    assert "discriminator" not in rows(tmp_path / "two")[-1]
    with pytest.raises(ConfigError, match="phase decoder trains a decoder further"):
        make(tmp_path, name="three", phase="decoder")


def test_the_phase_that_keeps_codes_trains_all_but_the_quantizer(tmp_path: Path) -> None:
    first = make(tmp_path, name="one")
    first.fit()
    second = make(tmp_path, f"start_from={tmp_path / 'one'}", name="two", phase="codes_kept")
    second.fit()
    assert hash_tensors(second.model.state_dict()) == hash_tensors(first.ema.model.state_dict())
    assert same(second.model.quantizer, first.ema.model.quantizer)
    for part in ("encoder", "decoder"):
        assert not same(getattr(second.model, part), getattr(first.ema.model, part))
    with pytest.raises(ConfigError, match="phase codes_kept trains a model further"):
        make(tmp_path, name="three", phase="codes_kept")


def test_codebooks_are_dropped_in_the_adversarial_phase_too(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    make(tmp_path, name="one").fit()
    trainer = make(tmp_path, f"start_from={tmp_path / 'one'}", "phase=adversarial", name="two")
    seen = []
    whole = trainer.model.quantizer.forward

    def spy(latents: Tensor, num_codebooks: Tensor) -> Any:
        seen.append(num_codebooks)
        return whole(latents, num_codebooks)

    monkeypatch.setattr(trainer.model.quantizer, "forward", spy)
    trainer.model.quantizer.dropout = 0.9
    steps(trainer, 4)
    assert len({int(n) for depths in seen for n in depths}) > 1


def test_starting_from_another_run(tmp_path: Path) -> None:
    first = make(tmp_path, name="a")
    first.fit()
    second = make(tmp_path, f"start_from={tmp_path / 'a'}", name="b")
    assert same(first.ema.model, second.model)
    assert same(first.ema.model, second.ema.model)
    with pytest.raises(ModelError, match="do not fit"):
        second.start_from(build_model({**TINY, "quantizer": {**TINY["quantizer"], "num_codebooks": 5}}))
    with pytest.raises(ModelError, match="no model 'nonsense'"):
        make(tmp_path, "start_from=nonsense", name="c")


def test_a_folder_of_another_run_is_refused(tmp_path: Path) -> None:
    make(tmp_path).save()
    with pytest.raises(ConfigError, match="holds a run whose model is another"):
        make(tmp_path, "model.quantizer.num_codebooks=3")
    with pytest.raises(ConfigError, match="holds a run whose phase is another"):
        make(tmp_path, "phase=codes_kept", f"start_from={tmp_path / 'run'}")


def test_damaged_checkpoints_are_refused(tmp_path: Path) -> None:
    make(tmp_path).save()
    path = tmp_path / "run" / checkpoint.LAST
    path.write_bytes(path.read_bytes()[:5000])
    with pytest.raises(ModelError, match="is not a checkpoint of this run"):
        make(tmp_path)


class Poison(nn.Module):
    """NaN in the steps it is told."""

    def __init__(self, *bad: int) -> None:
        super().__init__()
        self.bad, self.count = bad, -1

    def forward(self, pair: Pair) -> Tensor:
        self.count += 1
        return pair.estimate.square().mean() * (float("nan") if self.count in self.bad else 1.0)


def test_nan_steps_are_skipped_and_counted(tmp_path: Path) -> None:
    trainer = make(tmp_path, "train.max_bad_steps=3")
    trainer.objective.losses = {"poison": (1.0, Poison(1, 2, 5, 6))}
    trainer.fit()
    assert trainer.bad_steps == 4
    assert all(torch.isfinite(value).all() for value in trainer.model.state_dict().values())
    assert rows(tmp_path / "run")[-1]["bad_steps"] == "4"


def test_nan_in_the_sound_leaves_no_trace_in_buffers(tmp_path: Path) -> None:
    trainer = make(tmp_path)
    steps(trainer, 2)
    before = {key: value.clone() for key, value in trainer.model.state_dict().items()}
    trainer.train_step(torch.full((4, 1, 3200), float("nan")))
    assert trainer.bad_steps == 1
    assert all(torch.equal(value, before[key]) for key, value in trainer.model.state_dict().items())


def test_too_many_nan_steps_end_the_run(tmp_path: Path) -> None:
    trainer = make(tmp_path, "train.max_bad_steps=5", "budget.steps=100")
    trainer.objective.losses = {"poison": (1.0, Poison(*range(1000)))}
    with pytest.raises(AudioCodecError, match="NaN in 5 steps"):
        trainer.fit()


def test_a_full_disk_leaves_the_last_good_checkpoint(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    trainer = make(tmp_path, "train.validations=4")
    steps(trainer, 2)
    trainer.save()
    good = (tmp_path / "run" / checkpoint.LAST).read_bytes()

    def full(tensors: Any, path: Path, metadata: Any = None) -> None:
        path.write_bytes(b"half")
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(checkpoint, "save_file", full)
    with pytest.raises(OutputError, match="No space left on device"):
        trainer.fit()
    assert trainer.step == 12  # it went on to the end
    assert "the checkpoint before it is kept" in caplog.text
    assert (tmp_path / "run" / checkpoint.LAST).read_bytes() == good
    assert not list((tmp_path / "run").glob("*.part"))


def test_ctrl_c_writes_a_checkpoint(tmp_path: Path) -> None:
    trainer = make(tmp_path, "budget.minutes=10", "train.validations=1")
    threading.Timer(0.5, os.kill, (os.getpid(), signal.SIGINT)).start()
    with pytest.raises(KeyboardInterrupt):
        trainer.fit()
    assert trainer.step > 0
    assert make(tmp_path, "budget.minutes=10").step == trainer.step


def test_a_budget_of_minutes_decays_to_the_end(tmp_path: Path) -> None:
    trainer = make(tmp_path, "budget.minutes=0.02")
    trainer.fit()
    assert 1.2 <= trainer.seconds < 2.5
    assert trainer.learning_rate() == pytest.approx(1e-3 * trainer.config.learning_rate, rel=0.01)


def test_the_learning_rate_warms_up_and_ends_near_zero(tmp_path: Path) -> None:
    trainer = make(tmp_path, "budget.steps=100")
    rates = []
    for trainer.step in range(101):
        rates.append(trainer.learning_rate())
    assert rates[0] == pytest.approx(trainer.config.learning_rate / 5, rel=0.01)
    assert max(rates) == pytest.approx(trainer.config.learning_rate, rel=0.01)
    assert rates[-1] == pytest.approx(1e-3 * trainer.config.learning_rate)


def test_budgets() -> None:
    assert Budget(minutes=2).share(5, 60) == 0.5
    assert Budget(steps=10).share(5, 60) == 0.5
    with pytest.raises(ConfigError, match="either steps or minutes"):
        Budget()
    with pytest.raises(ConfigError, match="either steps or minutes"):
        Budget(steps=1, minutes=1)
    with pytest.raises(ConfigError, match="steps is -1, it must be more than 0"):
        Budget(steps=-1)


def test_the_best_weights_are_kept(tmp_path: Path) -> None:
    trainer = make(tmp_path, "train.validations=4")
    scores = iter([3.0, 1.0, 2.0, 4.0])
    kept = {}

    def validate(model: nn.Module) -> dict[str, float]:
        score = next(scores)
        kept[score] = {key: value.clone() for key, value in model.state_dict().items()}
        return {"mel_1": score, "mel_4": score, "estoi_4": 9.0}

    trainer.validate = validate
    trainer.fit()
    best, _ = checkpoint.load_average(tmp_path / "run", best=True)
    assert all(torch.equal(value, kept[1.0][key]) for key, value in best.state_dict().items())


def test_balanced_gradients_have_the_shares_of_their_weights(tmp_path: Path) -> None:
    trainer = make(tmp_path, **PHASES["balanced"])
    balancer = trainer.objective.balancer
    assert balancer is not None
    output = torch.randn(2, 1, 100, requires_grad=True)
    terms = {"small": (1.0, 1e-3 * output.sum()), "large": (3.0, 1e3 * (output * torch.randn_like(output)).sum())}
    alone = [balancer.gradient({name: term}, output).flatten(1).norm(dim=1).mean() for name, term in terms.items()]
    assert [float(a) for a in alone] == pytest.approx([1.0, 1.0], rel=1e-4)
    both = balancer.gradient(terms, output).flatten(1).norm(dim=1).mean()
    assert both == pytest.approx((0.25**2 + 0.75**2) ** 0.5, abs=0.12)


@pytest.mark.slow
def test_the_loss_of_auraloss_falls_in_its_recipe(tmp_path: Path) -> None:
    losses = load_config(find_recipe("tiny/auraloss")).losses
    assert losses["multi_resolution_stft"]["weight"] > 0
    trainer = make(tmp_path, "budget.steps=60", "train.learning_rate=0.005", losses=losses)
    trainer.fit()
    falling = [float(row["multi_resolution_stft"]) for row in rows(tmp_path / "run")]
    assert falling[-1] < 0.95 * falling[0]


@pytest.mark.slow
def test_a_whole_run(tmp_path: Path) -> None:
    pytest.importorskip("tensorboard")
    config = recipe(tmp_path, "train.tensorboard=true", f"data.cache={tmp_path / 'cache'}", "data.workers=1")
    assert run(config, tmp_path / "run").step == 12
    assert list((tmp_path / "run" / "tensorboard").iterdir())
    assert list((tmp_path / "cache").glob("*.i2"))


def test_frozen_weights_are_averaged_to_the_bit() -> None:
    """The mean of -0 and -0 is +0, which would be another hash."""
    model = nn.Linear(2, 2)
    model.weight.requires_grad_(False).fill_(-0.0)
    average = EMA(model, 0.5)
    with torch.no_grad():
        model.bias.add_(1)
    average.update(model, 9)
    assert bool(torch.signbit(average.model.weight).all())
    assert not torch.equal(average.model.bias, model.bias - 1)
