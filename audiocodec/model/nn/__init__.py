"""Causal building blocks. Every layer is `(x, state) -> (y, state)` on "b t d" tensors.

`audiocodec.model.plan.KINDS` lists them; each is an attribute of this package, too.
"""

from importlib import import_module
from typing import Any

from torch import nn

from audiocodec.model.plan import KINDS, Layer


def __getattr__(name: str) -> Any:
    if name in KINDS:
        return getattr(import_module(KINDS[name].module), name)
    raise AttributeError(f"module 'audiocodec.model.nn' has no attribute {name!r}")


def make(layer: Layer) -> nn.Module:
    """A layer of a plan, with random weights."""
    made: nn.Module = __getattr__(layer.kind)(**layer.arguments)
    return made
