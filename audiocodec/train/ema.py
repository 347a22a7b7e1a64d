"""Exponential moving average of weights: what is validated and shipped."""

from __future__ import annotations

import copy
from typing import Generic, TypeVar

import torch
from torch import nn

M = TypeVar("M", bound=nn.Module)


class EMA(Generic[M]):
    """A copy of a model that follows it slowly; buffers are copied as they are.

    Frozen weights stay to the bit: even the mean of -0 and -0 is 0, and another hash.

    Args:
        model: the model to follow.
        decay: share of the old value; grows from 0 to this over the first steps.
    """

    def __init__(self, model: M, decay: float) -> None:
        self.model = copy.deepcopy(model).eval().requires_grad_(False)
        self.decay = decay

    @torch.no_grad()
    def update(self, model: nn.Module, step: int) -> None:
        """Move towards `model` after training step `step`, counted from 0."""
        share = 1 - min(self.decay, (1 + step) / (10 + step))
        pairs = [(m, t) for m, t in zip(self.model.parameters(), model.parameters(), strict=True) if t.requires_grad]
        torch._foreach_lerp_([mine for mine, _ in pairs], [theirs for _, theirs in pairs], share)
        for buffer, theirs in zip(self.model.buffers(), model.buffers(), strict=True):
            buffer.copy_(theirs)
