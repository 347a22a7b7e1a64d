"""Residual FSQ whose stages round the same dimensions at ever smaller scales."""

from __future__ import annotations

import math
from collections.abc import Sequence

import torch
from einops import rearrange
from torch import Tensor, nn

from audiocodec.errors import ConfigError
from audiocodec.model.quantize import levels as fsq
from audiocodec.model.quantize.base import Quantizer, QuantizeResult, in_float32, item_depths, straight_through
from audiocodec.model.quantize.normalize import RunningNorm

SCALES = ("naive", "levels_less_one", "levels", "learned")


class ScaledFSQ(Quantizer):
    """Latents are bounded once; stage i rounds what is left to the levels times a scale.

    The scales found in the literature, with L levels and i = 0 for the first stage:

    - `naive`: 1 in every stage. The first residual is smaller than half a step, so with an odd L
      later stages say nothing.
    - `levels_less_one`: (L - 1)**-i. Cells of neighbouring levels overlap: some values are said twice.
    - `levels`: L**-i, and latents bounded to +-L / (L - 1) instead of +-1: the cells of a stage
      fill one cell of the stage before (`NestedFSQ` is this in one rounding).
    - `learned`: starts as `levels`; each stage and dimension learns its own, with the gradient of
      [LSQ, Esser et al., 2019](https://arxiv.org/abs/1902.08153).

    As in [Mentzer et al., 2023](https://arxiv.org/abs/2309.15505) the decoder gets the bounded
    values, and the gradient is that of the bound, once for any number of stages. Latents are
    normalized by running statistics first.

    Args:
        levels: levels of each latent dimension in each codebook.
        num_codebooks: stages.
        scale: one of `naive`, `levels_less_one`, `levels`, `learned`.
        dropout: share of the items that train with fewer codebooks.
        momentum: share of the newest batch in the running statistics; more suits runs of few steps.

    Raises:
        ConfigError: an unknown scale, or levels that cannot be coded.

    Example:
        >>> import torch
        >>> quantizer = ScaledFSQ([4, 4, 4], num_codebooks=3).eval()
        >>> codes = quantizer.encode(torch.randn(1, 3, 10))
        >>> quantizer.decode(codes[:, :1]).shape  # the first codebook decodes alone
        torch.Size([1, 3, 10])
    """

    levels: Tensor
    fixed: Tensor

    def __init__(
        self,
        levels: Sequence[int],
        num_codebooks: int,
        scale: str = "levels",
        dropout: float = 0.1,
        momentum: float = 0.01,
    ) -> None:
        super().__init__()
        fsq.check_levels(levels)
        if scale not in SCALES:
            raise ConfigError(f"scale is {scale!r}, known: {', '.join(SCALES)}")
        self.register_buffer("levels", torch.tensor(levels), persistent=False)
        self.level_list, self.scale = tuple(levels), scale
        self.dim, self.codebook_size, self.num_codebooks = len(levels), math.prod(levels), num_codebooks
        self.dropout = dropout
        self.norm = RunningNorm(len(levels), momentum)
        base = {"naive": torch.ones_like(self.levels), "levels_less_one": self.levels - 1}.get(scale, self.levels)
        exponents = -torch.arange(num_codebooks)[:, None]
        self.register_buffer("fixed", base.double() ** exponents, persistent=False)  # q d
        if scale == "learned":
            self.log_scales = nn.Parameter(self.fixed.log().float())

    def _scales(self) -> Tensor:
        """Scale of each stage and dimension, "q d", float64."""
        return self.log_scales.double().exp() if self.scale == "learned" else self.fixed

    def _bounded(self, z: Tensor) -> Tensor:
        """z: "b t d" -> the same within +-1, or as far beyond as outer cells reach."""
        top = 1.0 if self.scale in ("naive", "levels_less_one") else self.levels / (self.levels - 1)
        return top * torch.tanh(fsq.GAINS["tanh"] * self.norm(z))

    def _round(self, position: Tensor) -> tuple[Tensor, Tensor]:
        """Residual over scale -> level indices, int64, and the levels, -1 to 1."""
        steps = self.levels - 1
        indices = torch.floor((position + 1) * steps / 2 + 0.5).clamp_min(0).minimum(steps).long()
        return indices, self._values(indices)

    def _values(self, indices: Tensor) -> Tensor:
        return 2 * indices.double() / (self.levels - 1) - 1

    def forward(self, latents: Tensor, num_codebooks: int | Tensor | None = None) -> QuantizeResult:
        """See `Quantizer.forward`."""
        with torch.autocast(latents.device.type, enabled=False):
            z = rearrange(latents, "b d t -> b t d").float()
            if self.training:
                self.norm.update(z)
            depths = item_depths(latents, num_codebooks, self, self.dropout)
            bounded = self._bounded(z)
            residual, codes = bounded.detach().double(), []
            total = torch.zeros_like(residual)
            for i, scale in enumerate(self._scales()):
                position = residual / scale.detach()
                indices, values = self._round(position)
                slope = torch.where(position.abs() <= 1, values - position, values)  # of the part over its scale
                part = scale.detach() * values + slope * (scale - scale.detach())
                residual = residual - part.detach()
                total = total + part * (depths > i)
                codes.append(fsq.to_codes(indices, self.level_list))
            total = total.float()
            quantized = straight_through(bounded, total) + (total - total.detach())
            return QuantizeResult(rearrange(quantized, "b t d -> b d t"), torch.stack(codes, 1), z.new_zeros(()))

    @in_float32
    def encode(self, latents: Tensor, num_codebooks: int | None = None) -> Tensor:
        """See `Quantizer.encode`."""
        residual, codes = self._bounded(rearrange(latents, "b d t -> b t d").float()).double(), []
        for scale in self._scales()[: self.depth(num_codebooks)]:
            indices, values = self._round(residual / scale)
            residual = residual - scale * values
            codes.append(fsq.to_codes(indices, self.level_list))
        return torch.stack(codes, dim=1)

    @in_float32
    def decode(self, codes: Tensor) -> Tensor:
        """See `Quantizer.decode`."""
        self.check_codes(codes)
        values = self._values(fsq.from_codes(codes, self.level_list))  # b q t d
        total = (values * self._scales()[: codes.shape[1], None]).sum(1)
        return rearrange(total, "b t d -> b d t").float()
