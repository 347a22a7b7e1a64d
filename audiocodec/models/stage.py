"""What an encoder or decoder is made of, for those who feed it a little at a time."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from torch import Tensor, nn

from audiocodec.nn import Chain

Run = Callable[[Tensor, Any], tuple[Tensor, Any]]


@dataclass(frozen=True)
class Stage:
    """The layers of a network whose matrix products run at one rate.

    Attributes:
        run: (x "b t dim", state) -> (y "b (t rate) e", state); state None: silence before the first step.
        dim: channels in.
        steps: of x in a frame of the whole network.
        rows: of each matrix product in a frame.
    """

    run: Run
    dim: int
    steps: int
    rows: int


def cut(layers: Sequence[nn.Module], starts: Sequence[int]) -> list[Chain]:
    """A chain cut in front of the layers at `starts`."""
    return [Chain(layers[a:b]) for a, b in zip(starts, [*starts[1:], len(layers)], strict=True)]
