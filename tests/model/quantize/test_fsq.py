"""Arithmetic of the FSQ family."""

from __future__ import annotations

import math

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from audiocodec.errors import ConfigError
from audiocodec.model.fsq import level_values
from audiocodec.model.quantize import FSQ, ResidualFSQ
from audiocodec.model.quantize import levels as fsq
from audiocodec.model.quantize.spread import from_normal
from audiocodec.tokens.levels import to_codes, to_level_indices

level_sets = st.lists(st.integers(2, 17), min_size=1, max_size=6)


@given(level_sets, st.data())
def test_codes_and_level_indices_are_one_to_one(levels: list[int], data: st.DataObject) -> None:
    size = math.prod(levels)
    codes = torch.tensor(data.draw(st.lists(st.integers(0, size - 1), min_size=1, max_size=20)))
    indices = fsq.from_codes(codes, levels)
    assert (indices >= 0).all()
    assert (indices < torch.tensor(levels)).all()
    assert torch.equal(fsq.to_codes(indices, levels), codes)
    assert np.array_equal(to_level_indices(codes.numpy(), levels), indices.numpy())
    assert np.array_equal(to_codes(indices.numpy(), levels), codes.numpy())


@pytest.mark.parametrize("levels", [[2], [2, 2, 2], [3, 4], [8, 5, 5, 5], [7, 2, 3]])
def test_every_code_is_reached_once(levels: list[int]) -> None:
    codes = torch.arange(math.prod(levels))
    assert len(torch.unique(fsq.from_codes(codes, levels), dim=0)) == len(codes)


@given(st.integers(2, 17), st.lists(st.floats(-50, 50), min_size=1, max_size=50))
def test_bound_and_round_is_the_formula_of_the_paper(level: int, values: list[float]) -> None:
    """floor(u L) is rounding a tanh(g z) to L symmetric levels, a = L / (L - 1), and stays in bounds."""
    z = torch.tensor(values, dtype=torch.float64)
    a = level / (level - 1)
    x = a * torch.tanh(fsq.GAINS["tanh"] * z)
    assert (x.abs() <= a).all()
    position = (x + 1) * (level - 1) / 2
    rounded = torch.floor(position + 0.5).clamp(0, level - 1).long()
    indices = fsq.level_indices(fsq.bound(z), torch.tensor(level))
    tie = ((position + 0.5) - (position + 0.5).round()).abs() < 1e-9
    assert torch.equal(indices[~tie], rounded[~tie])
    quantized = 2 * indices.double() / (level - 1) - 1
    assert ((x - quantized).abs() <= a / level + 1e-9).all()  # residual within the next stage's bound


@pytest.mark.parametrize("bound", fsq.GAINS)
@pytest.mark.parametrize("level", [2, 3, 4, 5, 8, 9])
def test_levels_are_symmetric_and_cells_equal_of_odd_and_even_numbers(level: int, bound: str) -> None:
    centers = fsq.unbound(fsq.cell_centers(torch.arange(level).double(), torch.tensor(level)), bound)
    torch.testing.assert_close(centers, -centers.flip(0))
    assert (centers == 0).sum() == level % 2
    assert torch.equal(fsq.level_indices(fsq.bound(centers, bound), torch.tensor(level)), torch.arange(level))
    edges = fsq.unbound(torch.arange(1, level).double() / level, bound)
    below, above = (fsq.level_indices(fsq.bound(edges + d, bound), torch.tensor(level)) for d in (-1e-9, 1e-9))
    assert torch.equal(below, torch.arange(level - 1))
    assert torch.equal(above, torch.arange(1, level))


def test_the_bounds_are_those_of_their_papers() -> None:
    z = torch.linspace(-4, 4, 101, dtype=torch.float64)
    ifsq = 2 * torch.sigmoid(1.6 * z) - 1
    torch.testing.assert_close(2 * fsq.bound(z, "tanh") - 1, ifsq)
    torch.testing.assert_close(fsq.bound(z, "normal"), torch.distributions.Normal(0.0, 1.0).cdf(z))


@pytest.mark.parametrize("bound", fsq.GAINS)
def test_level_values_without_torch_are_those_of_the_quantizer(bound: str) -> None:
    quantizer = ResidualFSQ(6, [7, 4, 2], num_codebooks=3, bound=bound)
    quantizer(torch.randn(2, 6, 40))
    mean, std = (part.numpy() for part in quantizer.statistics())
    np.testing.assert_allclose(
        level_values([7, 4, 2], mean, std, bound), quantizer._constants().table.detach().numpy(), atol=2e-6
    )


def test_normal_latents_use_the_levels_of_the_normal_bound_equally() -> None:
    quantizer = ResidualFSQ(4, [8, 5, 5, 5], 1, bound="normal")
    latents = torch.randn(8, 4, 16_000)
    quantizer(latents)
    indices = fsq.from_codes(quantizer.eval().encode(latents)[:, 0], [8, 5, 5, 5])
    for d, level in enumerate([8, 5, 5, 5]):
        shares = torch.bincount(indices[..., d].flatten(), minlength=level) / indices[..., d].numel()
        torch.testing.assert_close(shares, torch.full_like(shares, 1 / level), atol=0.004, rtol=0)


def test_unknown_bounds_are_refused() -> None:
    for make in (lambda: FSQ([3], bound="sigmoid"), lambda: ResidualFSQ(4, [3], 1, bound="sigmoid")):
        with pytest.raises(ConfigError, match="bound is 'sigmoid', known: normal, tanh"):
            make()


def test_gaussian_latents_use_the_levels_evenly() -> None:
    quantizer = FSQ([8, 5, 5, 5])
    latents = 7 * torch.randn(8, 4, 4000) + 3  # scale and shift are normalized away
    quantizer(latents)
    codes = quantizer.eval().encode(latents)
    shares = torch.bincount(codes.flatten(), minlength=1000) / codes.numel()
    entropy = -(shares * shares.clamp_min(1e-12).log2()).sum() / math.log2(1000)
    assert (shares > 0).all()
    assert entropy > 0.99


def test_no_codebook_is_stored() -> None:
    quantizer = ResidualFSQ(64, [8, 8, 8, 8, 8, 8], num_codebooks=2)
    assert quantizer.codebook_size == 2**18
    assert sum(t.numel() for t in quantizer.state_dict().values()) < 2000


@pytest.mark.parametrize("levels", [[], [1, 5], [2**32, 2**31]])
def test_impossible_levels_are_refused(levels: list[int]) -> None:
    with pytest.raises(ConfigError, match="levels"):
        FSQ(levels)


def test_dropout_reaches_every_depth() -> None:
    from audiocodec.model.quantize.base import draw_depths

    depths = draw_depths(torch.zeros(4000, 1, 1), 6, dropout=0.5, training=True)
    counts = torch.bincount(depths, minlength=7)
    assert counts[0] == 0
    assert (counts[1:6] > 200).all()
    assert counts[6] > 2000
    assert (draw_depths(torch.zeros(50, 1, 1), 6, dropout=0.5, training=False) == 6).all()


def test_a_pin_draws_stages_to_zero_mean_and_unit_variance() -> None:
    torch.manual_seed(0)
    quantizer = ResidualFSQ(6, [3, 3], num_codebooks=3, momentum=0.1, pin=1.0)
    layer = torch.nn.Linear(6, 6)
    with torch.no_grad():
        layer.weight.mul_(0.1)
        layer.bias.fill_(1.0)
    optimizer = torch.optim.AdamW([*layer.parameters(), *quantizer.parameters()], 0.01)
    losses = []
    for _ in range(300):
        result = quantizer(layer(torch.randn(8, 40, 6)).mT)
        optimizer.zero_grad()
        result.loss.backward()
        optimizer.step()
        losses.append(result.loss.item())
    assert losses[0] > 20
    assert losses[-1] < 0.5
    for norm in quantizer.norms:
        assert norm.std.min() > 0.4
        assert norm.std.max() < 2
        assert (norm.mean / norm.std).abs().max() < 0.3


def test_the_distance_from_the_normal_distribution_sees_scale_shape_and_dependence() -> None:
    torch.manual_seed(0)
    normal = torch.randn(4000, 3)
    bent = normal.abs()
    tied = normal[:, :1].expand(-1, 3)
    found = [from_normal([x]).item() for x in (normal, 2 * normal, bent, tied)]
    assert found[0] < 0.005
    assert found[1] == pytest.approx(1.0, abs=0.1)  # (2 - 1)**2
    assert min(found[2:]) > 0.1
    assert from_normal([normal, 2 * normal]).item() == pytest.approx((found[0] + found[1]) / 2, abs=0.01)


def test_filling_makes_uneven_dependent_latents_use_all_codes() -> None:
    torch.manual_seed(0)
    shares = {}
    for fill in (0.0, 1.0):
        quantizer = ResidualFSQ(4, [4, 4], 1, momentum=0.1, pin=0.0, fill=fill, bound="normal")
        network = torch.nn.Sequential(torch.nn.Linear(4, 32), torch.nn.ReLU(), torch.nn.Linear(32, 4))
        optimizer = torch.optim.AdamW([*network.parameters(), *quantizer.parameters()], 0.01)
        for _ in range(200):
            first = torch.rand(8, 40, 1) ** 3
            sound = torch.cat([first, first + 0.3 * torch.rand(8, 40, 3)], 2)
            result = quantizer(network(sound).mT)
            optimizer.zero_grad()
            (result.loss + 0.1 * (result.quantized - sound.mT).square().mean()).backward()
            optimizer.step()
        counts = torch.bincount(result.codes.flatten(), minlength=16) / result.codes.numel()
        shares[fill] = torch.exp(-(counts * counts.clamp_min(1e-9).log()).sum()).item() / 16
    assert shares[0.0] < 0.6
    assert shares[1.0] > 0.8


@pytest.mark.parametrize("bound", fsq.GAINS)
def test_noise_is_as_wide_as_a_cell_stays_within_the_levels_and_changes_no_code(bound: str) -> None:
    torch.manual_seed(0)
    quantizer = ResidualFSQ(1, [4], 1, momentum=0.0, noise=0.5, bound=bound, dropout=0)
    with torch.no_grad():
        quantizer.project_in.fill_(1)
        quantizer.project_out.fill_(1)
    quantizer.norms[0].started.fill_(1)
    latents = 2 * torch.randn(2000, 1, 20)
    result = quantizer(latents)
    found = 4 * fsq.bound(result.quantized.detach(), bound) - 0.5  # in levels
    noisy = ((found - found.round()).abs() > 1e-4).any(-1).any(-1)
    assert 0.45 < noisy.float().mean() < 0.55
    assert torch.allclose(found[~noisy, 0], result.codes[~noisy, 0].float(), atol=1e-3)
    exact = (4 * fsq.bound(latents, bound) - 0.5).clamp(0, 3)
    error = (found - exact)[noisy]
    assert error.abs().max() < 0.501
    inside = (exact[noisy] > 0.5) & (exact[noisy] < 2.5)
    assert error[inside].std() == pytest.approx(12**-0.5, abs=0.01)
    assert error[inside].mean().abs() < 0.01
    assert found.min() > -1e-3
    assert found.max() < 3.001
    assert torch.equal(result.codes, quantizer.eval()(latents).codes)


@pytest.mark.parametrize("losses", [{"pin": 1.0}, {"fill": 1.0}, {"noise": 0.5}])
def test_a_pin_leaves_what_is_said_as_it_is(losses: dict[str, float]) -> None:
    free = ResidualFSQ(6, [3, 3], num_codebooks=3, pin=0.0)
    free(torch.randn(8, 6, 40))
    pinned = ResidualFSQ(6, [3, 3], num_codebooks=3, **losses)
    pinned.load_state_dict(free.state_dict())
    latents = 3 * torch.randn(2, 6, 20)
    results = [quantizer.eval()(latents) for quantizer in (free, pinned)]
    assert torch.equal(results[0].codes, results[1].codes)
    assert [result.loss.item() for result in results] == [0, 0]
