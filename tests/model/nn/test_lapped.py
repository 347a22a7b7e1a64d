"""The lapped transform is one, and companding can be undone."""

from __future__ import annotations

import pytest
import torch
from torch import nn

from audiocodec.model import ConvDecoder, Encoder, plan
from audiocodec.model.lapped_basis import MULTIPLIER, SIGN_ROWS, lapped_basis, sign_table
from audiocodec.model.nn.lapped import LappedAnalysis, LappedSynthesis, compress, expand


def test_rows_are_orthonormal_also_to_those_of_the_next_frame() -> None:
    basis = torch.from_numpy(lapped_basis(64))
    torch.testing.assert_close(basis @ basis.T, torch.eye(64), atol=1e-4, rtol=0)
    torch.testing.assert_close(basis[:, :64] @ basis[:, 64:].T, torch.zeros(64, 64), atol=1e-4, rtol=0)


def test_companding_halves_decibels_and_can_be_undone() -> None:
    loud = torch.tensor([1.0, -0.1, 0.01, -0.001])
    torch.testing.assert_close(compress(loud), loud.sign() * loud.abs().sqrt(), rtol=0.01, atol=0)
    torch.testing.assert_close(expand(compress(loud)), loud, rtol=0.06, atol=0)
    soft = torch.tensor([0.0, 1e-6, -1e-8], requires_grad=True)
    compress(soft).sum().backward()
    assert soft.grad is not None
    assert soft.grad.tolist() == pytest.approx([100] * 3, rel=0.01)


def test_there_and_back_is_the_identity_one_frame_late() -> None:
    """First layer of an encoder and last layer of a decoder, with nothing between."""
    down, up = LappedAnalysis(64, 64), LappedSynthesis(64, 64)
    for layer in (down, up):
        nn.init.eye_(layer.linear.weight)
        nn.init.zeros_(layer.linear.bias)
    wav = torch.randn(1, 64 * 20, 1)
    with torch.no_grad():
        back = up(down(wav)[0])[0]
    torch.testing.assert_close(back[:, 64:], wav[:, :-64], atol=1e-3, rtol=0)


def test_the_transform_is_not_among_the_weights() -> None:
    encoder = Encoder(plan.encoder([64, 2], [24, 32], [1, 1], latent_dim=4, companded=True))
    decoder = ConvDecoder(plan.conv_decoder([2, 64], [32, 24], [1, 1], latent_dim=4, companded=True))
    assert isinstance(encoder.body.layers[0], LappedAnalysis)
    assert isinstance(decoder.body.layers[-1], LappedSynthesis)
    for part in (encoder, decoder):
        assert not any("transform" in key for key in part.state_dict())


def test_soft_bands_survive_bfloat16() -> None:
    """A tone 70 dB below another: behind a layer in bfloat16, whose steps are 48 dB down, it would be noise."""
    layer = LappedAnalysis(64, 64)
    nn.init.eye_(layer.linear.weight)
    time = torch.arange(64 * 50) / 16_000
    loud, soft = (torch.sin(2 * torch.pi * hz * time)[None, :, None] for hz in (437.5, 6062.5))
    with torch.autocast("cpu", torch.bfloat16), torch.no_grad():
        (y, _), (alone, _) = layer(loud + 3e-4 * soft), layer(loud)
    difference = (y - alone).float().square().sum((0, 1))
    assert difference[45:52].sum() > 10 * difference[:20].sum()


def test_the_table_of_signs_is_the_one_documented() -> None:
    """By whole numbers alone, so that every reader makes the same."""
    table, power = sign_table(8, 2), 1
    for n in range(SIGN_ROWS * 8):
        power = power * MULTIPLIER % 2**64
        if n % 8 >= 2:
            assert table[n // 8, n % 8] == (-1 if power >> 63 else 1)
    assert (table[:, :2] == 1).all()
    assert abs(table[:, 2:].mean()) < 0.03


def noisy() -> LappedSynthesis:
    layer = LappedSynthesis(64, 64, noise_from=16)
    nn.init.eye_(layer.linear.weight)
    nn.init.zeros_(layer.linear.bias)
    return layer


def test_noise_depends_on_the_step_alone() -> None:
    layer = noisy()
    x = torch.randn(2, 30, 64)
    with torch.no_grad():
        whole, _ = layer(x)
        state, parts = None, []
        for part in x.split(7, dim=1):
            y, state = layer(part, state)
            parts.append(y)
    assert torch.equal(torch.cat(parts, 1), whole)
    with torch.no_grad():
        (later, _), (plain, _) = layer(x[:, 1:]), LappedSynthesis.forward(noisy(), x)
    assert not torch.allclose(later[:, 64:], whole[:, 128:], atol=1e-3)
    assert torch.equal(plain, whole)


def test_draws_share_what_lies_below_the_noise() -> None:
    layer = noisy()
    with torch.no_grad():
        known, first, second = layer.draws(torch.randn(1, 50, 64))
    low = [layer.predictable(y.transpose(1, 2)) for y in (first, second)]
    inner = slice(128, -128)  # the transform of a piece does not close at its ends
    torch.testing.assert_close(low[0][..., inner], low[1][..., inner], atol=1e-3, rtol=0)
    torch.testing.assert_close(low[0][..., inner], known.transpose(1, 2)[..., inner], atol=1e-3, rtol=0)
    assert (first - second).std() > 0.3 * first.std()


def test_the_post_filter_sharpens_formants_and_keeps_levels() -> None:
    plain, sharp = noisy(), LappedSynthesis(64, 64, noise_from=16, postfilter=0.5)
    sharp.load_state_dict(plain.state_dict())
    envelope = 1.0 + 0.9 * torch.cos(2 * torch.pi * torch.arange(64) / 10)  # formants 10 coefficients apart
    x = (torch.randn(40, 64, generator=torch.Generator().manual_seed(0)) * envelope)[None]
    coefficients = expand(x)
    with torch.no_grad():
        changed = sharp._sharpened(coefficients)
        assert torch.equal(changed[..., :16], coefficients[..., :16])
        power = [c.square().mean(1)[0, 16:] for c in (coefficients, changed)]
        peaks, valleys = envelope[16:] > 1.7, envelope[16:] < 0.3
        depth = [10 * torch.log10(p[peaks].mean() / p[valleys].mean()) for p in power]
        assert depth[1] > depth[0] + 3
        assert abs(10 * torch.log10(power[1].sum() / power[0].sum())) < 1
        assert torch.isfinite(sharp(torch.zeros(1, 5, 64))[0]).all()
