"""Vector quantization as first proposed: the baseline without any remedy."""

from __future__ import annotations

import torch
from einops import rearrange
from torch import Tensor, nn
from torch.nn import functional as F

from audiocodec.model.quantize.base import QuantizeResult, Stage, in_float32, straight_through
from audiocodec.model.quantize.nearest import nearest


class PlainVQ(Stage):
    """Nearest codebook vector; the codebook learns by gradient and nothing revives unused entries.

    The objective is equation 3 of [van den Oord et al., 2017](https://arxiv.org/abs/1711.00937): a
    codebook loss of weight 1, a commitment loss, straight-through. No moving averages, no k-means,
    no restart, no normalization: `VQ` and `FactorizedVQ` are the quantizers to use, this one shows
    what they are for.

    Args:
        dim: size of the latent vector.
        codebook_size: entries; they start as Gaussian vectors of the scale that latents have.
        commitment: weight of the loss that keeps latents near their entry.

    Example:
        >>> import torch
        >>> from quantizers import PlainVQ
        >>> quantizer = PlainVQ(dim=8, codebook_size=32).eval()
        >>> latents = torch.randn(1, 8, 10)
        >>> codes = quantizer.encode(latents)
        >>> torch.equal(quantizer.decode(codes), quantizer(latents).quantized)
        True
    """

    def __init__(self, dim: int, codebook_size: int, commitment: float = 0.25) -> None:
        super().__init__()
        self.dim, self.codebook_size, self.num_codebooks = dim, codebook_size, 1
        self.commitment = commitment
        self.codebook = nn.Parameter(torch.randn(codebook_size, dim))

    def forward(self, latents: Tensor, num_codebooks: int | Tensor | None = None) -> QuantizeResult:
        """See `Quantizer.forward`."""
        with torch.autocast(latents.device.type, enabled=False):
            z = rearrange(latents, "b d t -> b t d").float()
            codes = nearest(z.flatten(0, 1), self.codebook).view(z.shape[:2])
            entries = self.codebook[codes]
            loss = F.mse_loss(entries, z.detach()) + self.commitment * F.mse_loss(z, entries.detach())
            return QuantizeResult(self.reconstruct(latents.float(), codes[:, None]), codes[:, None], loss)

    def reconstruct(self, latents: Tensor, codes: Tensor) -> Tensor:
        """The entries of `codes` "b 1 t", straight-through towards `latents`: "b d t"."""
        return straight_through(latents, rearrange(self.codebook[codes[:, 0]], "b t d -> b d t"))

    @in_float32
    def encode(self, latents: Tensor, num_codebooks: int | None = None) -> Tensor:
        """See `Quantizer.encode`."""
        self.depth(num_codebooks)
        flat = rearrange(latents.float(), "b d t -> (b t) d")
        return nearest(flat, self.codebook).view(latents.shape[0], 1, -1)

    @in_float32
    def decode(self, codes: Tensor) -> Tensor:
        """See `Quantizer.decode`."""
        self.check_codes(codes)
        return rearrange(self.codebook[codes[:, 0]], "b t d -> b d t")
