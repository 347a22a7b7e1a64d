"""Vector quantization in few dimensions on the unit sphere: the second baseline."""

from __future__ import annotations

import torch
from einops import rearrange
from torch import Tensor, nn
from torch.nn import functional as F

from audiocodec.model.quantize.base import QuantizeResult, Stage, in_float32, straight_through
from audiocodec.model.quantize.nearest import least_count, replacements


class FactorizedVQ(Stage):
    """Looks codes up in a low dimension, by direction only; the codebook learns by gradient.

    See [Yu et al., 2021](https://arxiv.org/abs/2110.04627) and
    [DAC, Kumar et al., 2023](https://arxiv.org/abs/2306.06546).

    Args:
        dim: size of the latent vector.
        codebook_size: entries.
        code_dim: dimensions in which codes are looked up.
        commitment: weight of the loss that keeps latents near their entry.
        dead_below: entries with a smaller moving count are replaced by projected latents, as those of `VQ`; 0: none,
            as in the papers.

    Example:
        >>> import torch
        >>> from quantizers import FactorizedVQ
        >>> quantizer = FactorizedVQ(dim=16, codebook_size=32).eval()
        >>> latents = torch.randn(1, 16, 10)
        >>> codes = quantizer.encode(latents)
        >>> torch.equal(quantizer.decode(codes), quantizer(latents).quantized)
        True
    """

    counts: Tensor

    def __init__(
        self, dim: int, codebook_size: int, code_dim: int = 8, commitment: float = 0.25, dead_below: float = 0.0
    ) -> None:
        super().__init__()
        self.dim, self.codebook_size, self.num_codebooks = dim, codebook_size, 1
        self.commitment, self.dead_below = commitment, dead_below
        self.project_in = nn.Linear(dim, code_dim)
        self.project_out = nn.Linear(code_dim, dim)
        self.codebook = nn.Parameter(torch.randn(codebook_size, code_dim))
        self.register_buffer("counts", torch.zeros(codebook_size))

    def _nearest(self, projected: Tensor) -> Tensor:
        """projected: "b t d" -> codes "b t"."""
        directions = F.normalize(projected, dim=-1) @ F.normalize(self.codebook, dim=-1).T
        return directions.argmax(dim=-1)

    @torch.no_grad()
    def _restart(self, flat: Tensor, codes: Tensor) -> None:
        """Count the codes "n" of a batch of projected latents "n c", and replace dead entries by some of these."""
        self.counts.lerp_(torch.bincount(codes, minlength=self.codebook_size).float(), 0.05)
        least = least_count(len(flat), self.codebook_size, self.dead_below)
        replaced, fresh = replacements(self.counts < least, flat)
        self.counts.copy_(torch.where(replaced, torch.full_like(self.counts, 2 * least), self.counts))
        self.codebook.copy_(torch.where(replaced[:, None], fresh, self.codebook))

    def forward(self, latents: Tensor, num_codebooks: int | Tensor | None = None) -> QuantizeResult:
        """See `Quantizer.forward`."""
        with torch.autocast(latents.device.type, enabled=False):
            z = rearrange(latents, "b d t -> b t d").float()
            projected = self.project_in(z)  # b t code_dim
            codes = self._nearest(projected)
            entries = self.codebook[codes]
            loss = F.mse_loss(entries, projected.detach()) + self.commitment * F.mse_loss(projected, entries.detach())
            quantized = self.reconstruct(latents.float(), codes[:, None])
            if self.training and self.dead_below:
                self._restart(projected.detach().flatten(0, 1), codes.flatten())
            return QuantizeResult(quantized, codes[:, None], loss)

    def reconstruct(self, latents: Tensor, codes: Tensor) -> Tensor:
        """The entries of `codes` "b 1 t", straight-through between the projections: "b d t"."""
        projected = self.project_in(rearrange(latents, "b d t -> b t d"))
        entries = straight_through(projected, self.codebook[codes[:, 0]])
        return rearrange(self.project_out(entries), "b t d -> b d t")

    @in_float32
    def encode(self, latents: Tensor, num_codebooks: int | None = None) -> Tensor:
        """See `Quantizer.encode`."""
        self.depth(num_codebooks)
        return self._nearest(self.project_in(rearrange(latents.float(), "b d t -> b t d")))[:, None]

    @in_float32
    def decode(self, codes: Tensor) -> Tensor:
        """See `Quantizer.decode`."""
        self.check_codes(codes)
        return rearrange(self.project_out(self.codebook[codes[:, 0]]), "b t d -> b d t")
