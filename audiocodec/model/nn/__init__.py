"""Causal building blocks. Every layer is `(x, state) -> (y, state)` on "b t d" tensors.

`audiocodec.model.plan.KINDS` lists them.
"""

from importlib import import_module

from torch import nn

from audiocodec.model.plan import KINDS, Layer


def make(layer: Layer) -> nn.Module:
    """A layer of a plan, with random weights."""
    made: nn.Module = getattr(import_module(KINDS[layer.kind].module), layer.kind)(**layer.arguments)
    return made
