"""Vector quantization with a codebook learned by moving averages: the baseline."""

from __future__ import annotations

import torch
from einops import rearrange
from torch import Tensor
from torch.nn import functional as F

from audiocodec.model import ranks
from audiocodec.model.quantize.base import QuantizeResult, Stage, in_float32, straight_through
from audiocodec.model.quantize.nearest import least_count, nearest, replacements


class VQ(Stage):
    """Nearest codebook vector; the codebook follows the latents by moving averages.

    See [van den Oord et al., 2017](https://arxiv.org/abs/1711.00937) (appendix A.1). The first
    training batch starts the codebook by k-means, and entries that fall out of use are
    replaced by latents of the batch ([EnCodec, Defossez et al.,
    2022](https://arxiv.org/abs/2210.13438)).

    Args:
        dim: size of the latent vector.
        codebook_size: entries.
        decay: of the moving averages.
        commitment: weight of the loss that keeps latents near their entry.
        dead_below: entries with a smaller moving count are replaced; with large codebooks already those with
            half the mean count. A new entry has 69 steps (at a decay of 0.99) to be used.
        kmeans_steps: at the start.

    Example:
        >>> import torch
        >>> quantizer = VQ(dim=8, codebook_size=32).eval()
        >>> latents = torch.randn(1, 8, 10)
        >>> codes = quantizer.encode(latents)
        >>> torch.equal(quantizer.decode(codes), quantizer(latents).quantized)
        True
    """

    codebook: Tensor
    counts: Tensor
    started: Tensor

    def __init__(
        self,
        dim: int,
        codebook_size: int,
        decay: float = 0.99,
        commitment: float = 0.25,
        dead_below: float = 2.0,
        kmeans_steps: int = 10,
    ) -> None:
        super().__init__()
        self.dim, self.codebook_size, self.num_codebooks = dim, codebook_size, 1
        self.decay, self.commitment, self.dead_below = decay, commitment, dead_below
        self.kmeans_steps = kmeans_steps
        self.register_buffer("codebook", torch.randn(codebook_size, dim))
        self.register_buffer("counts", torch.ones(codebook_size))
        self.register_buffer("started", torch.zeros(()))

    def _tally(self, flat: Tensor, codes: Tensor) -> tuple[Tensor, Tensor]:
        counts = torch.zeros_like(self.counts).index_add_(0, codes, torch.ones_like(flat[:, 0]))
        sums = torch.zeros_like(self.codebook).index_add_(0, codes, flat)
        return counts, sums

    def _start(self, flat: Tensor) -> None:
        """K-means; entries beyond the size of the batch are dead at first and get latents of later batches."""
        picked = flat[torch.randperm(len(flat), device=flat.device)[: self.codebook_size]]
        self.codebook[: len(picked)] = picked
        for _ in range(self.kmeans_steps):
            counts, sums = self._tally(flat, nearest(flat, self.codebook))
            means = sums / counts.clamp_min(1)[:, None]
            self.codebook.copy_(torch.where(counts[:, None] > 0, means, self.codebook))
        counts, _ = self._tally(flat, nearest(flat, self.codebook))
        self.counts.copy_(counts)
        self.started.fill_(1.0)

    @torch.no_grad()
    def update(self, flat: Tensor, codes: Tensor) -> None:
        """Move the codebook towards a training batch: flat "n d", its codes "n"; latents of it replace dead entries."""
        counts, sums = self._tally(flat, codes)
        moved = (self.codebook * self.counts[:, None]).lerp_(sums, 1 - self.decay)
        self.counts.lerp_(counts, 1 - self.decay)
        means = moved / self.counts.clamp_min(1e-12)[:, None]
        self.codebook.copy_(torch.where(self.counts[:, None] > 1e-6, means, self.codebook))
        least = least_count(len(flat), self.codebook_size, self.dead_below)
        replaced, fresh = replacements(self.counts < least, flat)
        self.counts.copy_(torch.where(replaced, torch.full_like(self.counts, 2 * least), self.counts))
        self.codebook.copy_(torch.where(replaced[:, None], fresh, self.codebook))

    def forward(self, latents: Tensor, num_codebooks: int | Tensor | None = None) -> QuantizeResult:
        """See `Quantizer.forward`."""
        with torch.autocast(latents.device.type, enabled=False):
            z = rearrange(latents, "b d t -> b t d").float()
            flat = rearrange(z.detach(), "b t d -> (b t) d")
            if self.training and not self.started:
                with torch.no_grad():
                    self._start(ranks.gather(flat))
            codes = nearest(flat, self.codebook)
            loss = self.commitment * F.mse_loss(z, self.codebook[codes].view_as(z))
            if self.training:
                self.update(ranks.gather(flat), ranks.gather(codes))
            codes = codes.view(z.shape[0], 1, -1)
            return QuantizeResult(self.reconstruct(latents.float(), codes), codes, loss)

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
