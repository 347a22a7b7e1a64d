"""Finite scalar quantization: bound each dimension, round it."""

from __future__ import annotations

from collections.abc import Sequence

from torch import Tensor

from audiocodec.model.quantize.base import Quantizer, QuantizeResult
from audiocodec.model.quantize.nested_fsq import NestedFSQ


class FSQ(Quantizer):
    """One code a frame: every latent dimension rounded to its levels.

    See [Mentzer et al., 2023](https://arxiv.org/abs/2309.15505). No codebook exists: the code
    is the mixed-radix number of the level indices. Latents are normalized by running
    statistics first, so the levels are used evenly from the first step.

    Args:
        levels: values of each latent dimension; the latent has as many dimensions.

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

    def __init__(self, levels: Sequence[int]) -> None:
        super().__init__()
        self.nested = NestedFSQ(levels, num_codebooks=1)
        self.dim, self.codebook_size, self.num_codebooks = self.nested.dim, self.nested.codebook_size, 1

    def forward(self, latents: Tensor, num_codebooks: int | Tensor | None = None) -> QuantizeResult:
        """See `Quantizer.forward`."""
        return self.nested(latents, num_codebooks)

    def encode(self, latents: Tensor, num_codebooks: int | None = None) -> Tensor:
        """See `Quantizer.encode`."""
        return self.nested.encode(latents, num_codebooks)

    def decode(self, codes: Tensor) -> Tensor:
        """See `Quantizer.decode`."""
        return self.nested.decode(codes)
