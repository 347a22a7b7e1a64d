"""Batch-invariant linear layers: each row of the result is independent of the other rows, bit for bit."""

from __future__ import annotations

import math

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from audiocodec.backends.fixed_shapes import BLOCK_FRAMES
from audiocodec.model.nn.lapped import FixedLinear

# x86 kernels process rows in groups of 4, 6, 12, 16 or 48 and treat the remainder differently: multiples of 12 leave
# no remainder, or one that rounds identically, with SSE, AVX2 and AVX-512.
ROWS = 12
OTHERS = (2 * BLOCK_FRAMES, BLOCK_FRAMES, 4, 1)  # faster where they are batch-invariant too


class RowwiseLinear(nn.Module):
    """A linear layer whose products have one of a few fixed numbers of rows, padded with zeros.

    Products of other shapes may round differently. When the layer is created, it verifies for which sizes the result
    of a row does not depend on its position, on this machine.

    Args:
        linear: the layer whose parameters it uses.

    Attributes:
        sizes: rows of a product, largest first. (1,) if not even `ROWS` is batch-invariant: slower, but just as exact.
    """

    def __init__(self, linear: nn.Linear | FixedLinear) -> None:
        super().__init__()
        self.weight, self.bias = linear.weight, linear.bias
        self.weight.data = (
            self.weight.data.t().contiguous().t()
        )  # contiguous along its rows: a quarter faster for few rows
        with torch.inference_mode():
            self.sizes = self._alike()

    def forward(self, x: Tensor) -> Tensor:
        """x: "... d_in" -> "... d_out"."""
        rows = x.reshape(math.prod(x.shape[:-1]), x.shape[-1])
        count = rows.shape[0]
        y = self._product(rows) if count in self.sizes else self._in_pieces(rows, count)
        return y.reshape(*x.shape[:-1], y.shape[-1])

    def _product(self, rows: Tensor) -> Tensor:
        return F.linear(rows, self.weight, self.bias)

    def _in_pieces(self, rows: Tensor, count: int) -> Tensor:
        done, parts = 0, []
        for size in self.sizes:
            while count - done >= size:
                parts.append(self._product(rows[done : done + size]))
                done += size
        left = count - done
        if left or not parts:
            parts.append(self._product(F.pad(rows[done:], (0, 0, 0, self.sizes[-1] - left)))[:left])
        return parts[0] if len(parts) == 1 else torch.cat(parts)

    def _alike(self) -> tuple[int, ...]:
        rows = torch.randn(max(OTHERS), self.weight.shape[1], generator=torch.Generator().manual_seed(0))
        wanted = self._in_tiles(rows, ROWS)
        for turn in range(1, ROWS):  # each row in every position
            if not torch.equal(self._in_tiles(rows.roll(turn, 0), ROWS).roll(-turn, 0), wanted):
                return (1,)
        alike = [size for size in OTHERS if torch.equal(self._in_tiles(rows, size), wanted)]
        return tuple(sorted([ROWS, *alike], reverse=True))

    def _in_tiles(self, rows: Tensor, size: int) -> Tensor:
        return torch.cat([self._product(tile) for tile in torch.split(rows, size)])


def make_rowwise(module: nn.Module) -> None:
    """Replace each linear layer in a module by a `RowwiseLinear` of the same parameters."""
    for parent in list(module.modules()):
        for name, child in parent.named_children():
            if isinstance(child, (nn.Linear, FixedLinear)):
                setattr(parent, name, RowwiseLinear(child))
