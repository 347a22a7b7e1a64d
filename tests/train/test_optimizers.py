"""Every parameter belongs to exactly one optimizer."""

from __future__ import annotations

import pytest
import torch

from audiocodec.errors import ConfigError
from audiocodec.models.build import build_model
from audiocodec.train.optimizers import build_optimizers
from tests.models.test_build import TINY


@pytest.mark.parametrize("name", ["adamw", "muon"])
def test_every_parameter_has_one_optimizer(name: str) -> None:
    parameters = list(build_model(TINY).parameters())
    built = build_optimizers(name, parameters, 1e-3)
    taken = [p for o in built.values() for group in o.param_groups for p in group["params"]]
    assert sorted(map(id, taken)) == sorted(map(id, parameters))
    if name == "muon":
        matrices = built["muon"].param_groups[0]["params"]
        assert {p.ndim for p in matrices} == {2}
    assert set(built) == ({"optimizer"} if name == "adamw" else {"optimizer", "muon"})


def test_muon_steps_are_of_the_size_of_adamws() -> None:
    """One learning rate fits both: after one step the weights have moved by about as much."""
    moved = {}
    for name in ("adamw", "muon"):
        torch.manual_seed(0)
        weight = torch.nn.Parameter(torch.zeros(64, 64))
        weight.grad = torch.randn(64, 64)
        for optimizer in build_optimizers(name, [weight], 1e-2).values():
            optimizer.step()
        moved[name] = float(weight.detach().square().mean().sqrt())
    assert 0.1 < moved["muon"] / moved["adamw"] < 1


def test_an_unknown_optimizer_is_refused_by_name() -> None:
    with pytest.raises(ConfigError, match=r"train\.optimizer: unknown 'sgd', known: adamw, muon"):
        build_optimizers("sgd", [], 1e-3)
