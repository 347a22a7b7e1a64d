"""Residual FSQ without a loop: one rounding, written as base-L digits."""

from __future__ import annotations

import math
from collections.abc import Sequence

import torch
from einops import rearrange
from torch import Tensor

from audiocodec.errors import ConfigError
from audiocodec.model.quantize import levels as fsq
from audiocodec.model.quantize.base import Quantizer, QuantizeResult, in_float32, item_depths, straight_through
from audiocodec.model.quantize.normalize import RunningNorm


class NestedFSQ(Quantizer):
    """Codebook i holds digit i, base L, of each dimension, most significant first.

    Equal to a residual FSQ whose stage i rounds at scale L**-i with its input bounded to
    +-L/(L-1): each dimension is cut into L**num_codebooks cells at once, and keeping the
    first k codebooks leaves the centres of the L**k coarse cells. The quantized vector is
    brought back to the scale of the latents.
    See [Mentzer et al., 2023](https://arxiv.org/abs/2309.15505).

    Args:
        levels: levels of each latent dimension in each codebook.
        num_codebooks: digits.
        dropout: share of the items that train with fewer codebooks.
        momentum: share of the newest batch in the running statistics; more suits runs of few steps.

    Raises:
        ConfigError: a dimension has more than 2**24 cells, finer than float32 latents.

    Example:
        >>> import torch
        >>> quantizer = NestedFSQ([4, 4, 4], num_codebooks=3).eval()
        >>> codes = quantizer.encode(torch.randn(1, 3, 10))
        >>> quantizer.decode(codes[:, :1]).shape  # the first codebook decodes alone
        torch.Size([1, 3, 10])
    """

    levels: Tensor

    def __init__(self, levels: Sequence[int], num_codebooks: int, dropout: float = 0.1, momentum: float = 0.01) -> None:
        super().__init__()
        fsq.check_levels(levels)
        if max(levels) ** num_codebooks > 2**24:
            raise ConfigError(f"{max(levels)} levels in {num_codebooks} codebooks are finer than float32 latents")
        self.register_buffer("levels", torch.tensor(levels), persistent=False)
        self.level_list = tuple(levels)
        self.dim, self.codebook_size, self.num_codebooks = len(levels), math.prod(levels), num_codebooks
        self.dropout = dropout
        self.norm = RunningNorm(len(levels), momentum)

    def _cells(self, latents: Tensor) -> Tensor:
        """latents: "b t d" -> finest cell of each dimension, int64."""
        u = fsq.bound(self.norm(latents.float()).double())
        return fsq.level_indices(u, self.levels**self.num_codebooks)

    def _centers(self, cells: Tensor, depth: Tensor) -> Tensor:
        """Latent at the centre of cells "b t d" at `depth` digits, "b 1 1"."""
        u = fsq.cell_centers(cells.double(), self.levels**depth)
        return self.norm.inverse(fsq.unbound(u).float())

    def _codes(self, cells: Tensor) -> Tensor:
        """Finest cells "b t d" -> "b q t"."""
        digits = [
            fsq.to_codes(cells // self.levels ** (self.num_codebooks - 1 - i) % self.levels, self.level_list)
            for i in range(self.num_codebooks)
        ]
        return torch.stack(digits, dim=1)

    def forward(self, latents: Tensor, num_codebooks: int | Tensor | None = None) -> QuantizeResult:
        """See `Quantizer.forward`."""
        with torch.autocast(latents.device.type, enabled=False):
            z = rearrange(latents, "b d t -> b t d").float()
            if self.training:
                self.norm.update(z)
            depths = item_depths(latents, num_codebooks, self, self.dropout)
            cells = self._cells(z.detach())
            coarse = cells // self.levels ** (self.num_codebooks - depths)
            quantized = straight_through(z, self._centers(coarse, depths))
            return QuantizeResult(rearrange(quantized, "b t d -> b d t"), self._codes(cells), z.new_zeros(()))

    @in_float32
    def encode(self, latents: Tensor, num_codebooks: int | None = None) -> Tensor:
        """See `Quantizer.encode`."""
        cells = self._cells(rearrange(latents, "b d t -> b t d"))
        return self._codes(cells)[:, : self.depth(num_codebooks)]

    @in_float32
    def decode(self, codes: Tensor) -> Tensor:
        """See `Quantizer.decode`."""
        self.check_codes(codes)
        cells = torch.zeros_like(fsq.from_codes(codes[:, 0], self.level_list))
        for stage in codes.unbind(1):
            cells = cells * self.levels + fsq.from_codes(stage, self.level_list)
        depth = torch.tensor(codes.shape[1], device=codes.device)
        return rearrange(self._centers(cells, depth), "b t d -> b d t")
