"""Muon: steps with orthogonalized momentum, for matrices."""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Iterable
from typing import Any

import torch
from torch import Tensor, nn
from torch.optim import Optimizer

from audiocodec.train.precision import bfloat16_is_fast

COEFFICIENTS = (3.4445, -4.7750, 2.0315)
ITERATIONS = 5
MOMENTUM, WEIGHT_DECAY = 0.95, 0.1


def step_size(shape: torch.Size) -> float:
    """What makes an orthogonal matrix as large as a step of AdamW."""
    return 0.2 * math.sqrt(max(shape))


def orthogonalized(matrices: Tensor) -> Tensor:
    """Matrices "k rows cols" with singular values near 1 in place of their own, by Newton and Schulz's iteration.

    The quintic of [Jordan et al., 2024](https://kellerjordan.github.io/posts/muon/), in bfloat16 where that is fast.
    """
    a, b, c = COEFFICIENTS
    flip = matrices.shape[1] > matrices.shape[2]
    x = matrices.mT if flip else matrices
    x = x / x.norm(dim=(1, 2), keepdim=True).clamp_min(1e-7)
    if bfloat16_is_fast(x.device):
        x = x.bfloat16()
    for _ in range(ITERATIONS):
        gram = x @ x.mT
        x = torch.baddbmm(x, torch.baddbmm(gram, gram, gram, beta=b, alpha=c), x, beta=a)
    return (x.mT if flip else x).to(matrices.dtype)


class Muon(Optimizer):
    """Nesterov momentum, orthogonalized, with steps of the size of AdamW's.

    See [Jordan et al., 2024](https://kellerjordan.github.io/posts/muon/) and, for the size of the steps,
    [Liu et al., 2025](https://arxiv.org/abs/2502.16982). As `torch.optim.Muon` with `match_rms_adamw`, but matrices of
    one shape go together, in float32 where the processor has no bfloat16 (there torch's takes 30 s a step, not one).

    Args:
        matrices: to train, two axes each.
        learning_rate: of a step whose root mean square is .2.
        weight_decay: share of the weights taken off in a step of learning rate 1.
        momentum: of the gradients.
    """

    def __init__(
        self,
        matrices: Iterable[nn.Parameter],
        learning_rate: float,
        weight_decay: float = WEIGHT_DECAY,
        momentum: float = MOMENTUM,
    ) -> None:
        super().__init__(matrices, {"lr": learning_rate, "weight_decay": weight_decay, "momentum": momentum})

    @torch.no_grad()
    def step(self, closure: Any = None) -> None:  # type: ignore[override]
        """One step along the gradients; parameters without one stay."""
        assert closure is None
        for group in self.param_groups:
            by_shape: dict[torch.Size, list[nn.Parameter]] = defaultdict(list)
            for p in group["params"]:
                if p.grad is not None:
                    by_shape[p.shape].append(p)
            for shape, matrices in by_shape.items():
                updates = orthogonalized(torch.stack([self._momentum(p, group["momentum"]) for p in matrices]))
                for p, update in zip(matrices, updates, strict=True):
                    p.mul_(1 - group["lr"] * group["weight_decay"])
                    p.add_(update, alpha=-group["lr"] * step_size(shape))

    def _momentum(self, p: nn.Parameter, momentum: float) -> Tensor:
        state = self.state[p]
        if "momentum_buffer" not in state:
            state["momentum_buffer"] = torch.zeros_like(p)
        buffer: Tensor = state["momentum_buffer"]
        assert p.grad is not None
        buffer.lerp_(p.grad, 1 - momentum)
        return p.grad.lerp(buffer, momentum)
