"""`ResidualFSQ.forward` in a tenth of its kernels."""

from __future__ import annotations

from collections.abc import Callable
from typing import cast

import torch
from einops import rearrange
from torch import Tensor

from audiocodec.model.quantize import QuantizeResult, ResidualFSQ
from audiocodec.model.quantize import levels as fsq
from audiocodec.model.quantize.base import item_depths
from audiocodec.model.quantize.normalize import RunningNorm


def rounded(
    projected: Tensor, mean: Tensor, std: Tensor, levels: Tensor, limit: Tensor, bound: str
) -> tuple[Tensor, Tensor]:
    """One stage: projected "n l" -> its level, straight-through, and the index of that level, both "n l"."""
    normalized = (projected - mean) / std
    indices = torch.minimum((fsq.bound(normalized, bound) * levels).floor(), levels - 1).clamp_min(0)
    values = fsq.unbound(fsq.cell_centers(indices, levels), bound) * std + mean
    within = normalized.clamp(-limit, limit) * std + mean
    return within + (values - within).detach(), indices.detach()


class FusedStages:
    """Training forward of a `ResidualFSQ`, whose `forward` it takes over.

    Same numbers as the original's; statistics are updated for all stages together, after the batch instead of
    before it, and the way back from all stages is one product.

    Args:
        quantizer: its running statistics have begun; in eval mode they stay.
        compile: makes the elementwise part of a stage one kernel.
    """

    def __init__(self, quantizer: ResidualFSQ, compile: Callable[..., Callable[..., tuple[Tensor, Tensor]]]) -> None:
        self.quantizer, self.rounded = quantizer, compile(rounded)
        norms = cast(list[RunningNorm], list(quantizer.norms))
        self.momentum = norms[0].momentum
        self.mean, self.std = quantizer.statistics()
        for norm, mean, std in zip(norms, self.mean, self.std, strict=True):
            norm.mean, norm.std = mean, std  # views: one operation moves all
        self.levels = quantizer.levels.float()
        self.limit = fsq.clip_limit(self.levels, quantizer.bound)
        self.place_values = fsq.place_values_like(quantizer.level_list, self.levels)

    def __call__(self, latents: Tensor, num_codebooks: int | Tensor | None = None) -> QuantizeResult:
        """See `Quantizer.forward`."""
        q = self.quantizer
        with torch.autocast(latents.device.type, enabled=False):
            batch, _, steps = latents.shape
            residual = rearrange(latents, "b d t -> (b t) d").float()
            means, stds = self.mean.clone().unbind(), self.std.clone().unbind()
            seen, values, indices = [], [], []
            for i, (mean, std) in enumerate(zip(means, stds, strict=True)):
                projected = residual @ q.project_in[i].T
                value, index = self.rounded(projected, mean, std, self.levels, self.limit, q.bound)
                residual = torch.addmm(residual, value, q.project_out[i], alpha=-1)
                seen.append(projected)
                values.append(value)
                indices.append(index)
            depths = item_depths(latents, num_codebooks, q, q.dropout).expand(batch, steps, 1)
            used = (
                rearrange(depths, "b t 1 -> (b t) 1 1") > torch.arange(q.num_codebooks, device=latents.device)[:, None]
            )
            total = rearrange(torch.stack(values, 1) * used, "n q l -> n (q l)") @ q.project_out.flatten(0, 1)
            if q.training:
                self._follow(torch.stack(seen, 1))
            codes = (torch.stack(indices, 1).long() * self.place_values).sum(-1)
            return QuantizeResult(
                rearrange(total, "(b t) d -> b d t", b=batch),
                rearrange(codes, "(b t) q -> b q t", b=batch),
                q.spread_loss(seen),
            )

    @torch.no_grad()
    def _follow(self, seen: Tensor) -> None:
        """Move the statistics towards those of a batch "n q l"; one with NaN moves nothing."""
        std, mean = torch.std_mean(seen, 0, correction=0)
        good = torch.isfinite(std).all()
        self.mean.lerp_(torch.where(good, mean, self.mean), self.momentum)
        self.std.lerp_(torch.where(good, std.clamp_min(1e-5), self.std), self.momentum)
