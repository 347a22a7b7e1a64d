"""Residual vector quantization over either kind of vector quantizer."""

from __future__ import annotations

from collections.abc import Callable

import torch
from einops import rearrange
from torch import Tensor, nn

from audiocodec.quantize.base import Quantizer, QuantizeResult, exact, item_depths, straight_through


class ResidualVQ(Quantizer):
    """Stage i quantizes what stages 0 ... i - 1 left over.

    See [SoundStream, Zeghidour et al., 2021](https://arxiv.org/abs/2107.03312). The residual
    is detached between stages and one straight-through estimator covers them all; each
    stage's own loss still reaches the latents.

    Args:
        stage: makes one stage, a quantizer with one codebook: `VQ` or `FactorizedVQ`.
        num_codebooks: stages.
        dropout: share of the items that train with fewer codebooks.

    Example:
        >>> import torch
        >>> from audiocodec.quantize import VQ
        >>> quantizer = ResidualVQ(lambda: VQ(dim=8, codebook_size=32), num_codebooks=4).eval()
        >>> quantizer.encode(torch.randn(1, 8, 10), num_codebooks=2).shape
        torch.Size([1, 2, 10])
    """

    def __init__(self, stage: Callable[[], Quantizer], num_codebooks: int, dropout: float = 0.1) -> None:
        super().__init__()
        self.stages = nn.ModuleList(stage() for _ in range(num_codebooks))
        first = self.stages[0]
        assert isinstance(first, Quantizer)
        self.dim, self.codebook_size, self.num_codebooks = first.dim, first.codebook_size, num_codebooks
        self.dropout = dropout

    def forward(self, latents: Tensor, num_codebooks: int | Tensor | None = None) -> QuantizeResult:
        """See `Quantizer.forward`."""
        with torch.autocast(latents.device.type, enabled=False):
            z = latents.float()
            depths = rearrange(item_depths(latents, num_codebooks, self, self.dropout), "b -> b 1 1")
            residual, total = z, torch.zeros_like(z)
            codes, losses = [], []
            for i, stage in enumerate(self.stages):
                result = stage(residual)
                part = result.quantized - (residual - residual.detach())  # its own estimator taken out
                residual = residual - part.detach()
                total = total + part * (depths > i)
                codes.append(result.codes)
                losses.append(result.loss)
            loss = torch.stack(losses).sum()
            return QuantizeResult(straight_through(z, total), torch.cat(codes, dim=1), loss)

    @exact
    def encode(self, latents: Tensor, num_codebooks: int | None = None) -> Tensor:
        """See `Quantizer.encode`."""
        residual, codes = latents.float(), []
        for stage in list(self.stages)[: self.depth(num_codebooks)]:
            codes.append(stage.encode(residual))  # type: ignore[operator]
            residual = residual - stage.decode(codes[-1])  # type: ignore[operator]
        return torch.cat(codes, dim=1)

    @exact
    def decode(self, codes: Tensor) -> Tensor:
        """See `Quantizer.decode`."""
        self.check_codes(codes)
        total = torch.zeros(codes.shape[0], self.dim, codes.shape[2], device=codes.device)
        for stage, stage_codes in zip(self.stages, codes.split(1, dim=1), strict=False):
            total = total + stage.decode(stage_codes)  # type: ignore[operator]
        return total
