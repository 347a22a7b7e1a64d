"""Finite scalar quantization: bound each dimension, round it."""

from __future__ import annotations

import math
from collections.abc import Sequence

import torch
from einops import rearrange
from torch import Tensor

from audiocodec.model.quantize import levels as fsq
from audiocodec.model.quantize.base import Quantizer, QuantizeResult, in_float32, straight_through
from audiocodec.model.quantize.normalize import RunningNorm


class FSQ(Quantizer):
    """One code per frame: every latent dimension rounded to its levels.

    See [Mentzer et al., 2023](https://arxiv.org/abs/2309.15505). No codebook exists: the code
    is the mixed-radix number of the level indices. Latents are normalized by running
    statistics first, so the levels are used evenly from the first step.

    Args:
        levels: values of each latent dimension; the latent has as many dimensions.
        bound: "tanh" or "normal", see `audiocodec.model.quantize.levels`.

    Example:
        >>> import torch
        >>> quantizer = FSQ([8, 5, 5, 5]).eval()
        >>> latents = torch.randn(1, 4, 10)
        >>> codes = quantizer.encode(latents)
        >>> codes.shape, quantizer.codebook_size
        (torch.Size([1, 1, 10]), 1000)
        >>> torch.equal(quantizer.decode(codes), quantizer(latents).quantized)
        True
    """

    levels: Tensor

    def __init__(self, levels: Sequence[int], bound: str = "tanh") -> None:
        super().__init__()
        fsq.check_levels(levels)
        fsq.check_bound(bound)
        self.register_buffer("levels", torch.tensor(levels), persistent=False)
        self.level_list, self.bound = tuple(levels), bound
        self.dim, self.codebook_size, self.num_codebooks = len(levels), math.prod(levels), 1
        self.norm = RunningNorm(len(levels))

    def _indices(self, z: Tensor) -> Tensor:
        """Latents "b t d" -> level indices, int64."""
        return fsq.level_indices(fsq.bound(self.norm(z).double(), self.bound), self.levels)

    def _values(self, indices: Tensor) -> Tensor:
        """Inverse of `_indices`: the middle of each cell, "b t d"."""
        centers = fsq.cell_centers(indices.double(), self.levels)
        return self.norm.inverse(fsq.unbound(centers, self.bound).float())

    def forward(self, latents: Tensor, num_codebooks: int | Tensor | None = None) -> QuantizeResult:
        """See `Quantizer.forward`."""
        with torch.autocast(latents.device.type, enabled=False):
            z = rearrange(latents, "b d t -> b t d").float()
            if self.training:
                self.norm.update(z)
            indices = self._indices(z.detach())
            quantized = rearrange(straight_through(z, self._values(indices)), "b t d -> b d t")
            return QuantizeResult(quantized, fsq.to_codes(indices, self.level_list)[:, None], z.new_zeros(()))

    @in_float32
    def encode(self, latents: Tensor, num_codebooks: int | None = None) -> Tensor:
        """See `Quantizer.encode`."""
        self.depth(num_codebooks)
        indices = self._indices(rearrange(latents, "b d t -> b t d").float())
        return fsq.to_codes(indices, self.level_list)[:, None]

    @in_float32
    def decode(self, codes: Tensor) -> Tensor:
        """See `Quantizer.decode`."""
        self.check_codes(codes)
        return rearrange(self._values(fsq.from_codes(codes[:, 0], self.level_list)), "b t d -> b d t")
