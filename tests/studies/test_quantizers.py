"""The quantizers of the study keep the contract of the package's, and their own arithmetic."""

from __future__ import annotations

import doctest
import importlib
import sys
from pathlib import Path

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from audiocodec.errors import ConfigError
from audiocodec.model.build import QUANTIZERS, build_model
from audiocodec.model.quantize import Quantizer, ResidualVQ
from audiocodec.model.quantize import levels as fsq
from tests.model.quantize.test_contract import (  # noqa: F401
    gradients,
    latents_for,
    test_bfloat16_autocast_changes_no_code,
    test_codes_are_in_range,
    test_decode_of_encode_is_forward,
    test_eval_changes_nothing,
    test_every_parameter_learns,
    test_first_codebooks_decode_alone,
    test_gradient_is_one_for_any_number_of_stages,
    test_items_may_have_their_own_depth,
    test_wrong_codes_and_depths_are_refused,
    trained,
)
from tests.model.test_build import TINY

sys.path.insert(0, str(Path(__file__).parents[2] / "studies" / "fsq_vs_vq"))  # as for the script itself
study = importlib.import_module("quantizers")
FactorizedVQ, NestedFSQ, PlainVQ = study.FactorizedVQ, study.NestedFSQ, study.PlainVQ
Projected, ScaledFSQ, SimVQ = study.Projected, study.ScaledFSQ, study.SimVQ
level_sets = st.lists(st.integers(2, 17), min_size=1, max_size=6)

MAKERS = {
    "nested_fsq": lambda: NestedFSQ([4, 3, 2], num_codebooks=4),
    "factorized_vq": lambda: FactorizedVQ(16, 32),
    "factorized_vq_restarts": lambda: FactorizedVQ(16, 32, dead_below=2.0),
    "plain_vq": lambda: PlainVQ(8, 32),
    "sim_vq": lambda: SimVQ(8, 32),
    "residual_sim_vq": lambda: ResidualVQ(lambda: SimVQ(8, 32), num_codebooks=4),
    "projected": lambda: Projected(16, lambda: NestedFSQ([4, 3, 2], num_codebooks=4)),
    "scaled_fsq_naive": lambda: ScaledFSQ([4, 3, 2], 4, "naive"),
    "scaled_fsq_levels_less_one": lambda: ScaledFSQ([4, 3, 2], 4, "levels_less_one"),
    "scaled_fsq": lambda: ScaledFSQ([4, 3, 2], 4),
    "scaled_fsq_learned": lambda: ScaledFSQ([4, 3, 2], 4, "learned"),
    "residual_plain_vq": lambda: ResidualVQ(lambda: PlainVQ(8, 32), num_codebooks=4),
    "residual_factorized_vq": lambda: ResidualVQ(lambda: FactorizedVQ(16, 32), num_codebooks=4),
}


@pytest.fixture(params=MAKERS)
def quantizer(request: pytest.FixtureRequest) -> Quantizer:
    return trained(MAKERS[request.param]())


@pytest.mark.parametrize("name", ["factorized_vq", "nested_fsq", "plain_vq", "projected", "scaled_fsq", "sim_vq"])
def test_examples_in_docstrings_run(name: str) -> None:
    result = doctest.testmod(importlib.import_module(f"quantizers.{name}"))
    assert result.attempted > 0
    assert result.failed == 0


@pytest.mark.parametrize(
    "spec",
    [
        {"type": "NestedFSQ", "levels": [3] * 8, "num_codebooks": 4},
        {"type": "Projected", "dim": 8, "stage": {"type": "ScaledFSQ", "levels": [3, 3], "num_codebooks": 2}},
        {"type": "ResidualVQ", "stage": {"type": "FactorizedVQ", "dim": 8, "codebook_size": 16}, "num_codebooks": 2},
    ],
    ids=lambda spec: spec["type"],
)
def test_they_are_built_by_name(spec: dict[str, object]) -> None:
    model = build_model(TINY | {"quantizer": spec}, QUANTIZERS | study.QUANTIZERS)
    assert type(model.quantizer).__name__ == spec["type"]
    with pytest.raises(ConfigError, match="type is"):
        build_model(TINY | {"quantizer": spec})


@pytest.mark.parametrize("restarts", [False, True])
def test_restarts_bring_factorized_entries_back(restarts: bool) -> None:
    torch.manual_seed(0)
    quantizer = FactorizedVQ(8, 64, dead_below=2.0 if restarts else 0.0)
    with torch.no_grad():
        quantizer.codebook[1:] = -quantizer.project_in.bias - 5 * torch.rand(63, 8)  # where few latents look
    for _ in range(60):
        quantizer(torch.randn(8, 8, 100) + 2)
    used = len(torch.unique(quantizer.eval().encode(torch.randn(8, 8, 500) + 2)))
    assert (used > 40) == restarts


def test_all_entries_of_simvq_follow_the_latents() -> None:
    torch.manual_seed(0)
    latents = torch.randn(8, 4, 200) * torch.tensor([5.0, 2.0, 1.0, 0.2])[:, None]
    shares = {}
    for name, quantizer in {"sim": SimVQ(4, 256), "plain": PlainVQ(4, 256)}.items():
        optimizer = torch.optim.Adam(quantizer.parameters(), 0.02)
        for _ in range(200):
            optimizer.zero_grad()
            quantizer(latents).loss.backward()
            optimizer.step()
        shares[name] = len(torch.unique(quantizer.eval().encode(latents))) / 256
    assert shares["sim"] > 0.7 > shares["plain"]


def test_gradient_of_factorized_stages_does_not_grow_with_their_number() -> None:
    quantizer = ResidualVQ(lambda: FactorizedVQ(16, 32), num_codebooks=8)
    for stage in quantizer.stages:  # the same projector in every stage: the worst case
        torch.nn.init.eye_(stage.project_in.weight)
        torch.nn.init.eye_(stage.project_out.weight)
    weights = torch.randn_like(latents_for(quantizer))
    for k in (1, 2, 8):
        gradient = gradients(quantizer, k, weights)
        torch.testing.assert_close(gradient[:, :8], weights[:, :8])
        assert gradient[:, 8:].abs().max() == 0


@given(level_sets.filter(lambda s: max(s) <= 9), st.integers(1, 4))
@settings(deadline=None)
def test_nested_equals_the_residual_loop(levels: list[int], stages: int) -> None:
    quantizer = NestedFSQ(levels, stages).eval()
    latents = torch.randn(1, len(levels), 64)
    codes = quantizer.encode(latents)
    level = torch.tensor(levels, dtype=torch.float64)[:, None]
    a = level / (level - 1)
    residual = a * torch.tanh(fsq.GAINS["tanh"] * latents[0].double())
    near_tie = torch.zeros(64, dtype=torch.bool)
    total = torch.zeros_like(residual)
    for i in range(stages):
        scale = level**-i
        position = (residual / scale + 1) * (level - 1) / 2 + 0.5
        near_tie |= ((position - position.round()).abs() < 1e-6).any(0)
        digit = torch.floor(position).clamp(torch.zeros_like(level), level - 1)
        value = scale * (2 * digit / (level - 1) - 1)
        residual = residual - value
        total = total + value
        assert (residual.abs() <= scale / level * a + 1e-9).all()  # the bound invariant
        expected = fsq.to_codes(digit.T.long(), levels)
        assert torch.equal(codes[0, i][~near_tie], expected[~near_tie])
        decoded = quantizer.decode(codes[:, : i + 1])[0].double()
        found = a * torch.tanh(fsq.GAINS["tanh"] * decoded)
        torch.testing.assert_close(found[:, ~near_tie], total[:, ~near_tie], atol=1e-5, rtol=1e-5)


def test_cells_finer_than_float32_are_refused() -> None:
    with pytest.raises(ConfigError, match="finer"):
        NestedFSQ([8], num_codebooks=9)


def reached(scale: str, levels: int, stages: int) -> tuple[int, float]:
    """Distinct values of one dimension, and its signal to quantization noise in dB."""
    quantizer = ScaledFSQ([levels], stages, scale).eval().requires_grad_(False)
    bounded = quantizer._bounded(torch.linspace(-12, 12, 40001)[None, :, None])[0, :, 0]
    quantized = quantizer(torch.linspace(-12, 12, 40001)[None, None]).quantized[0, 0]
    noise = (quantized - bounded).square().mean()
    return len(torch.unique(quantized.double().mul(1e5).round())), float(10 * torch.log10(bounded.var() / noise))


def test_stage_scales_reach_what_they_can() -> None:
    """Only L**-i keeps all values apart: 3 levels in 4 stages."""
    assert [reached(scale, 3, 4)[0] for scale in ("naive", "levels_less_one", "levels", "learned")] == [3, 17, 81, 81]
    assert reached("levels", 3, 4)[1] > reached("levels_less_one", 3, 4)[1] > reached("naive", 3, 4)[1]


@pytest.mark.parametrize("levels", [[2, 3], [4, 4, 4], [8, 5]])
def test_scaled_by_levels_is_nested(levels: list[int]) -> None:
    latents = torch.randn(2, len(levels), 300)
    nested, scaled = NestedFSQ(levels, 4).eval(), ScaledFSQ(levels, 4).eval()
    same = nested.encode(latents) == scaled.encode(latents)
    assert same.float().mean() > 0.999  # but for ties
    assert torch.equal(nested.encode(latents)[:, 0], scaled.encode(latents)[:, 0])


def test_gradient_of_bounded_values_is_that_of_the_bound_for_any_number_of_stages() -> None:
    quantizer = ScaledFSQ([4, 4, 4], 4, "learned").eval()
    latents = torch.randn(2, 3, 20, requires_grad=True)
    (expected,) = torch.autograd.grad(quantizer._bounded(latents.mT).sum(), latents)
    for k in range(1, 5):
        (gradient,) = torch.autograd.grad(quantizer(latents, k).quantized.sum(), latents)
        torch.testing.assert_close(gradient, expected)


def test_learned_scales_learn_to_fit() -> None:
    quantizer = ScaledFSQ([3], 2, "learned", dropout=0).train()
    with torch.no_grad():
        quantizer.log_scales.fill_(0.0)  # naive: the second stage says nothing
    optimizer = torch.optim.Adam(quantizer.parameters(), 0.02)
    latents = torch.randn(16, 1, 200)
    errors = []
    for _ in range(150):
        result = quantizer(latents)
        target = quantizer._bounded(latents.mT).mT.detach()
        loss = (result.quantized - target).square().mean()
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        errors.append(loss.item())
    assert errors[-1] < 0.5 * errors[0]


def test_unknown_scales_are_refused() -> None:
    with pytest.raises(ConfigError, match="known: naive, levels_less_one, levels, learned"):
        ScaledFSQ([4], 2, "half")
