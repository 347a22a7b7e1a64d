"""Vector quantization in few dimensions on the unit sphere: the second baseline."""

from __future__ import annotations

import torch
from einops import rearrange
from torch import Tensor, nn
from torch.nn import functional as F

from audiocodec.model.quantize.base import QuantizeResult, Stage, in_float32, straight_through


class FactorizedVQ(Stage):
    """Looks codes up in a low dimension, by direction only; the codebook learns by gradient.

    See [Yu et al., 2021](https://arxiv.org/abs/2110.04627) and
    [DAC, Kumar et al., 2023](https://arxiv.org/abs/2306.06546).

    Args:
        dim: size of the latent vector.
        codebook_size: entries.
        code_dim: dimensions in which codes are looked up.
        commitment: weight of the loss that keeps latents near their entry.

    Example:
        >>> import torch
        >>> from quantizers import FactorizedVQ
        >>> quantizer = FactorizedVQ(dim=16, codebook_size=32).eval()
        >>> latents = torch.randn(1, 16, 10)
        >>> codes = quantizer.encode(latents)
        >>> torch.equal(quantizer.decode(codes), quantizer(latents).quantized)
        True
    """

    def __init__(self, dim: int, codebook_size: int, code_dim: int = 8, commitment: float = 0.25) -> None:
        super().__init__()
        self.dim, self.codebook_size, self.num_codebooks = dim, codebook_size, 1
        self.commitment = commitment
        self.project_in = nn.Linear(dim, code_dim)
        self.project_out = nn.Linear(code_dim, dim)
        self.codebook = nn.Parameter(torch.randn(codebook_size, code_dim))

    def _nearest(self, projected: Tensor) -> Tensor:
        """projected: "b t d" -> codes "b t"."""
        directions = F.normalize(projected, dim=-1) @ F.normalize(self.codebook, dim=-1).T
        return directions.argmax(dim=-1)

    def forward(self, latents: Tensor, num_codebooks: int | Tensor | None = None) -> QuantizeResult:
        """See `Quantizer.forward`."""
        with torch.autocast(latents.device.type, enabled=False):
            z = rearrange(latents, "b d t -> b t d").float()
            projected = self.project_in(z)  # b t code_dim
            codes = self._nearest(projected)
            entries = self.codebook[codes]
            loss = F.mse_loss(entries, projected.detach()) + self.commitment * F.mse_loss(projected, entries.detach())
            return QuantizeResult(self.reconstruct(latents.float(), codes[:, None]), codes[:, None], loss)

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
