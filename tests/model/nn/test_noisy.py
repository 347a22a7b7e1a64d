"""A last layer that learns how much of each coefficient is noise."""

from __future__ import annotations

import torch
from torch import nn

from audiocodec.model.nn.noisy import NoisySynthesis


def layer(share: float) -> NoisySynthesis:
    """Passes its input on as coefficients, of which `share` is the logit of what keeps its sign."""
    made = NoisySynthesis(64, 64)
    nn.init.eye_(made.linear.weight)
    for parameter in (made.linear.bias, made.share.weight):
        nn.init.zeros_(parameter)
    nn.init.constant_(made.share.bias, share)
    return made


def test_noise_depends_on_the_step_alone() -> None:
    made, x = layer(0.0), torch.randn(2, 30, 64)
    with torch.no_grad():
        whole, _ = made(x)
        state, parts = None, []
        for part in x.split(7, dim=1):
            y, state = made(part, state)
            parts.append(y)
        later, _ = made(x[:, 1:])
    assert torch.equal(torch.cat(parts, 1), whole)
    assert not torch.allclose(later[:, 64:], whole[:, 128:], atol=1e-3)


def test_draws_differ_by_what_is_noise() -> None:
    x = torch.randn(1, 200, 64)
    with torch.no_grad():
        for share, least, most in ((-9.0, 1.0, 1.6), (0.0, 0.9, 1.4), (9.0, 0.0, 0.05)):
            known, first, second = layer(share).draws(x)
            assert least * first.std() <= (first - second).std() <= most * first.std()
        known, first, _ = layer(20.0).draws(x)
        torch.testing.assert_close(known, first, atol=0.02, rtol=0)
        known, first, _ = layer(-9.0).draws(x)
        assert known.abs().max() < 1e-3 * first.abs().max()


def test_the_power_does_not_depend_on_the_share() -> None:
    x = torch.randn(1, 500, 64)
    with torch.no_grad():
        powers = [layer(share)(x)[0].square().mean() for share in (-9.0, 0.0, 9.0)]
    assert max(powers) / min(powers) < 1.1


def test_the_share_is_learned_from_the_energy_of_the_difference() -> None:
    """Where the target keeps the signs, what is predictable grows."""
    torch.manual_seed(0)
    made = layer(0.0)
    optimizer = torch.optim.Adam([made.share.bias], 0.1)
    for _ in range(30):
        x = torch.randn(4, 20, 64)
        with torch.no_grad():
            target = layer(20.0).draws(x)[0]
        loss = (made.draws(x)[0] - target).square().mean()
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
    assert made.share.bias.min() > 1
