"""Losses that hold what the stages of an FSQ see where its levels are."""

from __future__ import annotations

import math
from collections.abc import Sequence

import torch
from torch import Tensor

DIRECTIONS = 16  # besides the axes


def from_unit(seen: Sequence[Tensor]) -> Tensor:
    """How far what each stage saw, "... l", is from zero mean and unit variance: a scalar.

    By ratios, so that latents a thousand times too close are drawn apart as steeply, for their size, as any.
    """
    std, mean = torch.std_mean(torch.stack([x.flatten(0, -2) for x in seen]), 1, correction=0)
    std = std.clamp_min(1e-5)
    return ((mean / std.detach()).square() + std.log().square()).mean()


def from_normal(seen: Sequence[Tensor]) -> Tensor:
    """How far what each stage saw, "... l", is from the standard normal distribution: a scalar.

    The squared sliced Wasserstein distance of [Kolouri et al., 2018](https://arxiv.org/abs/1804.01947): along each
    axis, and along random directions, sorted values are compared with the quantiles of the normal distribution. So
    dimensions become independent too, which no loss of each by itself can see.
    """
    x = torch.stack([part.flatten(0, -2) for part in seen])  # q n l
    count, dim = x.shape[1:]
    random = torch.nn.functional.normalize(torch.randn(DIRECTIONS, dim, device=x.device), dim=1)
    along = torch.cat([torch.eye(dim, device=x.device), random]) @ x.mT  # q m n
    middles = (torch.arange(count, device=x.device) + 0.5) / count
    quantiles = torch.erfinv(2 * middles - 1) * math.sqrt(2)
    return (along.sort(-1).values - quantiles).square().mean()
