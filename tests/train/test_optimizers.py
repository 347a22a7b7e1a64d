"""Every parameter belongs to exactly one optimizer."""

from __future__ import annotations

import pytest
import torch

from audiocodec.errors import ConfigError
from audiocodec.model.build import build_model
from audiocodec.train.muon import Muon, orthogonalized
from audiocodec.train.optimizers import build_optimizers
from tests.model.test_build import TINY


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


def test_muon_is_torchs() -> None:
    """Three steps on matrices of several shapes, wide, tall and two alike."""
    torch.manual_seed(0)
    ours = [torch.nn.Parameter(torch.randn(shape)) for shape in ((8, 24), (24, 8), (8, 24), (5, 5))]
    theirs = [torch.nn.Parameter(p.detach().clone()) for p in ours]
    optimizers = [
        Muon(ours, 1e-2),
        torch.optim.Muon(theirs, 1e-2, weight_decay=0.1, adjust_lr_fn="match_rms_adamw"),
    ]
    for _ in range(3):
        for p, q in zip(ours, theirs, strict=True):
            p.grad = torch.randn_like(p)
            q.grad = p.grad.clone()
        for optimizer in optimizers:
            optimizer.step()
    for p, q in zip(ours, theirs, strict=True):
        assert float((p - q).detach().abs().max()) < 1e-3  # theirs is in bfloat16; a step is about .002


def test_orthogonalized_matrices_have_singular_values_near_one() -> None:
    torch.manual_seed(0)
    values = torch.linalg.svdvals(orthogonalized(torch.randn(3, 10, 30)))
    assert 0.6 < float(values.min()) < float(values.max()) < 1.3
