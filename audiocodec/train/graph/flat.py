"""Muon, AdamW, clipping and averaging over parameters that lie end to end in one tensor."""

from __future__ import annotations

import itertools
from typing import Any

import torch
from torch import Tensor, nn
from torch.optim import Optimizer

from audiocodec.train import muon
from audiocodec.train.optimizers import BETAS, WEIGHT_DECAY


class FlatOptimizer(Optimizer):
    """What `Trainer` does after the backward pass, in few kernels and with nothing read back from the device.

    Steps as `adamw` and `Muon` take them, on gradients clipped to norm 1; one whose gradient is not finite, or whose
    learning rate is 0, changes nothing.

    Args:
        parameters: become views of `flat`, their gradients views of `flat.grad`; matrices go by Muon, others by AdamW.
        ema_decay: of the moving average.

    Attributes:
        flat: all parameters.
        average: their moving average, in the same order.
        learning_rate: of the next step, a scalar on the device.
        norm: of the last gradient, before it was clipped.
    """

    def __init__(self, parameters: list[nn.Parameter], ema_decay: float) -> None:
        others = [p for p in parameters if p.ndim != 2]
        matrices = sorted((p for p in parameters if p.ndim == 2), key=lambda p: tuple(p.shape))
        self.order = others + matrices
        self.vectors = sum(p.numel() for p in others)
        self.shapes = [(shape, len(list(same))) for shape, same in itertools.groupby(matrices, lambda p: p.shape)]
        self.flat = nn.Parameter(torch.cat([p.detach().flatten() for p in self.order]))
        self.flat.grad = torch.zeros_like(self.flat)
        for p, data, grad in zip(self.order, self._parts(self.flat.data), self._parts(self.flat.grad), strict=True):
            p.data, p.grad = data, grad
        super().__init__([self.flat], {})
        zeros = torch.zeros_like(self.flat.data)
        first, momentum = torch.split(zeros.clone(), [self.vectors, len(zeros) - self.vectors])
        self.state[self.flat] = {"first": first, "second": first.clone(), "momentum": momentum}
        self.state[self.flat]["count"] = zeros.new_zeros(())
        self.average, self.least = self.flat.data.clone(), zeros.new_full((), 1 - ema_decay)
        self.learning_rate, self.norm = zeros.new_zeros(()), zeros.new_zeros(())

    def _parts(self, flat: Tensor) -> list[Tensor]:
        """A tensor like `flat` as the parameters lie in it."""
        pieces = torch.split(flat, [p.numel() for p in self.order])
        return [piece.view(p.shape) for piece, p in zip(pieces, self.order, strict=True)]

    def named_average(self, model: nn.Module) -> dict[str, Tensor]:
        """The averages by the names that the parameters have in `model`."""
        parts = {id(p): part for p, part in zip(self.order, self._parts(self.average), strict=True)}
        return {name: parts[id(p)] for name, p in model.named_parameters() if id(p) in parts}

    def load_state_dict(self, state_dict: dict[str, Any]) -> None:
        """See `torch.optim.Optimizer`.

        Raises:
            ValueError: it is another optimizer's.
        """
        if set(state_dict["state"].get(0, {})) != set(self.state[self.flat]):
            raise ValueError("saved without train.graph")
        super().load_state_dict(state_dict)

    @torch.no_grad()
    def step(self, closure: Any = None) -> None:  # type: ignore[override]
        """One step along `flat.grad`."""
        assert closure is None
        assert self.flat.grad is not None
        state = self.state[self.flat]
        norm = self.flat.grad.norm()
        self.norm.copy_(norm)
        good = torch.isfinite(norm) & (self.learning_rate > 0)
        gradient = torch.where(good, self.flat.grad / norm.clamp_min(1.0), 0.0)
        rate, counts = torch.where(good, self.learning_rate, 0.0), good.float()
        state["count"] += counts
        vectors, matrices = self.flat.data[: self.vectors], self.flat.data[self.vectors :]
        vectors.mul_(1 - rate * WEIGHT_DECAY).sub_(rate * self._adam(gradient[: self.vectors], state, counts))
        matrices.mul_(1 - rate * muon.WEIGHT_DECAY).sub_(rate * self._muon(gradient[self.vectors :], state, counts))
        share = torch.maximum(self.least, 9 / (10 + state["count"])) * counts
        self.average.lerp_(self.flat.data, share)

    def _adam(self, gradient: Tensor, state: dict[str, Tensor], counts: Tensor) -> Tensor:
        state["first"].lerp_(gradient, (1 - BETAS[0]) * counts)
        state["second"].lerp_(gradient.square(), (1 - BETAS[1]) * counts)
        steps = state["count"].clamp_min(1)
        first, second = state["first"] / (1 - BETAS[0] ** steps), state["second"] / (1 - BETAS[1] ** steps)
        return first / (second.sqrt() + 1e-8)

    def _muon(self, gradient: Tensor, state: dict[str, Tensor], counts: Tensor) -> Tensor:
        state["momentum"].lerp_(gradient, (1 - muon.MOMENTUM) * counts)
        update = gradient.lerp(state["momentum"], muon.MOMENTUM)
        pieces = torch.split(update, [count * shape.numel() for shape, count in self.shapes])
        steps = [
            muon.orthogonalized(piece.view(count, *shape)) * muon.step_size(shape)
            for piece, (shape, count) in zip(pieces, self.shapes, strict=True)
        ]
        return torch.cat([step.flatten() for step in steps]) if steps else update
