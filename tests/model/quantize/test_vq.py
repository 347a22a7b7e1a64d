"""What is special to the vector quantizers."""

from __future__ import annotations

import torch

from audiocodec.model.quantize import VQ, ResidualVQ


def clusters(n: int = 16, dim: int = 4) -> tuple[torch.Tensor, torch.Tensor]:
    centres = 10 * torch.randn(n, dim)
    picks = centres[torch.randint(n, (8, 100))] + 0.01 * torch.randn(8, 100, dim)
    return centres, picks.transpose(1, 2)


def test_kmeans_start_finds_clusters_on_the_first_batch() -> None:
    _, latents = clusters()
    quantizer = VQ(4, 64)
    quantizer(latents)
    error = (quantizer.eval()(latents).quantized - latents).square().mean()
    assert error < 0.01 * latents.var()


def test_dead_entries_come_back() -> None:
    _, latents = clusters(n=32)
    quantizer = VQ(4, 32)
    quantizer(latents)
    quantizer.codebook[1:] = 1e6  # all but one entry far away
    for _ in range(600):
        quantizer(latents)
    used = torch.unique(quantizer.eval().encode(latents))
    assert len(used) > 16


def test_later_stages_shrink_the_error_and_commitment_reaches_the_latents() -> None:
    quantizer = ResidualVQ(lambda: VQ(8, 16), num_codebooks=4, dropout=0)
    latents = torch.randn(16, 8, 100, requires_grad=True)
    for _ in range(30):
        result = quantizer(latents)
    (gradient,) = torch.autograd.grad(result.loss, latents)
    assert gradient.abs().sum() > 0
    errors = [(quantizer.eval()(latents, k).quantized - latents).square().mean().item() for k in (1, 2, 4)]
    assert errors[0] > 1.2 * errors[1] > 1.2 * errors[2]


def test_a_codebook_larger_than_the_batch_fills_without_copies() -> None:
    quantizer = VQ(4, 1000)
    for _ in range(20):
        quantizer(torch.randn(2, 4, 50))
    latents = torch.randn(100, 4, 100)
    assert len(torch.unique(quantizer.codebook, dim=0)) == 1000
    assert len(torch.unique(quantizer.eval().encode(latents))) > 900
