"""A sequence of layers, with their states in a tuple."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from torch import Tensor, nn


class Chain(nn.Module):
    """Runs stateful layers in order.

    Args:
        layers: modules `(x, state) -> (y, state)`.
    """

    def __init__(self, layers: Sequence[nn.Module]) -> None:
        super().__init__()
        self.layers = nn.ModuleList(layers)

    def forward(self, x: Tensor, state: tuple[Any, ...] | None = None) -> tuple[Tensor, tuple[Any, ...]]:
        """x through all layers; state: one entry per layer, None at the start of a stream."""
        states = state if state is not None else (None,) * len(self.layers)
        new_states = []
        for layer, layer_state in zip(self.layers, states, strict=True):
            x, layer_state = layer(x, layer_state)
            new_states.append(layer_state)
        return x, tuple(new_states)
