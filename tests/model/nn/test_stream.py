"""Layers and networks: a stream in pieces equals the whole, and nothing sees the future."""

from __future__ import annotations

from collections.abc import Callable

import pytest
import torch
from torch import Tensor, nn

from audiocodec.model import ConvDecoder, Encoder, plan
from audiocodec.model.nn.block import ResidualBlock
from audiocodec.model.nn.chain import Chain
from audiocodec.model.nn.conv import CausalConv, Downsample, Upsample
from audiocodec.model.nn.gain import Gain

Case = tuple[nn.Module, Callable[[int], Tensor], int]  # layer, input of n steps, axis of time in and out


CASES: dict[str, Callable[[], Case]] = {
    "causal_conv": lambda: (CausalConv(4, 6, kernel=3, dilation=2), lambda n: torch.randn(2, n, 4), 1),
    "pointwise_conv": lambda: (CausalConv(4, 6, kernel=1), lambda n: torch.randn(2, n, 4), 1),
    "downsample": lambda: (Downsample(4, 6, stride=4), lambda n: torch.randn(2, 4 * n, 4), 1),
    "upsample": lambda: (Upsample(4, 6, stride=4), lambda n: torch.randn(2, n, 4), 1),
    "residual_block": lambda: (ResidualBlock(4, 8, dilation=3), lambda n: torch.randn(2, n, 4), 1),
    "chain": lambda: (Chain([CausalConv(4, 4, 3), Upsample(4, 2, 2)]), lambda n: torch.randn(2, n, 4), 1),
    "gain": lambda: (Gain(4), lambda n: torch.randn(2, n, 4), 1),
    "encoder": lambda: (Encoder(plan.encoder([8, 4], [8, 16], [1, 2], 6)), lambda n: torch.randn(2, 1, 32 * n), 2),
    "conv_decoder": lambda: (
        ConvDecoder(plan.conv_decoder([4, 8], [16, 8], [2, 1], 6, gain=True)),
        lambda n: torch.randn(2, 6, n),
        2,
    ),
}


@pytest.fixture(params=CASES)
def case(request: pytest.FixtureRequest) -> Case:
    layer, make, axis = CASES[request.param]()
    return layer.eval().requires_grad_(False), make, axis


@pytest.mark.parametrize("splits", [[1] * 12, [5, 7], [0, 1, 3, 0, 8], [12]])
def test_pieces_equal_the_whole(case: Case, splits: list[int]) -> None:
    layer, make, axis = case
    x = make(sum(splits))
    whole, _ = layer(x)
    unit = x.shape[axis] // sum(splits)
    state, parts = None, []
    for piece in x.split([unit * n for n in splits], dim=axis):
        part, state = layer(piece, state)
        parts.append(part)
    torch.testing.assert_close(torch.cat(parts, dim=axis), whole, atol=1e-5, rtol=1e-5)


def test_later_input_never_changes_earlier_output(case: Case) -> None:
    layer, make, axis = case
    x = make(10)
    y, _ = layer(x)
    changed = x.clone()
    half = x.shape[axis] // 2
    changed.narrow(axis, half, half).mul_(2.0)
    z, _ = layer(changed)
    n = y.shape[axis] // 2
    torch.testing.assert_close(z.narrow(axis, 0, n), y.narrow(axis, 0, n), atol=1e-6, rtol=1e-6)
    assert not torch.allclose(z, y)


def test_upsample_is_the_transposed_convolution() -> None:
    layer = Upsample(3, 5, stride=4)
    x = torch.randn(2, 7, 3)
    weight = layer.linear.weight.reshape(8, 5, 3).permute(2, 1, 0)  # in out kernel
    expected = nn.functional.conv_transpose1d(x.transpose(1, 2), weight, layer.bias, stride=4)
    torch.testing.assert_close(layer(x)[0].transpose(1, 2), expected[..., : 7 * 4])


def test_causal_conv_is_the_padded_convolution() -> None:
    layer = CausalConv(3, 5, kernel=3, dilation=2)
    x = torch.randn(2, 9, 3)
    weight = layer.linear.weight.reshape(5, 3, 3).permute(0, 2, 1)  # out in kernel
    padded = nn.functional.pad(x.transpose(1, 2), (4, 0))
    expected = nn.functional.conv1d(padded, weight, layer.linear.bias, dilation=2)
    torch.testing.assert_close(layer(x)[0].transpose(1, 2), expected)


def test_gain_starts_as_the_identity_and_then_multiplies_each_step() -> None:
    layer, x = Gain(4), torch.randn(2, 5, 4)
    assert torch.equal(layer(x)[0], x)
    torch.nn.init.constant_(layer.log_gain.bias, 2.0)
    torch.testing.assert_close(layer(x)[0], x * torch.e**2)
    torch.nn.init.constant_(layer.log_gain.bias, 99.0)
    torch.testing.assert_close(layer(x)[0], x * torch.e**6)
