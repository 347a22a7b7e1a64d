"""Loss weights that are fractions of the gradient."""

from __future__ import annotations

from collections.abc import Mapping

import torch
from torch import Tensor

from audiocodec.model import ranks


class Balancer:
    """Scales each loss so that its gradient at the decoder's output has its weight's share of the whole.

    See [EnCodec, Defossez et al., 2022](https://arxiv.org/abs/2210.13438), section 3.4. The norms are
    moving averages over steps.

    Args:
        decay: of the moving averages.

    Attributes:
        norms: name -> [weighted sum of norms, sum of weights]; what a checkpoint must keep.
    """

    def __init__(self, decay: float = 0.999) -> None:
        self.decay = decay
        self.norms: dict[str, list[float]] = {}

    def _norm(self, name: str, gradient: Tensor) -> float:
        now = ranks.mean(gradient.flatten(1).norm(dim=1).mean())
        if torch.isfinite(now):
            total, count = self.norms.get(name, [0.0, 0.0])
            self.norms[name] = [self.decay * total + float(now), self.decay * count + 1]
        total, count = self.norms.get(name, [1.0, 1.0])
        return total / count + 1e-12

    def gradient(self, terms: Mapping[str, tuple[float, Tensor]], output: Tensor) -> Tensor:
        """The balanced gradient of weighted losses towards `output`, which they all come from, same shape."""
        total = torch.zeros_like(output)
        shares = sum(weight for weight, _ in terms.values())
        for name, (weight, term) in terms.items():
            (gradient,) = torch.autograd.grad(term, output, retain_graph=True)
            total += gradient * (weight / shares / self._norm(name, gradient))
        return total
