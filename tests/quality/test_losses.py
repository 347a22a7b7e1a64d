"""Losses: nothing on equal input, known values, gradients that point the right way."""

from __future__ import annotations

import math

import pytest
import torch
from torch import nn

from audiocodec.quality.losses import (
    CoherenceLoss,
    ComplexSTFTLoss,
    EnergyLoss,
    EnvelopeLoss,
    EstoiLoss,
    FeatureMatchingLoss,
    HingeLoss,
    LoudnessLoss,
    MelLoss,
    MultiResolutionSTFTLoss,
    Pair,
    ToneLoss,
    WaveformLoss,
    windows_of,
)
from audiocodec.train.objective import Objective

MAKERS = {
    "mel": lambda: MelLoss(16_000, [128, 512], [20, 40]),
    "complex_stft": lambda: ComplexSTFTLoss([128, 512]),
    "multi_resolution_stft": lambda: MultiResolutionSTFTLoss([128, 512]),
    "coherence": lambda: CoherenceLoss(16_000, [128, 512]),
    "waveform": WaveformLoss,
    "energy": lambda: EnergyLoss(16_000, [128, 512]),
    "envelope": lambda: EnvelopeLoss(16_000),
    "estoi": lambda: EstoiLoss(16_000),
    "loudness": lambda: LoudnessLoss(16_000),
    "tone": lambda: ToneLoss([128, 512]),
}


@pytest.fixture(params=MAKERS)
def loss(request: pytest.FixtureRequest) -> nn.Module:
    return MAKERS[request.param]()


def test_equal_input_costs_nothing_and_noise_costs_more(loss: nn.Module) -> None:
    target = 0.1 * torch.randn(2, 1, 8000)
    noise = torch.randn_like(target)
    values = [loss(Pair(target + scale * noise, target)).item() for scale in (0.0, 0.01, 0.1)]
    assert values[0] == pytest.approx(0, abs=1e-5)
    assert values[0] < values[1] < values[2]


def test_following_the_gradient_helps(loss: nn.Module) -> None:
    target = 0.1 * torch.randn(2, 1, 8000)
    estimate = (0.1 * torch.randn_like(target)).requires_grad_()
    torch.manual_seed(0)  # spectra begin at a random sample
    before = loss(Pair(estimate, target))
    (gradient,) = torch.autograd.grad(before, estimate)
    assert torch.isfinite(gradient).all()
    step = 1e-3 * gradient / gradient.abs().max()
    torch.manual_seed(0)
    assert loss(Pair(estimate - step, target)) < before


def test_silence_has_a_finite_gradient(loss: nn.Module) -> None:
    estimate = torch.zeros(1, 1, 8000, requires_grad=True)
    loss(Pair(estimate, 0.1 * torch.randn(1, 1, 8000))).backward()
    assert estimate.grad is not None
    assert torch.isfinite(estimate.grad).all()


def test_mel_counts_decades() -> None:
    target = torch.randn(1, 1, 16_000)
    loss = MelLoss(16_000, [512], [40])
    assert loss(Pair(10 * target, target)).item() == pytest.approx(1.0, abs=0.01)


def test_tone_is_the_level_of_what_stands_alone() -> None:
    time = torch.arange(16_000) / 16_000
    tone, noise = 0.1 * torch.sin(2 * torch.pi * 1000 * time)[None, None], 0.1 * torch.randn(1, 1, 16_000)
    loss = ToneLoss([1024])
    assert loss(Pair(0.1 * tone, tone)).item() == pytest.approx(1.0, abs=0.05)
    assert loss(Pair(tone + 0.01 * noise, tone)).item() < 0.02
    assert loss(Pair(0.1 * noise, noise)).item() < 0.02


def test_waveform_is_relative_to_the_level() -> None:
    target = torch.ones(1, 1, 1000)
    assert WaveformLoss(floor=0.0)(Pair(1.5 * target, target)).item() == pytest.approx(0.5)
    assert WaveformLoss(floor=0.0)(Pair(0.015 * target, 0.01 * target)).item() == pytest.approx(0.5)


def test_complex_loss_hears_phase_and_mel_does_not() -> None:
    target = torch.sin(torch.arange(8000) * 0.3)[None, None]
    flipped = Pair(-target, target)
    assert MelLoss(16_000, [512], [40])(flipped).item() == pytest.approx(0, abs=1e-5)
    assert ComplexSTFTLoss([512])(flipped).item() > 0.1


def speech_like() -> torch.Tensor:
    """Noise whose loudness goes up and down, and a quiet half second: "1 1 t"."""
    torch.manual_seed(0)
    envelope = torch.sin(torch.arange(32_000) * 2e-3).square() * (torch.arange(32_000) < 24_000) + 1e-3
    return (0.1 * torch.randn(32_000) * envelope)[None, None]


def test_estoi_is_about_the_score_and_deaf_to_level() -> None:
    pystoi = pytest.importorskip("pystoi")
    target = speech_like()
    loss = EstoiLoss(16_000)
    scores, losses = [], []
    for level in (0.003, 0.01, 0.03):
        noisy = target + level * torch.randn_like(target)
        losses.append(loss(Pair(noisy, target)).item())
        scores.append(pystoi.stoi(target[0, 0].numpy(), noisy[0, 0].numpy(), 16_000, extended=True))
        assert loss(Pair(0.5 * noisy, target)).item() == pytest.approx(losses[-1], abs=0.1)
    assert scores[0] > scores[1] > scores[2]
    for score, value in zip(scores, losses, strict=True):
        assert 1 - value == pytest.approx(score, abs=0.2)


def test_loudness_minds_what_is_heard() -> None:
    """A noise at 2 kHz: less behind a loud tone next to it than far from one, and more if added than if missing."""
    torch.manual_seed(0)
    time = torch.arange(16_000) / 16_000
    hiss = torch.fft.irfft(torch.fft.rfft(torch.randn(16_000)) * ((torch.arange(8001) - 2000).abs() < 100))[None, None]
    near, far = (0.3 * torch.sin(2 * torch.pi * hz * time)[None, None] for hz in (2000, 300))
    loss = LoudnessLoss(16_000)
    level = 0.02
    assert loss(Pair(near + level * hiss, near)) < 0.5 * loss(Pair(far + level * hiss, far))
    assert loss(Pair(far + level * hiss, far)) > 1.5 * loss(Pair(far, far + level * hiss))
    assert loss(Pair(far * 0.01, far * 0.01 + 1e-7 * hiss)).item() == pytest.approx(0, abs=1e-3)  # below hearing


def test_coherence_counts_bands_alike_and_not_their_level() -> None:
    time = torch.arange(16_000) / 16_000
    low, high = (torch.sin(2 * torch.pi * hz * time)[None, None] for hz in (500, 3000))
    target = 0.3 * low + 0.003 * high
    loss = CoherenceLoss(16_000)
    without_low, without_high, other_level, flipped = (
        loss(Pair(estimate, target)).item() for estimate in (0.003 * high, 0.3 * low, 0.3 * low + 0.006 * high, -target)
    )
    assert without_high > 0.2 * without_low  # though 40 dB softer; a loud tone reaches into more bands
    assert abs(other_level) < 0.1 * without_high
    assert flipped > 1.8 * max(without_low, without_high)
    noise = Pair(torch.randn(1, 1, 100_000), torch.randn(1, 1, 100_000))
    assert CoherenceLoss(16_000, [2048])(noise).item() == pytest.approx(1, abs=0.1)


def test_spectra_are_computed_once() -> None:
    pair = Pair(torch.randn(1, 1, 1000), torch.randn(1, 1, 1000))
    assert pair.spectra(128)[0] is pair.spectra(128)[0]
    assert math.prod(pair.spectra(128)[0].power.shape) > 0


def test_losses_state_the_windows_that_they_ask_for(loss: nn.Module) -> None:
    pair = Pair(torch.randn(1, 1, 8000), torch.randn(1, 1, 8000))
    loss(pair)
    assert set(pair.known) == set(windows_of(loss))


def test_the_order_of_losses_changes_nothing_that_is_drawn() -> None:
    target, noise = torch.randn(2, 1, 1, 8000)
    drawn = []
    for windows in ([128, 512], [512, 128], [512]):
        torch.manual_seed(1)
        pair = Pair(noise, target)
        spectra = {window: pair.spectra(window)[0].power for window in windows}
        drawn.append((spectra[512], torch.rand(())))
    assert all(torch.equal(a, b) for found in drawn[1:] for a, b in zip(found, drawn[0], strict=True))
    offsets = {int(pair._start(512)) for pair in (Pair(noise, target) for _ in range(200))}
    assert 100 < len(offsets) <= 256
    assert max(offsets) < 256


def test_places_can_be_given() -> None:
    target, noise = torch.randn(2, 1, 1, 8000)
    before = torch.get_rng_state()
    given = Pair(noise, target, offsets={128: 40}).spectra(128)[0]
    cut = Pair(noise[..., 40:], target[..., 40:], offsets={128: 0}).spectra(128)[0]
    assert torch.equal(given.power[..., 2:-2], cut.power[..., 2:-2])
    assert torch.equal(torch.get_rng_state(), before)


def test_the_adversarial_loss_rewards_telling_apart() -> None:
    loss = HingeLoss()
    real = [torch.ones(2, 3), torch.ones(4)]
    fake = [-r for r in real]
    assert loss.discriminator(real, fake) < loss.discriminator(real, real) < loss.discriminator(fake, real)
    assert loss.generator(real).item() == 0
    assert loss.generator(fake) > 0


def test_known_adversarial_values() -> None:
    assert HingeLoss().discriminator([torch.tensor([0.5])], [torch.tensor([0.5])]).item() == pytest.approx(2.0)
    assert HingeLoss().discriminator([torch.tensor([9.0])], [torch.tensor([-9.0])]).item() == 0


def test_feature_matching_is_relative() -> None:
    real = [torch.full((3,), 4.0), torch.full((2, 2), 0.04)]
    assert FeatureMatchingLoss()(real, real).item() == 0
    assert FeatureMatchingLoss()(real, [1.5 * f for f in real]).item() == pytest.approx(0.5)


def _energy_of_noise(level: float, shared: float, target: torch.Tensor) -> float:
    """The energy score of two draws of white noise of a level, of which they share a part."""
    torch.manual_seed(1)
    common, first, second = torch.randn(3, *target.shape)
    own = math.sqrt(1 - shared**2)
    draws = [level * (shared * common + own * x) for x in (first, second)]
    return EnergyLoss(16_000, [128, 512])(Pair(draws[0], target, second=draws[1])).item()


def test_the_energy_score_asks_for_the_distribution_of_the_target() -> None:
    """Noise as loud as the target and drawn anew beats louder, softer, repeated and flat noise."""
    torch.manual_seed(0)
    target = torch.randn(8, 1, 16_000)
    right = _energy_of_noise(1.0, 0.0, target)
    assert right < min(_energy_of_noise(level, 0.0, target) for level in (0.7, 1.4))
    assert right < _energy_of_noise(1.0, 1.0, target)
    impulses = torch.zeros_like(target)
    impulses[..., ::16] = 4.0  # the same power in every bin, and no fluctuation
    score = EnergyLoss(16_000, [128, 512])
    assert right < score(Pair(impulses, target, second=impulses))


def test_emphasis_weighs_bins() -> None:
    torch.manual_seed(0)
    target = 0.1 * torch.randn(1, 1, 16_000)
    time = torch.arange(16_000) / 16_000
    errors = [0.3 * torch.sin(2 * torch.pi * hz * time) for hz in (3000.0, 6000.0)]
    plain, weighed = EnergyLoss(16_000, [512]), EnergyLoss(16_000, [512], {0: 1.0, 2000: 3.0, 4000: 0.2})
    ratio = [weighed(Pair(target + e, target)) / plain(Pair(target + e, target)) for e in errors]
    assert ratio[0] > 1.2
    assert ratio[1] < 0.8


def test_the_envelope_sees_levels_and_not_their_fluctuation() -> None:
    torch.manual_seed(0)
    target, other = torch.randn(2, 4, 1, 16_000)
    loss = EnvelopeLoss(16_000)
    assert loss(Pair(other, target)) < 0.2  # single bins of two noises differ by .7
    assert loss(Pair(2 * target, target)).item() == pytest.approx(math.log10(4), abs=1e-3)


def test_losses_that_know_phase_see_what_is_not_noise() -> None:
    torch.manual_seed(0)
    target, noise = torch.randn(2, 1, 1, 8000)
    pair = Pair(noise, target, second=noise, predictable=Pair(target, target))
    losses = {"waveform": (1.0, WaveformLoss()), "mel": (1.0, MelLoss(16_000, [512], [40]))}
    noise.requires_grad_()
    terms = Objective(losses).backward(pair, (0 * noise).sum())
    assert terms["waveform"] == 0
    assert terms["mel"] > 0.05
