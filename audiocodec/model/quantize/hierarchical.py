"""Residual FSQ whose codebooks are at several time scales."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import torch
from einops import rearrange, reduce, repeat
from torch import Tensor

from audiocodec.model.fsq import check_strides
from audiocodec.model.quantize.base import Coder, Quantizer, QuantizeResult, in_float32, item_depths
from audiocodec.model.quantize.residual_fsq import ResidualFSQ


class HierarchicalFSQ(Quantizer):
    """`ResidualFSQ` of which codebook i says one code for `strides[i]` frames: the mean of what is left of them.

    Coarse codebooks say what lasts, fine ones what changes, as in [SNAC, Siuzdak et al.,
    2024](https://arxiv.org/abs/2410.14411) and the hierarchical VQ-VAE of [Dieleman et al.,
    2018](https://arxiv.org/abs/1806.10474). Frames are quantized in blocks of the longest stride, counted from the
    first: an encoder waits for whole blocks, so it adds up to `block` frames of delay where others add one, and never
    looks beyond them. A decoder adds none.

    Here and in streams each code stands in every frame that it is for; files hold it once, in the first of them
    (`audiocodec.tokens.strides`). Frames after the last whole block are quantized as if the last one went on.

    Args:
        dim: size of the latent vector.
        levels: levels of each projected dimension, the same in every codebook.
        strides: frames of a code, of each codebook; coarse first, each a multiple of the next.
        dropout: see `ResidualFSQ`, as all that follows.
        momentum: of the running statistics.
        pin: weight of a loss.
        bound: "tanh" or "normal".
        fill: weight of a loss.
        noise: share of the items with noise.

    Example:
        >>> import torch
        >>> quantizer = HierarchicalFSQ(16, [8, 5, 5, 5], strides=[4, 2, 1]).eval()
        >>> codes = quantizer.encode(torch.randn(1, 16, 8))
        >>> [len(row.unique_consecutive()) for row in codes[0]]
        [2, 4, 8]
    """

    def __init__(
        self,
        dim: int,
        levels: Sequence[int],
        strides: Sequence[int],
        dropout: float = 0.1,
        momentum: float = 0.01,
        pin: float = 0.1,
        bound: str = "tanh",
        fill: float = 0.0,
        noise: float = 0.0,
    ) -> None:
        super().__init__()
        self.strides = check_strides(strides)
        self.flat = ResidualFSQ(dim, levels, len(strides), dropout, momentum, pin, bound, fill, noise)
        self.dim, self.codebook_size, self.num_codebooks = dim, self.flat.codebook_size, len(strides)
        self.dropout = dropout

    def forward(self, latents: Tensor, num_codebooks: int | Tensor | None = None) -> QuantizeResult:
        """See `Quantizer.forward`; a depth by frame counts for each frame of its own."""
        with torch.autocast(latents.device.type, enabled=False):
            depths = item_depths(latents, num_codebooks, self, self.dropout)
            residual = self._whole_blocks(latents.float())
            total, codes, seen = torch.zeros_like(residual), [], []
            for i, (part, code, projected) in enumerate(self._stages(residual, self.num_codebooks)):
                total = total + part * (depths if depths.shape[1] == 1 else self._padded(depths)).gt(i)
                codes.append(code)
                seen.append(projected)
            steps = latents.shape[2]
            quantized = rearrange(total[:, :steps], "b t d -> b d t")
            loss = torch.stack([self.flat.spread_loss([x]) for x in seen]).mean()
            return QuantizeResult(quantized, torch.stack(codes, dim=1)[..., :steps], loss)

    def _stages(self, residual: Tensor, depth: int) -> Iterator[tuple[Tensor, Tensor, Tensor]]:
        """Parts "b t d" and codes "b t" of the first stages, in every frame that they are for, and what each saw."""
        for i, stride in enumerate(self.strides[:depth]):
            part, code, _, projected = self.flat.stage(i, reduce(residual, "b (t s) d -> b t d", "mean", s=stride))
            part = repeat(part, "b t d -> b (t s) d", s=stride)
            yield part, repeat(code, "b t -> b (t s)", s=stride), projected
            residual = residual - part

    def _whole_blocks(self, latents: Tensor) -> Tensor:
        """Latents "b d t" -> "b t d" of whole blocks."""
        return self._padded(rearrange(latents, "b d t -> b t d"))

    def _padded(self, x: Tensor) -> Tensor:
        """x: "b t d", its last step repeated to the end of its block."""
        missing = -x.shape[1] % self.block
        return torch.cat([x, x[:, -1:].expand(-1, missing, -1)], dim=1) if missing else x

    @in_float32
    def encode(self, latents: Tensor, num_codebooks: int | None = None) -> Tensor:
        """See `Quantizer.encode`."""
        stages = self._stages(self._whole_blocks(latents.float()), self.depth(num_codebooks))
        return torch.stack([code for _, code, _ in stages], dim=1)[..., : latents.shape[2]]

    def decode(self, codes: Tensor) -> Tensor:
        """See `Quantizer.decode`."""
        return self.flat.decode(codes)

    def coder(self) -> Coder:
        """See `Quantizer.coder`."""
        return Coder(self.encode, self.flat.coder().decode)
