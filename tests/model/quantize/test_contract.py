"""What every quantizer must do."""

from __future__ import annotations

import pytest
import torch

from audiocodec.errors import ConfigError
from audiocodec.model.quantize import FSQ, VQ, HierarchicalFSQ, Quantizer, ResidualFSQ, ResidualVQ

MAKERS = {
    "fsq": lambda: FSQ([8, 5, 5, 5]),
    "fsq_normal": lambda: FSQ([8, 5, 5, 5], bound="normal"),
    "residual_fsq": lambda: ResidualFSQ(16, [8, 5, 5, 5], num_codebooks=6),
    "residual_fsq_normal": lambda: ResidualFSQ(16, [8, 5, 5, 5], num_codebooks=6, bound="normal"),
    "hierarchical_fsq": lambda: HierarchicalFSQ(16, [8, 5, 5, 5], strides=[4, 4, 2, 1]),
    "vq": lambda: VQ(8, 32),
    "residual_vq": lambda: ResidualVQ(lambda: VQ(8, 32), num_codebooks=4),
}


@pytest.fixture(params=MAKERS)
def quantizer(request: pytest.FixtureRequest) -> Quantizer:
    """Each quantizer after a few training batches, in eval mode."""
    return trained(MAKERS[request.param]())


def trained(made: Quantizer) -> Quantizer:
    """After a few training batches, in eval mode."""
    for _ in range(5):
        made(torch.randn(4, made.dim, 50))
    return made.eval()


def latents_for(quantizer: Quantizer) -> torch.Tensor:
    return torch.randn(3, quantizer.dim, 40)


def test_codes_are_in_range(quantizer: Quantizer) -> None:
    codes = quantizer.encode(10 * latents_for(quantizer))
    assert codes.dtype == torch.int64
    assert codes.shape == (3, quantizer.num_codebooks, 40)
    assert codes.min() >= 0
    assert codes.max() < quantizer.codebook_size


def test_decode_of_encode_is_forward(quantizer: Quantizer) -> None:
    latents = latents_for(quantizer)
    result = quantizer(latents)
    codes = quantizer.encode(latents)
    assert torch.equal(result.codes, codes)
    torch.testing.assert_close(quantizer.decode(codes), result.quantized.detach(), atol=1e-5, rtol=1e-5)


def test_first_codebooks_decode_alone(quantizer: Quantizer) -> None:
    latents = latents_for(quantizer)
    codes = quantizer.encode(latents)
    errors = []
    for k in range(1, quantizer.num_codebooks + 1):
        assert torch.equal(quantizer.encode(latents, k), codes[:, :k])
        expected = quantizer(latents, k).quantized.detach()
        torch.testing.assert_close(quantizer.decode(codes[:, :k]), expected, atol=1e-5, rtol=1e-5)
        errors.append((expected - latents).square().mean().item())
    by_gradient_or_bounded = has_part(quantizer, "FactorizedVQ", "PlainVQ", "Projected", "ScaledFSQ")
    assert by_gradient_or_bounded or errors == sorted(errors, reverse=True)


def has_part(quantizer: Quantizer, *names: str) -> bool:
    """Whether one of its modules is of a class of these names, some of which are the study's."""
    return any(type(module).__name__ in names for module in quantizer.modules())


def gradients(quantizer: Quantizer, k: int, weights: torch.Tensor, scale: float = 1.0) -> torch.Tensor:
    latents = (scale * latents_for(quantizer)).requires_grad_()
    (gradient,) = torch.autograd.grad((quantizer(latents, k).quantized * weights).sum(), latents)
    return gradient


def is_projected(quantizer: Quantizer) -> bool:
    return has_part(quantizer, "ResidualFSQ", "FactorizedVQ", "Projected", "ScaledFSQ")


@pytest.mark.parametrize("training", [True, False])
def test_gradient_is_one_for_any_number_of_stages(quantizer: Quantizer, training: bool) -> None:
    """Projected and bounded quantizers have tests of their own: 1 where their projections carry, the bound's slope."""
    quantizer.train(training)
    weights = torch.randn_like(latents_for(quantizer))
    for k in range(1, quantizer.num_codebooks + 1):
        if is_projected(quantizer):
            assert gradients(quantizer, k, weights).norm() < 3 * weights.norm()
            continue
        torch.testing.assert_close(gradients(quantizer, k, weights), weights)


def test_gradient_of_projected_stages_is_one_where_they_carry_and_zero_elsewhere() -> None:
    quantizer = ResidualFSQ(16, [8, 5, 5, 5], num_codebooks=6).eval()
    weights = torch.randn_like(latents_for(quantizer))
    for k in range(1, 7):
        gradient = gradients(quantizer, k, weights, scale=0.3)  # within the outer levels
        rows = quantizer.project_in[:k].reshape(-1, 16)[:16]  # orthonormal at the start
        carried = torch.einsum("rd,re,bet->bdt", rows, rows, weights)
        torch.testing.assert_close(gradient, carried.detach(), atol=1e-5, rtol=1e-5)
        if k >= 4:  # 16 dimensions are covered: later stages refine, and multiply nothing
            torch.testing.assert_close(gradient, weights, atol=1e-5, rtol=1e-5)


def test_no_gradient_pulls_latents_beyond_the_outer_levels() -> None:
    quantizer = ResidualFSQ(4, [8, 5, 5, 5], num_codebooks=1).eval()
    with torch.no_grad():
        quantizer.project_in.copy_(torch.eye(4)[None])
        quantizer.project_out.copy_(torch.eye(4)[None])
    latents = torch.tensor([1.0, 1.6, 1.8, -9.0])[None, :, None].requires_grad_()
    (gradient,) = torch.autograd.grad(quantizer(latents).quantized.sum(), latents)
    assert gradient.flatten().tolist() == [1.0, 1.0, 0.0, 0.0]


def test_every_parameter_learns(quantizer: Quantizer) -> None:
    quantizer.train()
    latents = latents_for(quantizer).requires_grad_()
    result = quantizer(latents, quantizer.num_codebooks)
    ((result.quantized - torch.randn_like(latents)).square().mean() + result.loss).backward()
    for name, parameter in quantizer.named_parameters():
        assert parameter.grad is not None, name
        assert parameter.grad.abs().sum() > 0, name


def test_items_may_have_their_own_depth(quantizer: Quantizer) -> None:
    latents = latents_for(quantizer)
    depths = torch.tensor([1, quantizer.num_codebooks, 1])
    quantized = quantizer(latents, depths).quantized
    for item, depth in enumerate(depths.tolist()):
        torch.testing.assert_close(quantized[item : item + 1], quantizer(latents[item : item + 1], depth).quantized)


def test_frames_may_have_their_own_depth(quantizer: Quantizer) -> None:
    latents = latents_for(quantizer)
    depths = torch.randint(1, quantizer.num_codebooks + 1, (3, 40))
    quantized = quantizer(latents, depths).quantized
    for depth in depths.unique().tolist():
        expected = quantizer(latents, depth).quantized
        chosen = (depths == depth)[:, None].expand_as(latents)
        torch.testing.assert_close(quantized[chosen], expected[chosen])


def test_eval_changes_nothing(quantizer: Quantizer) -> None:
    before = {k: v.clone() for k, v in quantizer.state_dict().items()}
    quantizer(100 * latents_for(quantizer))
    for key, value in quantizer.state_dict().items():
        assert torch.equal(value, before[key]), key


def test_bfloat16_autocast_changes_no_code(quantizer: Quantizer) -> None:
    latents = latents_for(quantizer)
    with torch.autocast("cpu", torch.bfloat16):
        assert torch.equal(quantizer(latents).codes, quantizer.encode(latents.clone()))


def test_wrong_codes_and_depths_are_refused(quantizer: Quantizer) -> None:
    codes = quantizer.encode(latents_for(quantizer))
    with pytest.raises(ConfigError, match="outside"):
        quantizer.decode(codes + quantizer.codebook_size)
    with pytest.raises(ConfigError, match="outside"):
        quantizer.decode(codes - quantizer.codebook_size)
    with pytest.raises(ConfigError, match="codebooks"):
        quantizer.decode(torch.cat([codes, codes], dim=1))
    with pytest.raises(ConfigError, match="must be 1 to"):
        quantizer.encode(latents_for(quantizer), quantizer.num_codebooks + 1)
