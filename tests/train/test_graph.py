"""Training on the device: the same numbers as the trainer that goes step by step. The capture itself needs a GPU."""

from __future__ import annotations

import copy
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import soundfile
import torch
from torch.utils._python_dispatch import TorchDispatchMode

from audiocodec.errors import AudioError, ConfigError, ModelError
from audiocodec.model.build import build_model
from audiocodec.model.quantize import ResidualFSQ
from audiocodec.train import build_trainer
from audiocodec.train.checkpoint import load_average
from audiocodec.train.config import load_config, recipes
from audiocodec.train.data import Augment
from audiocodec.train.graph import BatchAugment, GraphTrainer, SoundBank
from audiocodec.train.graph.flat import FlatOptimizer
from audiocodec.train.graph.stages import FusedStages
from audiocodec.train.graph.trainer import _Comparison, _stft
from audiocodec.train.optimizers import build_optimizers
from audiocodec.train.package import package_run
from audiocodec.train.recipe import build_losses
from tests.model.test_build import TINY
from tests.train.tiny import recipe

CPU = torch.device("cpu")


@pytest.mark.parametrize("bound", ["tanh", "normal"])
def test_fused_stages_are_the_quantizer(bound: str) -> None:
    torch.manual_seed(0)
    quantizer = ResidualFSQ(24, [3, 3, 4], num_codebooks=6, pin=0.5, bound=bound)  # fill draws at random
    quantizer(torch.randn(2, 24, 50))
    original, latents = copy.deepcopy(quantizer), torch.randn(4, 24, 30)
    fused = FusedStages(quantizer, lambda f: f)
    depths = torch.tensor([6, 1, 3, 5])
    for norm in original.norms:  # it would move its statistics before it uses them
        norm.momentum = 0.0
    results, gradients = [], []
    for forward in (original, fused):
        x = latents.clone().requires_grad_()
        result = forward(x, depths)
        ((result.quantized * torch.arange(30)).sum() + result.loss).backward()
        assert x.grad is not None
        results.append(result)
        gradients.append(x.grad)
    assert torch.equal(results[0].codes, results[1].codes)
    torch.testing.assert_close(results[0].quantized, results[1].quantized)
    torch.testing.assert_close(results[0].loss, results[1].loss)
    torch.testing.assert_close(gradients[0], gradients[1])
    for norm in original.norms:
        norm.momentum = 0.01
    original(latents, depths)
    for mine, theirs in zip(quantizer.norms, original.norms, strict=True):
        assert torch.allclose(mine.mean, theirs.mean, atol=1e-3)
        assert torch.allclose(mine.std, theirs.std, atol=1e-3)


def test_a_batch_with_nan_leaves_the_statistics() -> None:
    quantizer = ResidualFSQ(8, [3, 3], num_codebooks=4)
    quantizer(torch.randn(2, 8, 50))
    fused = FusedStages(quantizer, lambda f: f)
    before = fused.std.clone()
    fused(torch.full((1, 8, 5), torch.nan))
    assert torch.equal(fused.std, before)


def test_flat_steps_are_those_of_the_optimizers() -> None:
    torch.manual_seed(0)
    model = build_model(TINY)
    flat_model = copy.deepcopy(model)
    optimizers = build_optimizers("muon", list(model.parameters()), 0.01)
    flat = FlatOptimizer(list(flat_model.parameters()), ema_decay=0.5)
    flat.learning_rate.fill_(0.01)
    for _ in range(3):
        for p, q in zip(model.parameters(), flat_model.parameters(), strict=True):
            p.grad = torch.randn_like(p)
            assert q.grad is not None
            q.grad.copy_(p.grad)
        torch.nn.utils.clip_grad_norm_(model.parameters(), 1.0)
        for optimizer in optimizers.values():
            optimizer.step()
        flat.step()
    for (name, p), q in zip(model.named_parameters(), flat_model.parameters(), strict=True):
        assert torch.allclose(p, q, atol=2e-3 if p.ndim == 2 else 1e-5), name
    average = flat.named_average(flat_model)
    assert set(average) == {name for name, _ in model.named_parameters()}


@pytest.mark.parametrize("first", [True, False])
@pytest.mark.parametrize(("rate", "gradient"), [(0.01, torch.nan), (0.01, torch.inf), (0.0, 1.0)])
def test_a_step_that_does_not_count_changes_nothing(first: bool, rate: float, gradient: float) -> None:
    """A gradient that is not finite; a step of the warm-up. As the first step and later."""
    flat = FlatOptimizer(list(build_model(TINY).parameters()), ema_decay=0.5)
    assert flat.flat.grad is not None
    if not first:
        flat.learning_rate.fill_(0.01)
        flat.flat.grad.normal_()
        flat.step()
    flat.learning_rate.fill_(rate)
    before = [flat.flat.detach().clone(), flat.average.clone(), *(v.clone() for v in flat.state[flat.flat].values())]
    flat.flat.grad[3] = gradient
    flat.step()
    after = [flat.flat.detach(), flat.average, *flat.state[flat.flat].values()]
    assert all(torch.equal(x, y) for x, y in zip(after, before, strict=True))


def tones(folder: Path) -> dict[str, list[Path]]:
    """Two domains of one file each: 440 Hz at 16 kHz, 1000 Hz at 44.1 kHz."""
    files = {}
    for hz, rate in ((440, 16_000), (1000, 44_100)):
        path = folder / f"{hz}.wav"
        soundfile.write(path, 0.5 * np.sin(2 * np.pi * hz * np.arange(3 * rate) / rate), rate)
        files[str(hz)] = [path]
    return files


def frequencies(segments: torch.Tensor) -> torch.Tensor:
    """The loudest frequency of each, in Hz at 16 kHz."""
    spectrum = torch.fft.rfft(segments * torch.hann_window(segments.shape[1])).abs()
    return spectrum.argmax(1) * 16_000 / segments.shape[1]


def test_segments_come_from_all_domains_at_their_rate(tmp_path: Path) -> None:
    files = tones(tmp_path)
    bank = SoundBank([(files["440"], 3.0), (files["1000"], 1.0)], 16_000, 0.0, 1.2, CPU)
    torch.manual_seed(0)
    heard = frequencies(bank.draw(400, 8000))
    low, high = (heard - 440).abs() < 3, (heard - 1000).abs() < 3
    assert bool((low | high).all())
    assert 0.68 < float(low.float().mean()) < 0.82


def test_segments_play_at_other_speeds(tmp_path: Path) -> None:
    bank = SoundBank([(tones(tmp_path)["440"], 1.0)], 16_000, 1.0, 1.5, CPU)
    torch.manual_seed(0)
    heard = frequencies(bank.draw(300, 8000)) / 440
    assert float(heard.min()) == pytest.approx(1 / 1.5, abs=0.02)
    assert float(heard.max()) == pytest.approx(1.5, abs=0.02)
    assert len(heard.unique()) == 9


def test_no_sound_is_refused(tmp_path: Path) -> None:
    broken = tmp_path / "a.wav"
    broken.write_bytes(b"no sound")
    with pytest.raises(AudioError, match="none of 1 sound files"):
        SoundBank([([broken], 1.0)], 16_000, 0.0, 1.2, CPU)


def test_varied_segments_differ_and_never_clip() -> None:
    augment = Augment(mix=1, room=1, equalize=1, band_limit=1, noise=1, tones=0.5, gain_db=(0, 20))
    augment_batch = BatchAugment(augment, 4000, CPU)
    torch.manual_seed(0)
    x = 0.3 * torch.randn(8, 4000)
    y = augment_batch(x)
    assert y.shape == x.shape
    assert float(y.abs().max()) <= 0.991
    assert float((y - x).abs().mean()) > 0.05


def test_without_variation_only_gain_and_sign_change() -> None:
    torch.manual_seed(0)
    x = 0.1 * torch.randn(8, 4000)
    ratio = BatchAugment(Augment(), 4000, CPU)(x) / x
    assert float(ratio.std(1).max()) < 1e-4
    gains = 20 * ratio.mean(1).abs().log10()
    assert float(gains.min()) >= -10.01
    assert float(gains.max()) <= 6.01
    assert len(ratio.mean(1).sign().unique()) == 2


@pytest.mark.slow
def test_it_learns_resumes_and_packages(tmp_path: Path) -> None:
    overrides = ("train.graph=true", "train.learning_rate=0.01", "train.validations=2", "data.segment_frames=20")
    trainer = build_trainer(recipe(tmp_path, "budget.steps=60", *overrides), tmp_path / "run")
    trainer.fit()
    rows = (tmp_path / "run" / "curve.csv").read_text().splitlines()
    losses = [float(row.split(",")[rows[0].split(",").index("loss")]) for row in rows[1:]]
    assert losses[-1] < 0.8 * losses[0]
    model, _ = load_average(tmp_path / "run")
    average = trainer.ema.model.state_dict()
    assert all(torch.equal(value, average[key]) for key, value in model.state_dict().items())
    again = build_trainer(recipe(tmp_path, "budget.steps=70", *overrides), tmp_path / "run")
    assert again.step == 60
    again.fit()
    assert again.step == 70
    assert package_run(tmp_path / "run", tmp_path / "model", "small", "1").info.name == "small"


class NoWaiting(TorchDispatchMode):
    """Refuses what a CUDA graph cannot hold: reading from the device, and copying to it."""

    FORBIDDEN = ("aten._local_scalar_dense", "aten.lift_fresh", "aten.nonzero", "aten.bincount", "aten.masked_select")

    def __torch_dispatch__(self, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        assert not str(func).startswith(self.FORBIDDEN), f"{func} waits for the device"
        return func(*args, **(kwargs or {}))


def test_a_step_never_waits_for_the_device(tmp_path: Path) -> None:
    sections = {"losses": {name: {"sample_rate": 16000} for name in ("estoi", "loudness", "coherence")}}
    augment = [
        f"data.augment.{name}=0.5" for name in ("speed", "mix", "room", "equalize", "band_limit", "noise", "tones")
    ]
    overrides = ("train.graph=true", "train.lost=0.5", "data.segment_frames=20", *augment)
    trainer = build_trainer(recipe(tmp_path, *overrides, **sections), tmp_path / "run")
    assert isinstance(trainer, GraphTrainer)
    trainer.train_step(next(trainer.data(0)))
    with NoWaiting():
        trainer._step()
    with pytest.raises(AssertionError, match="waits"), NoWaiting():
        float(torch.zeros(()))


NOISY = copy.deepcopy(TINY)
NOISY["decoder"] |= {"companded": True, "noise_from": 4}
NOISY_SECTIONS = {
    "model": NOISY,
    "losses": {
        "energy": {"sample_rate": 16_000, "windows": [128]},
        "envelope": {"sample_rate": 16_000},
        "complex_stft": {"windows": [128]},
    },
}


@pytest.mark.parametrize("phase", ["spectral", "decoder"])
def test_a_step_of_a_decoder_with_noise_never_waits_and_moves_what_it_may(tmp_path: Path, phase: str) -> None:
    overrides = ["data.segment_frames=20", "train.graph=true", "train.warmup_steps=1", "train.contrast=0.3"]
    build_trainer(recipe(tmp_path, *overrides, **NOISY_SECTIONS), tmp_path / "first").fit()
    config = recipe(tmp_path, *overrides, f"phase={phase}", f"start_from={tmp_path / 'first'}", **NOISY_SECTIONS)
    trainer = build_trainer(config, tmp_path / "run")
    assert isinstance(trainer, GraphTrainer)
    before = copy.deepcopy(trainer.model.state_dict())
    scalars = trainer.train_step(next(trainer.data(0)))
    assert {"energy", "envelope", "complex_stft"} < set(scalars)
    with NoWaiting():
        trainer._step()
    moved = {
        key.split(".")[0] for key, value in trainer.model.state_dict().items() if not torch.equal(value, before[key])
    }
    assert moved == ({"encoder", "quantizer", "decoder"} if phase == "spectral" else {"decoder"})


@pytest.mark.parametrize("graph", [True, False])
def test_a_run_begun_the_other_way_is_refused(tmp_path: Path, graph: bool) -> None:
    sections = ("data.segment_frames=20", "train.warmup_steps=1")
    build_trainer(recipe(tmp_path, f"train.graph={not graph}", *sections), tmp_path / "run").fit()
    with pytest.raises(ModelError, match=r"without train\.graph|another optimizer"):
        build_trainer(recipe(tmp_path, f"train.graph={graph}", *sections), tmp_path / "run")


def test_segments_too_short_for_the_losses_are_refused(tmp_path: Path) -> None:
    trainer = build_trainer(recipe(tmp_path, "train.graph=true", "data.segment_frames=2"), tmp_path / "run")
    with pytest.raises(ConfigError, match="at least 1[0-9]{3} samples"):
        trainer.fit()


@pytest.mark.slow
@pytest.mark.filterwarnings("ignore:The .grad attribute")  # torch.compile looks at it itself
@pytest.mark.parametrize("name", ["speech-16k/1-spectral", "speech-16k/4-noise", "music-44k/1-spectral"])
def test_the_losses_of_the_recipes_compile_as_one(name: str) -> None:
    """Without a break in the graph: a break would be Python in the middle of a captured step."""
    losses = [loss for _, loss in build_losses(load_config(recipes()[name]).losses).values()]
    comparison = _Comparison(losses, CPU)
    torch.manual_seed(0)
    sounds = list(torch.randn(5 if name.endswith("noise") else 2, 2, 1, 9000, requires_grad=True))
    parts = [[_stft(sound, window) for sound in sounds] for window in comparison.windows]
    compiled = torch.compile(comparison, dynamic=False, backend="aot_eager", fullgraph=True)
    for mine, expected in zip(compiled(sounds, parts), comparison(sounds, parts), strict=True):
        torch.testing.assert_close(mine, expected)


@pytest.mark.parametrize(
    ("override", "message"),
    [
        ("train.optimizer=adamw", "train.graph: train.optimizer: muon only"),
        ("train.balancer=true", "train.graph: train.balancer"),
        ("phase=adversarial", "train.graph: phase: spectral or decoder only"),
    ],
)
def test_what_cannot_be_captured_is_refused(tmp_path: Path, override: str, message: str) -> None:
    with pytest.raises(ConfigError, match=message):
        build_trainer(recipe(tmp_path, "train.graph=true", override), tmp_path / "run")
    assert not (tmp_path / "run").exists()
