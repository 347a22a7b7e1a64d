"""Running mean and variance of latents, frozen outside training."""

from __future__ import annotations

import torch
from torch import Tensor, nn

from audiocodec.model import ranks


class RunningNorm(nn.Module):
    """Brings each dimension to zero mean and unit variance by statistics of past batches.

    The statistics are constants to the gradient. The first training batch sets them, later
    ones move them by `momentum`.

    Args:
        dim: size of the last axis.
        momentum: share of the newest batch.
    """

    mean: Tensor
    std: Tensor
    started: Tensor

    def __init__(self, dim: int, momentum: float = 0.01) -> None:
        super().__init__()
        self.momentum = momentum
        self.register_buffer("mean", torch.zeros(dim))
        self.register_buffer("std", torch.ones(dim))
        self.register_buffer("started", torch.zeros(()))

    @torch.no_grad()
    def update(self, x: Tensor) -> None:
        """x: "... dim", a training batch."""
        flat = ranks.gather(x.detach().reshape(-1, x.shape[-1]))
        mean, std = flat.mean(0), flat.std(0, correction=0).clamp_min(1e-5)
        share = torch.where(self.started > 0, self.momentum, 1.0)
        self.mean.lerp_(mean, share)
        self.std.lerp_(std, share)
        self.started.fill_(1.0)

    def forward(self, x: Tensor) -> Tensor:
        """x: "... dim", normalized."""
        return (x - self.mean) / self.std

    def inverse(self, x: Tensor) -> Tensor:
        """x: "... dim", back to the scale of the latents."""
        return x * self.std + self.mean
