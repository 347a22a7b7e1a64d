"""Residual FSQ with a projection for each stage: the default quantizer."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import cast

import torch
from einops import einsum, rearrange
from torch import Tensor, nn

from audiocodec.model.quantize import levels as fsq
from audiocodec.model.quantize import spread
from audiocodec.model.quantize.base import Coder, Quantizer, QuantizeResult, in_float32, item_depths
from audiocodec.model.quantize.normalize import RunningNorm
from audiocodec.tokens.depths import NO_CODE


class ResidualFSQ(Quantizer):
    """Codebook i rounds a learned projection of what codebooks 0 ... i - 1 left over.

    Each stage projects the residual to few dimensions, normalizes them by running statistics
    of its own, bounds, rounds, and projects the value found back. The normalization takes the
    place of fixed stage scales (as the frozen norms of [RFSQ,
    2025](https://arxiv.org/abs/2508.15860) do), and the level goes back through the inverse
    of the bound, so it approximates the projected residual itself and subtracting it makes
    sense.

    Rounding is straight-through and the residual is not detached between stages: the gradient
    of the whole towards the latents is 1 in the directions that the stages in use carry,
    whatever their number (with detached residuals it would be multiplied by it), and 0 in
    those they cannot carry: no gradient pulls a latent that is beyond the outer levels further out
    (without that limit the latents outgrew the levels: 2 to 3 dB of signal to quantization noise instead
    of 14). See [Mentzer et al., 2023](https://arxiv.org/abs/2309.15505) for FSQ; the
    low-dimensional projections are those of [DAC, Kumar et al.,
    2023](https://arxiv.org/abs/2306.06546). They start orthogonal, the first stages on
    disjoint dimensions. There is no commitment loss: it would pull the residual to zero and
    silence the later codebooks.

    The normalization leaves scale and mean of what a stage sees free, and no loss holds them: the straight-through
    gradient draws latents together without end, until a step of the optimizer moves them by more than their spread and
    bfloat16 cannot tell them apart (`docs/lab/latent-drift-music-0.5.md`). `pin` holds them near zero mean and unit
    variance. `fill` goes further and draws all of what a stage sees to the normal distribution, dimensions independent:
    codes are then used more evenly. With four and eight codebooks `pin` scored best, so it is the default
    (`docs/fsq_vs_vq.md`).

    Args:
        dim: size of the latent vector.
        levels: levels of each projected dimension, the same in every codebook.
        num_codebooks: stages.
        dropout: share of the items that train with fewer codebooks.
        momentum: share of the newest batch in the running statistics; more suits runs of few steps.
        pin: weight of a loss that keeps what every stage sees in a process's batch at zero mean and unit variance.
        bound: "tanh" or "normal", see `audiocodec.model.quantize.levels`.
        fill: weight of a loss that draws what every stage sees in a process's batch to the normal distribution.
        noise: share of the items to which a stage adds uniform noise of the width of a cell in training instead of
            rounding, drawn for each stage. The decoder then sees more than the levels, and a value in the middle of a
            cell does not get the gradient of its edge ([Parker et al., 2024](https://arxiv.org/abs/2411.19842)).

    Example:
        >>> import torch
        >>> quantizer = ResidualFSQ(16, [8, 5, 5, 5], num_codebooks=4).eval()
        >>> latents = torch.randn(2, 16, 10)
        >>> codes = quantizer.encode(latents)
        >>> torch.equal(quantizer.encode(latents, num_codebooks=2), codes[:, :2])
        True
    """

    levels: Tensor

    def __init__(
        self,
        dim: int,
        levels: Sequence[int],
        num_codebooks: int,
        dropout: float = 0.1,
        momentum: float = 0.01,
        pin: float = 0.1,
        bound: str = "tanh",
        fill: float = 0.0,
        noise: float = 0.0,
    ) -> None:
        super().__init__()
        fsq.check_levels(levels)
        fsq.check_bound(bound)
        self.dim, self.codebook_size, self.num_codebooks = dim, math.prod(levels), num_codebooks
        self.dropout, self.bound = dropout, bound
        self.pin, self.fill, self.noise = pin, fill, noise
        self.level_list = tuple(levels)
        self.register_buffer("levels", torch.tensor(levels), persistent=False)
        rows = rearrange(_orthogonal_rows(num_codebooks * len(levels), dim), "(q l) d -> q l d", q=num_codebooks)
        self.project_in = nn.Parameter(rows.clone())
        self.project_out = nn.Parameter(rows.clone())
        self.norms = nn.ModuleList(RunningNorm(len(levels), momentum) for _ in range(num_codebooks))

    def _norms(self) -> list[RunningNorm]:
        return cast(list[RunningNorm], list(self.norms))

    def forward(self, latents: Tensor, num_codebooks: int | Tensor | None = None) -> QuantizeResult:
        """See `Quantizer.forward`."""
        with torch.autocast(latents.device.type, enabled=False):
            z = rearrange(latents, "b d t -> b t d").float()
            depths = item_depths(latents, num_codebooks, self, self.dropout)
            residual, total, codes, digits, seen = z, torch.zeros_like(z), [], [], []
            for i in range(self.num_codebooks):
                part, code, digit, projected = self.stage(i, residual)
                residual = residual - part
                total = total + part * (depths > i)
                codes.append(code)
                digits.append(digit)
                seen.append(projected)
            quantized = rearrange(total, "b t d -> b d t")
            return QuantizeResult(quantized, torch.stack(codes, 1), self.spread_loss(seen), torch.stack(digits, 1))

    def stage(self, i: int, residual: Tensor) -> tuple[Tensor, Tensor, Tensor, Tensor]:
        """What stage i makes of a residual "b t d" in training.

        Returns:
            its part of the sum "b t d", straight-through; its codes "b t"; their digits "b t levels", straight-through;
            and what it saw, "b t levels".
        """
        norm, limit = self._norms()[i], fsq.clip_limit(self.levels, self.bound)
        projected = residual @ self.project_in[i].T  # b t levels
        if self.training:
            norm.update(projected)
        normalized = norm(projected)
        u = fsq.bound(normalized, self.bound)
        indices = fsq.level_indices(u, self.levels)
        values = norm.inverse(fsq.unbound(self._said(u, fsq.cell_centers(indices, self.levels)), self.bound))
        within = norm.inverse(normalized.clamp(-limit, limit))
        part = (within + (values - within).detach()) @ self.project_out[i]
        return part, fsq.to_codes(indices, self.level_list), indices + (u - u.detach()) * self.levels, projected

    def _said(self, u: Tensor, centers: Tensor) -> Tensor:
        """Bounded "b t levels" and the centers of their cells -> these, or with noise what may be as far away."""
        if not (self.training and self.noise):
            return centers
        half = 0.5 / self.levels
        noisy = (u + (2 * torch.rand_like(u) - 1) * half).maximum(half).minimum(1 - half)
        return torch.where(torch.rand(len(u), 1, 1, device=u.device) < self.noise, noisy, centers)

    def spread_loss(self, seen: Sequence[Tensor]) -> Tensor:
        """Scalar: `pin` and `fill` of what each stage saw, "... levels"; 0 without them and outside training."""
        loss = seen[0].new_zeros(())
        if self.training and self.pin:
            loss = loss + self.pin * spread.from_unit(seen)
        if self.training and self.fill:
            loss = loss + self.fill * spread.from_normal(seen)
        return loss

    def statistics(self) -> tuple[Tensor, Tensor]:
        """Mean and standard deviation of all stages, "q levels" each."""
        norms = self._norms()
        return torch.stack([n.mean for n in norms]), torch.stack([n.std for n in norms])

    def _constants(self) -> _Constants:
        mean, std = self.statistics()
        slope = fsq.GAINS[self.bound] / std
        gain = rearrange(slope[..., None] * self.project_in, "q l d -> q d l").contiguous()
        indices = torch.arange(max(self.level_list) + 1, device=mean.device)[:, None].minimum(self.levels - 1)
        table = fsq.unbound(fsq.cell_centers(indices, self.levels), self.bound) * std[:, None] + mean[:, None]
        parts = (gain, -mean * fsq.GAINS[self.bound] / std, table, self.project_out)
        return _Constants(list(zip(*(part.unbind() for part in parts), strict=True)), table, self.levels / 2)

    def coder(self) -> Coder:
        """See `Quantizer.coder`."""
        constants = self._constants()
        return Coder(
            lambda latents, num_codebooks=None: self._encode(latents, num_codebooks, constants),
            lambda codes: self._decode(codes, constants),
        )

    def encode(self, latents: Tensor, num_codebooks: int | None = None) -> Tensor:
        """See `Quantizer.encode`. The same as `forward`, constants folded into few operations."""
        return self.coder().encode(latents, num_codebooks)

    def decode(self, codes: Tensor) -> Tensor:
        """See `Quantizer.decode`."""
        return self.coder().decode(codes)

    @in_float32
    def _encode(self, latents: Tensor, num_codebooks: int | None, constants: _Constants) -> Tensor:
        depth, half = self.depth(num_codebooks), constants.half
        batch, _, steps = latents.shape
        squash = fsq.SQUASH[self.bound]
        residual = rearrange(latents, "b d t -> (b t) d").float()
        indices = []
        for project, shift, values, back in constants.stages[:depth]:
            bounded = squash(torch.addmm(shift, residual, project))
            index = torch.addcmul(half, bounded, half).long()  # one too many where the bound is met
            residual = torch.addmm(residual, values.gather(0, index), back, alpha=-1)
            indices.append(index)
        codes = fsq.to_codes(torch.stack(indices).minimum(self.levels - 1), self.level_list)
        return rearrange(codes, "q (b t) -> b q t", b=batch, t=steps)

    @in_float32
    def _decode(self, codes: Tensor, constants: _Constants) -> Tensor:
        self.check_codes(codes, NO_CODE)
        depth = codes.shape[1]
        indices = rearrange(fsq.from_codes(codes.clamp_min(0), self.level_list), "b q t l -> q (b t) l")
        values = constants.table[:depth].gather(1, indices) * rearrange(codes != NO_CODE, "b q t -> q (b t) 1")
        total = einsum(values, self.project_out[:depth], "q n l, q l d -> n d")
        return rearrange(total, "(b t) d -> b d t", b=codes.shape[0])


@dataclass(frozen=True)
class _Constants:
    """What encoding and decoding take of the weights.

    Attributes:
        stages: of each codebook: projection "d l" with the gain in it, shift "l", values
            "index l", projection back "l d".
        table: value of each level in each stage, "q index l"; unused entries, one at least,
            repeat the last.
        half: half the number of levels, "l".
    """

    stages: list[tuple[Tensor, ...]]
    table: Tensor
    half: Tensor


def _orthogonal_rows(rows: int, dim: int) -> Tensor:
    """rows x dim; every run of `dim` rows is orthonormal."""
    blocks = [nn.init.orthogonal_(torch.empty(dim, dim)) for _ in range(-(-rows // dim))]
    return torch.cat(blocks)[:rows]
