"""Discriminators: one score map and features for each view, and they learn to tell noise from tone."""

from __future__ import annotations

import pytest
import torch
from torch import nn

from audiocodec.quality.losses import HingeLoss
from audiocodec.train import discriminators

VIEWS = {"STFTDiscriminator": 3}


def test_every_discriminator_is_tested() -> None:
    assert set(VIEWS) == set(discriminators.__all__)


@pytest.mark.parametrize("name", VIEWS)
def test_views(name: str) -> None:
    network: nn.Module = getattr(discriminators, name)(dim=4)
    views = network(torch.randn(2, 1, 4001))
    assert len(views) == VIEWS[name]
    for view in views:
        assert [features.shape[1] for features in view] == [4, 4, 4, 4, 1]
        assert all(features.shape[0] == 2 for features in view)


@pytest.mark.slow
@pytest.mark.parametrize("name", VIEWS)
def test_it_learns(name: str) -> None:
    network: nn.Module = getattr(discriminators, name)(dim=4)
    tone = 0.3 * torch.sin(torch.arange(4000) * 0.2)[None, None]
    optimizer = torch.optim.Adam(network.parameters(), 1e-2)
    losses = []
    for _ in range(30):
        noise = 0.3 * torch.randn(1, 1, 4000)
        loss = HingeLoss().discriminator([v[-1] for v in network(tone)], [v[-1] for v in network(noise)])
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        losses.append(loss.item())
    assert losses[-1] < 0.9 * losses[0]
