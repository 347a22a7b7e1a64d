"""A row of a product is the same whatever other rows there are."""

from __future__ import annotations

import pytest
import torch
from torch import Tensor, nn

from audiocodec.backends.torch import batch_invariant
from audiocodec.backends.torch.batch_invariant import ROWS, RowwiseLinear, make_rowwise


@pytest.mark.parametrize(("d_in", "d_out"), [(144, 416), (576, 192), (224, 1), (31, 7)])
def test_rows_do_not_depend_on_company(d_in: int, d_out: int) -> None:
    plain = nn.Linear(d_in, d_out)
    layer = RowwiseLinear(plain)
    x = torch.randn(211, d_in)
    with torch.inference_mode():
        whole = layer(x)
        torch.testing.assert_close(whole, plain(x))
        for size in (1, 2, 5, 13, 50, 100):
            assert torch.equal(torch.cat([layer(piece) for piece in torch.split(x, size)]), whole)
        assert torch.equal(layer(x[:210].reshape(7, 30, d_in)), whole[:210].reshape(7, 30, d_out))
        assert layer(x[:0]).shape == (0, d_out)


def test_sizes_are_those_that_are_alike(monkeypatch: pytest.MonkeyPatch) -> None:
    def uneven(*rows: int) -> None:
        def linear(x: Tensor, weight: Tensor, bias: Tensor | None) -> Tensor:
            y = x.double() @ weight.double().T
            y[-1] *= 1 + 1e-3 * (len(x) in rows)
            return y.float()

        monkeypatch.setattr(batch_invariant.F, "linear", linear)

    layer = nn.Linear(5, 4, bias=False)
    uneven()
    assert RowwiseLinear(layer).sizes == (96, 48, 12, 4, 1)
    uneven(1, 48)
    assert RowwiseLinear(layer).sizes == (96, 12, 4)
    uneven(ROWS)
    single = RowwiseLinear(layer)
    assert single.sizes == (1,)
    x = torch.randn(30, 5)
    assert torch.equal(single(x), torch.cat([single(row[None]) for row in x]))


def test_parameters_keep_names_and_values() -> None:
    module = nn.Sequential(nn.Linear(3, 4), nn.ModuleDict({"a": nn.Linear(4, 5, bias=False)}))
    before = {name: value.clone() for name, value in module.state_dict().items()}
    make_rowwise(module)
    after = module.state_dict()
    assert after.keys() == before.keys()
    assert all(torch.equal(after[name], value) for name, value in before.items())
    assert not any(isinstance(layer, nn.Linear) for layer in module.modules())
