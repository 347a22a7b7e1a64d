"""Residual vector quantization over any kind of vector quantizer."""

from __future__ import annotations

from collections.abc import Callable
from typing import cast

import torch
from einops import rearrange
from torch import Tensor, nn

from audiocodec.model.quantize.base import Quantizer, QuantizeResult, Stage, in_float32, item_depths
from audiocodec.tokens.depths import NO_CODE


class ResidualVQ(Quantizer):
    """Stage i quantizes what stages 0 ... i - 1 left over.

    See [SoundStream, Zeghidour et al., 2021](https://arxiv.org/abs/2107.03312). The gradient of
    the whole towards the latents is 1 for any number of stages, not their number, and each
    stage's own loss reaches the latents: the one runs through residuals that are not detached,
    the other through residuals that are.

    Args:
        stage: makes one stage, a quantizer with one codebook, such as `VQ`.
        num_codebooks: stages.
        dropout: share of the items that train with fewer codebooks.

    Example:
        >>> import torch
        >>> from audiocodec.model.quantize import VQ
        >>> quantizer = ResidualVQ(lambda: VQ(dim=8, codebook_size=32), num_codebooks=4).eval()
        >>> quantizer.encode(torch.randn(1, 8, 10), num_codebooks=2).shape
        torch.Size([1, 2, 10])
    """

    def __init__(self, stage: Callable[[], Stage], num_codebooks: int, dropout: float = 0.1) -> None:
        super().__init__()
        self.stages = nn.ModuleList(stage() for _ in range(num_codebooks))
        first = self._stages()[0]
        self.dim, self.codebook_size, self.num_codebooks = first.dim, first.codebook_size, num_codebooks
        self.dropout = dropout

    def _stages(self) -> list[Stage]:
        return cast(list[Stage], list(self.stages))

    def forward(self, latents: Tensor, num_codebooks: int | Tensor | None = None) -> QuantizeResult:
        """See `Quantizer.forward`."""
        with torch.autocast(latents.device.type, enabled=False):
            z = latents.float()
            depths = rearrange(item_depths(latents, num_codebooks, self, self.dropout), "b t 1 -> b 1 t")
            residual, total = z, torch.zeros_like(z)
            codes, losses = [], []
            for i, stage in enumerate(self._stages()):
                result = stage(residual.detach() + (z - z.detach()))
                part = stage.reconstruct(residual, result.codes)
                residual = residual - part
                total = total + part * (depths > i)
                codes.append(result.codes)
                losses.append(result.loss)
            return QuantizeResult(total, torch.cat(codes, dim=1), torch.stack(losses).sum())

    @in_float32
    def encode(self, latents: Tensor, num_codebooks: int | None = None) -> Tensor:
        """See `Quantizer.encode`."""
        residual, codes = latents.float(), []
        for stage in self._stages()[: self.depth(num_codebooks)]:
            codes.append(stage.encode(residual))
            residual = residual - stage.decode(codes[-1])
        return torch.cat(codes, dim=1)

    @in_float32
    def decode(self, codes: Tensor) -> Tensor:
        """See `Quantizer.decode`."""
        self.check_codes(codes, NO_CODE)
        total = torch.zeros(codes.shape[0], self.dim, codes.shape[2], device=codes.device)
        for stage, stage_codes in zip(self._stages(), torch.split(codes, 1, dim=1), strict=False):
            total = total + stage.decode(stage_codes.clamp_min(0)) * (stage_codes != NO_CODE)
        return total
