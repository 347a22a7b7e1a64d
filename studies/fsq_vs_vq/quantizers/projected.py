"""Any quantizer behind linear projections, in fewer dimensions than the latents."""

from __future__ import annotations

from collections.abc import Callable

import torch
from einops import rearrange
from torch import Tensor, nn

from audiocodec.model.quantize.base import Quantizer, QuantizeResult, in_float32


class Projected(Quantizer):
    """Projects latents to the dimensions of another quantizer, and its values back.

    See the factorized codes of [Yu et al., 2021](https://arxiv.org/abs/2110.04627). All codebooks
    share the two projections; `ResidualFSQ` has a pair for each.

    Args:
        dim: size of the latent vector.
        stage: makes the quantizer in between.

    Example:
        >>> import torch
        >>> from quantizers import NestedFSQ, Projected
        >>> quantizer = Projected(16, lambda: NestedFSQ([4, 4, 4], num_codebooks=3)).eval()
        >>> quantizer.encode(torch.randn(1, 16, 10), num_codebooks=2).shape
        torch.Size([1, 2, 10])
    """

    def __init__(self, dim: int, stage: Callable[[], Quantizer]) -> None:
        super().__init__()
        self.inner = stage()
        self.dim, self.codebook_size, self.num_codebooks = dim, self.inner.codebook_size, self.inner.num_codebooks
        self.dropout = self.inner.dropout
        self.project_in = nn.Linear(dim, self.inner.dim)
        self.project_out = nn.Linear(self.inner.dim, dim)

    def _in(self, latents: Tensor) -> Tensor:
        return rearrange(self.project_in(rearrange(latents.float(), "b d t -> b t d")), "b t d -> b d t")

    def _out(self, quantized: Tensor) -> Tensor:
        return rearrange(self.project_out(rearrange(quantized, "b d t -> b t d")), "b t d -> b d t")

    def forward(self, latents: Tensor, num_codebooks: int | Tensor | None = None) -> QuantizeResult:
        """See `Quantizer.forward`."""
        with torch.autocast(latents.device.type, enabled=False):
            result = self.inner(self._in(latents), num_codebooks)
            return QuantizeResult(self._out(result.quantized), result.codes, result.loss)

    @in_float32
    def encode(self, latents: Tensor, num_codebooks: int | None = None) -> Tensor:
        """See `Quantizer.encode`."""
        return self.inner.encode(self._in(latents), num_codebooks)

    @in_float32
    def decode(self, codes: Tensor) -> Tensor:
        """See `Quantizer.decode`."""
        return self._out(self.inner.decode(codes))
