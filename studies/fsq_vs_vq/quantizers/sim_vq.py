"""Vector quantization whose entries move together: a fixed codebook behind one learned layer."""

from __future__ import annotations

import torch
from einops import rearrange
from torch import Tensor, nn
from torch.nn import functional as F

from audiocodec.model.quantize.base import QuantizeResult, Stage, in_float32, straight_through
from audiocodec.model.quantize.nearest import nearest


class SimVQ(Stage):
    """Nearest of a fixed random codebook times a learned matrix: no entry is left behind, so none dies.

    See [Zhu et al., 2024](https://arxiv.org/abs/2411.02038): the gradient of any entry in use moves the matrix, and
    with it all entries.

    Args:
        dim: size of the latent vector.
        codebook_size: entries.
        commitment: weight of the loss that keeps latents near their entry.

    Example:
        >>> import torch
        >>> from quantizers import SimVQ
        >>> quantizer = SimVQ(dim=8, codebook_size=32).eval()
        >>> latents = torch.randn(1, 8, 10)
        >>> codes = quantizer.encode(latents)
        >>> torch.equal(quantizer.decode(codes), quantizer(latents).quantized)
        True
    """

    fixed: Tensor

    def __init__(self, dim: int, codebook_size: int, commitment: float = 0.25) -> None:
        super().__init__()
        self.dim, self.codebook_size, self.num_codebooks = dim, codebook_size, 1
        self.commitment = commitment
        self.register_buffer("fixed", torch.randn(codebook_size, dim))
        self.matrix = nn.Parameter(torch.eye(dim))

    def _entries(self) -> Tensor:
        return self.fixed @ self.matrix

    def forward(self, latents: Tensor, num_codebooks: int | Tensor | None = None) -> QuantizeResult:
        """See `Quantizer.forward`."""
        with torch.autocast(latents.device.type, enabled=False):
            z = rearrange(latents, "b d t -> b t d").float()
            entries = self._entries()
            codes = nearest(z.flatten(0, 1), entries).view(z.shape[:2])
            chosen = entries[codes]
            loss = F.mse_loss(chosen, z.detach()) + self.commitment * F.mse_loss(z, chosen.detach())
            return QuantizeResult(self.reconstruct(latents.float(), codes[:, None]), codes[:, None], loss)

    def reconstruct(self, latents: Tensor, codes: Tensor) -> Tensor:
        """The entries of `codes` "b 1 t", straight-through towards `latents`: "b d t"."""
        return straight_through(latents, rearrange(self._entries()[codes[:, 0]], "b t d -> b d t"))

    @in_float32
    def encode(self, latents: Tensor, num_codebooks: int | None = None) -> Tensor:
        """See `Quantizer.encode`."""
        self.depth(num_codebooks)
        flat = rearrange(latents.float(), "b d t -> (b t) d")
        return nearest(flat, self._entries()).view(latents.shape[0], 1, -1)

    @in_float32
    def decode(self, codes: Tensor) -> Tensor:
        """See `Quantizer.decode`."""
        self.check_codes(codes)
        return rearrange(self._entries()[codes[:, 0]], "b t d -> b d t")
