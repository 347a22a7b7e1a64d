"""No quantization: the upper bound to measure the others against."""

from __future__ import annotations

from torch import Tensor

from audiocodec.errors import ConfigError
from audiocodec.model.quantize.base import Quantizer, QuantizeResult


class NoQuantizer(Quantizer):
    """Passes latents through. It has no codes, so it trains but cannot encode.

    Args:
        dim: size of the latent vector.
    """

    def __init__(self, dim: int) -> None:
        super().__init__()
        self.dim, self.codebook_size, self.num_codebooks = dim, 0, 0

    def forward(self, latents: Tensor, num_codebooks: int | Tensor | None = None) -> QuantizeResult:
        """See `Quantizer.forward`; codes are "b 0 t"."""
        codes = latents.new_zeros(latents.shape[0], 0, latents.shape[-1]).long()
        return QuantizeResult(latents, codes, latents.new_zeros(()))

    def encode(self, latents: Tensor, num_codebooks: int | None = None) -> Tensor:
        """Raises: ConfigError, always."""
        raise ConfigError("a codec without quantizer has no codes; build it with ResidualFSQ, say")

    def decode(self, codes: Tensor) -> Tensor:
        """Raises: ConfigError, always."""
        raise ConfigError("a codec without quantizer has no codes; build it with ResidualFSQ, say")
