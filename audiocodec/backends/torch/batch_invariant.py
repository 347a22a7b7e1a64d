"""Linear layers that compute each row alike, whatever other rows there are."""

from __future__ import annotations

import math

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from audiocodec.backends.fixed_shapes import BLOCK_FRAMES
from audiocodec.model.nn.lapped import FixedLinear

# Kernels for x86 take rows in groups of 4, 6, 12, 16 or 48 and treat those left over differently: multiples of 12 leave
# none over, or leave them over in a way that rounds alike, with SSE, AVX2 and AVX-512.
ROWS = 12
OTHERS = (2 * BLOCK_FRAMES, BLOCK_FRAMES, 4, 1)  # faster where they are alike too


class RowwiseLinear(nn.Module):
    """A linear layer whose products always have the same few numbers of rows, zeros standing where there are fewer.

    Products of other shapes may round differently. Which sizes compute a row alike on this machine, wherever it
    stands in them, is tried out when the layer is made.

    Args:
        linear: whose parameters it takes.

    Attributes:
        sizes: rows of a product, largest first. (1,) where not even `ROWS` are alike: slower, and as exact.
    """

    def __init__(self, linear: nn.Linear | FixedLinear) -> None:
        super().__init__()
        self.weight, self.bias = linear.weight, linear.bias
        self.weight.data = self.weight.data.t().contiguous().t()  # read along its rows: a quarter faster for few rows
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
        for turn in range(1, ROWS):  # each row in every place
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
